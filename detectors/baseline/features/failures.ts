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
import type { Day, Feature, Own } from "../feature.ts";
import { firstsIn, MOST_FIRSTS, tellFirst } from "../firsts.ts";
import { commonMode } from "../population.ts";
import { addBurst, BURST_SUMS, greatestBurst } from "../bursts.ts";
import { interval } from "../wording.ts";

const NAME = "failures";
const BURST = "failure burst";
const ASSUMED = { rate: 0.02, worth: 400, per: "event" } as const;
const PRIOR = { pseudo: 60, unit: 20 } as const;
/** Numbers of the day: failures, times of the first ones, and by ten minutes. */
const SUMS = 2 + BURST_SUMS;
const NOTHING = new Float32Array(COUNT_MEMORY);

function model(day: Day, { memory, sums }: Own) {
  const peers = day.peers.count(NAME, ASSUMED);
  const common = commonMode(day, {
    what: NAME,
    rate: peers.rate * day.expected,
    own: firstsIn(day.window.sums[sums + 1] as number),
  });
  return predictCount(day.state.models, memory, peers, {
    ...PRIOR,
    exposure: day.exposure * common,
  });
}

/** The worst ten minutes, as peers know them. */
const burstModel = (day: Day) =>
  predictCount(NOTHING, 0, day.peers.count(BURST, { rate: 0.3, worth: 20, per: "n" }), {
    pseudo: 1,
    unit: 1,
    exposure: 1,
  });

function counted(day: Day, { memory, sums }: Own): CountDay {
  const predicted = predictCount(day.state.models, memory, day.peers.count(NAME, ASSUMED), {
    ...PRIOR,
    exposure: Math.min(2000, day.window.count),
  });
  const count = tamed(day.window.sums[sums] as number, predicted);
  return { count, exposure: Math.min(2000, day.window.count), mean: predicted.mean };
}

/** More failures than so many events have, or more within ten minutes than peers have. */
export const failures: Feature = {
  name: NAME,
  stream: "failures",
  memory: COUNT_MEMORY,
  sums: SUMS,
  note(look, { sums }) {
    if (!look.failed) return false;
    const numbers = look.window.sums;
    numbers[sums] = (numbers[sums] as number) + look.weight;
    const packed = numbers[sums + 1] as number;
    numbers[sums + 1] = tellFirst(look, NAME, { packed, most: MOST_FIRSTS });
    addBurst(numbers, sums + 2, look.minute, look.weight);
    return true;
  },
  surprise(day, own) {
    const { sums } = own;
    const count = day.window.sums[sums] as number;
    if (count === 0) return 0;
    const all = countSurprise(count, model(day, own));
    const burst = countSurprise(greatestBurst(day.window.sums, sums + 2, 1), burstModel(day));
    return nats(anyOf(Math.exp(-Math.max(all, burst)), 2));
  },
  learn(day, own, weight) {
    learnCount(day.state.models, own.memory, counted(day, own), weight);
  },
  teach(day, own, teach) {
    teachCount(teach, NAME, counted(day, own));
    const burst = Math.min(30, greatestBurst(day.window.sums, own.sums + 2, 1));
    teach(`${BURST}|x`, burst);
  },
  describe: (day, own) => ({
    observed: `${day.window.sums[own.sums]} failures, ${greatestBurst(day.window.sums, own.sums + 2, 1)} within ten minutes`,
    expected: interval(model(day, own)),
  }),
};
