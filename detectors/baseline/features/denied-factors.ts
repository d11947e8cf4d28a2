import {
  anyOf,
  COUNT_MEMORY,
  countSurprise,
  learnCount,
  nats,
  predictCount,
  tamed,
} from "../counts.ts";
import { evidenceOf } from "../../detector.ts";
import { addBurst, BURST_SUMS, greatestBurst } from "../bursts.ts";
import { addEvidence } from "../evidence.ts";
import type { Day, Feature } from "../feature.ts";
import { firstsIn, tellFirst } from "../firsts.ts";
import { commonMode } from "../population.ts";
import { isDeniedFactor } from "../values.ts";

const NAME = "denied factors";
const BURST = "denied factor burst";
const TOLD = 3;
/** Numbers of the day: denials, times of the first ones, and by ten minutes. */
const SUMS = 2 + BURST_SUMS;
const ASSUMED = { rate: 0.03, worth: 20, per: "n" } as const;
const NOTHING = new Float32Array(COUNT_MEMORY);

const model = (day: Day, memory: number, common: number) =>
  predictCount(day.state.models, memory, day.peers.count(NAME, ASSUMED), {
    pseudo: 20,
    unit: 1,
    exposure: common,
  });
const burstModel = (day: Day) =>
  predictCount(NOTHING, 0, day.peers.count(BURST, ASSUMED), { pseudo: 1, unit: 1, exposure: 1 });

/** Second factors refused or left unanswered, over the day or within half an hour. */
export const deniedFactors: Feature = {
  name: NAME,
  stream: "failures from strange places",
  memory: COUNT_MEMORY,
  sums: SUMS,
  note(look, { sums }) {
    if (!look.failed || !isDeniedFactor(look.event)) return false;
    const numbers = look.window.sums;
    numbers[sums] = (numbers[sums] as number) + look.weight;
    const packed = numbers[sums + 1] as number;
    numbers[sums + 1] = tellFirst(look, NAME, { packed, most: TOLD });
    addBurst(numbers, sums + 2, look.minute, look.weight);
    addEvidence(look.window, 1, evidenceOf(look.event));
    return true;
  },
  surprise(day, { memory, sums }) {
    const count = day.window.sums[sums] as number;
    if (count === 0) return 0;
    const common = commonMode(day, {
      what: NAME,
      rate: day.peers.count(NAME, ASSUMED).rate,
      own: firstsIn(day.window.sums[sums + 1] as number),
    });
    const all = countSurprise(count, model(day, memory, common));
    const burst = countSurprise(greatestBurst(day.window.sums, sums + 2, 3), burstModel(day));
    return nats(anyOf(Math.exp(-Math.max(all, burst)), 2));
  },
  learn(day, { memory, sums }, weight) {
    const predicted = model(day, memory, 1);
    const count = tamed(day.window.sums[sums] as number, predicted);
    learnCount(day.state.models, memory, { count, exposure: 1, mean: predicted.mean }, weight);
  },
  teach(day, { memory, sums }, teach) {
    const predicted = model(day, memory, 1);
    const count = tamed(day.window.sums[sums] as number, predicted);
    teach(`${NAME}|x`, count);
    const burst = Math.min(20, greatestBurst(day.window.sums, sums + 2, 3));
    teach(`${BURST}|x`, burst);
  },
  describe: (day, { sums }) => ({
    observed: `${day.window.sums[sums]} second factors denied, ${greatestBurst(day.window.sums, sums + 2, 3)} within half an hour`,
    expected: "0",
  }),
};
