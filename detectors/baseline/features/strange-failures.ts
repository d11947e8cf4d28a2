import { COUNT_MEMORY, countSurprise, learnCount, predictCount, tamed } from "../counts.ts";
import { evidenceOf } from "../../detector.ts";
import { hash32 } from "../../stats/hash.ts";
import type { Day, Feature } from "../feature.ts";
import { Field } from "../fields.ts";
import { addEvidence } from "../evidence.ts";
import { firstsIn, tellFirst } from "../firsts.ts";
import { commonMode } from "../population.ts";
import { isSpraying } from "../spraying.ts";
import { isNew } from "../strangeness.ts";

const NAME = "strange failures";
const TOLD = 3;
const NO_DEVICE = hash32("(none)", Field.device);
const ASSUMED = { rate: 0.03, worth: 20, per: "n" } as const;

function model(day: Day, memory: number, common: number) {
  const peers = day.peers.count(NAME, ASSUMED);
  return predictCount(day.state.models, memory, peers, { pseudo: 20, unit: 1, exposure: common });
}

const commonToday = (day: Day, sums: number): number =>
  commonMode(day, {
    what: NAME,
    rate: day.peers.count(NAME, ASSUMED).rate,
    own: firstsIn(day.window.sums[sums + 1] as number),
  });

/**
 * Failures from a device or network that is new to the account. One from an address that sprays is
 * the address's anomaly, not the account's.
 */
export const strangeFailures: Feature = {
  name: NAME,
  stream: "failures from strange places",
  memory: COUNT_MEMORY,
  sums: 2,
  judge(look, { sums }) {
    if (!look.failed) return false;
    const { window } = look;
    const strange =
      isNew(look, Field.network) ||
      (look.hashes[Field.device] !== NO_DEVICE && isNew(look, Field.device));
    if (!strange || isSpraying(look)) return false;
    window.sums[sums] = (window.sums[sums] as number) + look.weight;
    const packed = window.sums[sums + 1] as number;
    window.sums[sums + 1] = tellFirst(look, NAME, { packed, most: TOLD });
    addEvidence(window, 1, evidenceOf(look.event));
    return true;
  },
  surprise(day, { memory, sums }) {
    const count = day.window.sums[sums] as number;
    return count === 0 ? 0 : countSurprise(count, model(day, memory, commonToday(day, sums)));
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
  },
  describe: (day, { sums }) => ({
    observed: `${day.window.sums[sums]} failures from devices or networks new to the account`,
    expected: "0",
  }),
};
