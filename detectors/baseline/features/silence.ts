import { KEEP } from "../counts.ts";
import type { Day, Feature } from "../feature.ts";
import { CLASSES, classes } from "../fields.ts";
import { shareSeen } from "../population.ts";

/** Learned by day type: decayed days, days with each class of activity, events of each. */
const PER_TYPE = 1 + 2 * CLASSES;
/** Days by which a class must have been there on every one to be missed when it is not. */
const PRIOR = 1;
/** Below this a class is merely one that is not there every day. */
const LEAST = 1;

interface Silence {
  /** Classes that are missed. */
  readonly missing: readonly number[];
  readonly surprise: number;
}

/** What everyone misses today is a source that went silent, not an account. */
function isCommon(day: Day, index: number): boolean {
  const usual = day.peers.mean("silence", String(index), 0.5);
  return shareSeen(day.context, day.window.day, index) < usual / 2;
}

/** The classes of activity missed, each by how rarely a day goes without it. */
function missed(day: Day, memory: number): Silence {
  const { models } = day.state;
  const at = memory + PER_TYPE * day.type;
  const days = models[at] as number;
  const missing: number[] = [];
  let surprise = 0;
  for (let index = 0; index < CLASSES; index++) {
    if ((day.window.classes[index] as number) > 0) continue;
    const without = Math.max(0, days - (models[at + 1 + index] as number));
    const x = -Math.log((without + PRIOR) / (days + 2 * PRIOR));
    if (x < LEAST || isCommon(day, index)) continue;
    missing.push(index);
    surprise += x;
  }
  return { missing, surprise };
}

/** How much of what else it does the entity did, 0–1: a day off is quiet in everything. */
function liveliness(day: Day, memory: number, missing: readonly number[]): number {
  const { models } = day.state;
  const at = memory + PER_TYPE * day.type;
  let seen = 0;
  let usual = 0;
  for (let index = 0; index < CLASSES; index++) {
    if (missing.includes(index)) continue;
    seen += day.window.classes[index] as number;
    usual += (models[at + 1 + CLASSES + index] as number) / Math.max(1, models[at] as number);
  }
  return usual <= 0 ? 0 : Math.min(1, seen / usual);
}

/**
 * Activity that is always there and is not, while the entity does the rest as much as ever: a sensor
 * switched off. Known only when the day is over.
 */
export const silence: Feature = {
  name: "silence",
  stream: "silence",
  memory: 2 * PER_TYPE,
  sums: 0,
  surprise(day, { memory }) {
    if (!day.closing) return 0;
    const { missing, surprise } = missed(day, memory);
    return missing.length === 0 ? 0 : surprise * liveliness(day, memory, missing);
  },
  learn(day, { memory }, weight) {
    const { models } = day.state;
    const at = memory + PER_TYPE * day.type;
    const add = (index: number, amount: number): void => {
      models[at + index] = (models[at + index] as number) * KEEP + weight * amount;
    };
    add(0, 1);
    for (let index = 0; index < CLASSES; index++) {
      const count = day.window.classes[index] as number;
      add(1 + index, count > 0 ? 1 : 0);
      add(1 + CLASSES + index, Math.min(2000, count));
    }
  },
  teach(day, _own, teach) {
    for (let index = 0; index < CLASSES; index++) {
      if ((day.window.classes[index] as number) > 0) teach(`silence|${index}`, 1);
    }
  },
  describe(day, { memory }) {
    const { missing } = missed(day, memory);
    const what = missing.map((index) => classes[index]).join(", ") || "activity";
    return {
      observed: `no ${what} events on a day of ${day.window.count} others`,
      expected: `${what} events on nearly every active day`,
    };
  },
};
