import {
  learnMagnitude,
  MAGNITUDE_MEMORY,
  type MagnitudeModel,
  magnitudeSurprise,
  type PeerMagnitude,
  predictMagnitude,
  tamedMagnitude,
} from "../magnitudes.ts";
import type { Day, Feature, Line } from "../feature.ts";
import type { StreamName } from "../streams.ts";
import { logInterval, megabytes } from "../wording.ts";
import { distinctTargets, TARGET_SUMS, noteTarget } from "../targets.ts";

/** A log magnitude of a day against its exposure. */
interface Measure {
  readonly name: string;
  readonly stream: StreamName;
  readonly sums: number;
  readonly assumed: PeerMagnitude;
  /** Power of the exposure that the magnitude grows with. */
  readonly power: number;
  note?: Feature["note"];
  /** Undecided (0) where there is nothing to measure. */
  amount(day: Day, sums: number): number;
  describe(day: Day, amount: number, model: MagnitudeModel, shift: number): Line;
}

function magnitude(measure: Measure): Feature {
  const { name, power, assumed } = measure;
  const model = (day: Day, memory: number): MagnitudeModel =>
    predictMagnitude(day.state.models, memory, day.peers.magnitude(name, assumed));
  // A closed day is measured by its own events, an open one by those still to come as well.
  const shift = (day: Day): number => power * Math.log(day.exposure);
  return {
    name,
    stream: measure.stream,
    memory: MAGNITUDE_MEMORY,
    sums: measure.sums,
    ...(measure.note === undefined ? {} : { note: measure.note }),
    surprise(day, { memory, sums }) {
      const amount = measure.amount(day, sums);
      if (amount <= 0) return 0;
      const predicted = model(day, memory);
      const value = Math.log1p(amount) - shift(day);
      if (!day.closing && value <= predicted.mean) return 0;
      return magnitudeSurprise(value, predicted);
    },
    learn(day, { memory, sums }, weight) {
      const amount = measure.amount(day, sums);
      if (amount <= 0) return;
      const value = tamedMagnitude(Math.log1p(amount) - shift(day), model(day, memory));
      learnMagnitude(day.state.models, memory, value, weight);
    },
    teach(day, { sums }, teach) {
      const amount = measure.amount(day, sums);
      if (amount <= 0) return;
      const value = Math.log1p(amount) - shift(day);
      teach(`${name}|n`, 1);
      teach(`${name}|1`, value);
      teach(`${name}|2`, value * value);
    },
    describe: (day, { memory, sums }) =>
      measure.describe(day, measure.amount(day, sums), model(day, memory), shift(day)),
  };
}

const inMegabytes: Measure["describe"] = (_, amount, model, shift) => {
  const [low, high] = logInterval(model, shift);
  return { observed: megabytes(amount), expected: `${megabytes(low)} to ${megabytes(high)}` };
};

/** Bytes moved both ways. */
export const bytes = magnitude({
  name: "bytes",
  stream: "bytes",
  sums: 0,
  assumed: { mean: 9, variance: 4 },
  power: 1,
  amount: (day) => day.window.bytes,
  describe: inMegabytes,
});

/** Bytes sent away. */
export const upload = magnitude({
  name: "upload",
  stream: "bytes",
  sums: 0,
  assumed: { mean: 10, variance: 4 },
  power: 0.5,
  amount: (day) => day.window.upload,
  describe: inMegabytes,
});

/** Distinct hosts, shares, sites and services. */
export const targets = magnitude({
  name: "distinct targets",
  stream: "volume",
  sums: TARGET_SUMS,
  assumed: { mean: 0, variance: 0.5 },
  power: 0.6,
  note(look, { sums }) {
    noteTarget(look, sums);
    return false;
  },
  amount: (day, sums) => distinctTargets(day.window.sums, sums),
  describe(_, amount, model, shift) {
    const [low, high] = logInterval(model, shift);
    return {
      observed: `about ${Math.round(amount)} distinct hosts, shares, sites and services`,
      expected: `${Math.round(low)} to ${Math.round(high)}`,
    };
  },
});
