import { KEEP } from "../counts.ts";
import type { Day, Feature } from "../feature.ts";
import { CLASSES, classes } from "../fields.ts";
import { shareSeen } from "../population.ts";

/** Learned by day type: decayed days, and of them those with each class of activity. */
const PER_TYPE = 1 + CLASSES;
/** Days by which a class must have been there on every one to be missed when it is not. */
const PRIOR = 1;

/** Below this a class is merely one that is not there every day. */
const LEAST = 1.5;

interface Missed {
  readonly index: number;
  readonly surprise: number;
}

/** The class of activity missed most. */
function missed(day: Day, memory: number): Missed {
  const { models } = day.state;
  const at = memory + PER_TYPE * day.type;
  const days = models[at] as number;
  let found: Missed = { index: -1, surprise: 0 };
  for (let index = 0; index < CLASSES; index++) {
    if ((day.window.classes[index] as number) > 0) continue;
    const without = days - (models[at + 1 + index] as number);
    const surprise = -Math.log((Math.max(0, without) + PRIOR) / (days + 2 * PRIOR));
    if (surprise > found.surprise) found = { index, surprise };
  }
  return found;
}

/**
 * A class of activity that is always there and is not, while the entity does other things as much as
 * ever: a sensor switched off. Known only when the day is over.
 */
export const silence: Feature = {
  name: "silence",
  stream: "silence",
  memory: 2 * PER_TYPE,
  sums: 0,
  surprise(day, { memory }) {
    if (!day.closing || day.window.count < 3) return 0;
    const { index, surprise } = missed(day, memory);
    if (surprise < LEAST) return 0;
    // What everyone misses is a source that went silent, not an account.
    const usual = day.peers.mean("silence", String(index), 0.5);
    return shareSeen(day.context, day.window.day, index) < usual / 2 ? 0 : surprise;
  },
  learn(day, { memory }, weight) {
    const { models } = day.state;
    const at = memory + PER_TYPE * day.type;
    for (let index = 0; index < CLASSES; index++) {
      const there = (day.window.classes[index] as number) > 0 ? weight : 0;
      models[at + 1 + index] = (models[at + 1 + index] as number) * KEEP + there;
    }
    models[at] = (models[at] as number) * KEEP + weight;
  },
  teach(day, _own, teach) {
    for (let index = 0; index < CLASSES; index++) {
      if ((day.window.classes[index] as number) > 0) teach(`silence|${index}`, 1);
    }
  },
  describe(day, { memory }) {
    const { index } = missed(day, memory);
    const what = index < 0 ? "activity" : classes[index];
    return {
      observed: `no ${what} events on a day of ${day.window.count} others`,
      expected: `${what} events on nearly every active day`,
    };
  },
};
