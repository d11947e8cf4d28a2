import {
  anyOf,
  COUNT_MEMORY,
  type CountDay,
  countSurprise,
  learnCount,
  nats,
  predictCount,
  tamed,
  teachCount,
} from "../counts.ts";
import type { Day, Feature } from "../feature.ts";
import { CLASSES, classes } from "../fields.ts";
import { interval } from "../wording.ts";

const PRIOR = { pseudo: 60, unit: 20 } as const;
const ASSUMED = { rate: 1 / CLASSES, worth: 200, per: "event" } as const;
const names = classes.map((name) => `mix ${name}`);

const model = (day: Day, memory: number, index: number) =>
  predictCount(
    day.state.models,
    memory + COUNT_MEMORY * index,
    day.peers.count(names[index] as string, ASSUMED),
    { ...PRIOR, exposure: day.exposure },
  );

function oddest(day: Day, memory: number): { readonly index: number; readonly surprise: number } {
  let index = -1;
  let surprise = 0;
  for (let one = 0; one < CLASSES; one++) {
    const count = day.window.classes[one] as number;
    if (count === 0) continue;
    const predicted = model(day, memory, one);
    if (!day.closing && count <= predicted.mean) continue;
    const x = countSurprise(count, predicted);
    if (x <= surprise) continue;
    surprise = x;
    index = one;
  }
  return { index, surprise };
}

/** A class's day as it is learned; no day teaches with more than two thousand events. */
function counted(day: Day, memory: number, index: number): CountDay {
  const predicted = model(day, memory, index);
  const scale = Math.min(1, 2000 / day.window.count);
  const mean = (predicted.mean * day.window.count) / day.exposure;
  const count = tamed(day.window.classes[index] as number, { mean, size: predicted.size });
  return { count: count * scale, exposure: day.window.count * scale, mean: mean * scale };
}

/** One class of activity more than its share: a person who signs in all day, a robot that reads mail. */
export const activityMix: Feature = {
  name: "activity mix",
  stream: "activity mix",
  memory: COUNT_MEMORY * CLASSES,
  sums: 0,
  surprise(day, { memory }) {
    const { surprise } = oddest(day, memory);
    if (surprise <= 0) return 0;
    const active = day.window.classes.reduce((sum, count) => sum + (count > 0 ? 1 : 0), 0);
    return nats(anyOf(Math.exp(-surprise), active));
  },
  learn(day, { memory }, weight) {
    for (let index = 0; index < CLASSES; index++) {
      const at = memory + COUNT_MEMORY * index;
      learnCount(day.state.models, at, counted(day, memory, index), weight);
    }
  },
  teach(day, { memory }, teach) {
    for (let index = 0; index < CLASSES; index++) {
      const seen = counted(day, memory, index);
      if (seen.count > 0) teachCount(teach, names[index] as string, seen);
    }
  },
  describe(day, { memory }) {
    const { index } = oddest(day, memory);
    if (index < 0) return { observed: "an unusual mix of activity", expected: "the usual one" };
    return {
      observed: `${day.window.classes[index]} ${classes[index]} events of ${day.window.count}`,
      expected: interval(model(day, memory, index)),
    };
  },
};
