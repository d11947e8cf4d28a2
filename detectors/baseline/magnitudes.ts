import { studentTail } from "../stats/tails.ts";
import { KEEP, nats } from "./counts.ts";

/** What peers say of a magnitude on its logarithmic scale. */
export interface PeerMagnitude {
  readonly mean: number;
  readonly variance: number;
}

/** A magnitude in memory takes three numbers: weight, mean, variance. */
export const MAGNITUDE_MEMORY = 3;
/** Days (or events) that the peers' mean and variance are worth. */
const PSEUDO = 4;

export interface MagnitudeModel {
  readonly mean: number;
  readonly deviation: number;
  readonly degrees: number;
}

/** Student-t predictive of a log magnitude, mean and variance shrunk to the peers'. */
export function predictMagnitude(
  models: Float32Array,
  at: number,
  peers: PeerMagnitude,
): MagnitudeModel {
  const weight = models[at] as number;
  const shrunk = (own: number, prior: number): number =>
    (weight * own + PSEUDO * prior) / (weight + PSEUDO);
  const mean = shrunk(models[at + 1] as number, peers.mean);
  const apart = (models[at + 1] as number) - peers.mean;
  // Own days that lie apart from the peers widen the spread only as long as there are few of them.
  const between = weight > 0 ? (weight * PSEUDO * apart * apart) / (weight + PSEUDO) ** 3 : 0;
  const variance = shrunk(models[at + 2] as number, peers.variance) + between;
  return {
    mean,
    deviation: Math.sqrt(Math.max(0.05, variance) * (1 + 1 / (weight + PSEUDO))),
    degrees: Math.min(30, 3 + weight),
  };
}

export const magnitudeSurprise = (value: number, model: MagnitudeModel): number =>
  nats(studentTail((value - model.mean) / model.deviation, model.degrees));

/** Log magnitudes teach at most 2.5 deviations up; the variance is re-inflated for what that cuts. */
export const tamedMagnitude = (value: number, model: MagnitudeModel): number =>
  Math.min(value, model.mean + 2.5 * model.deviation);

/** Adds a value with weight 0–1 to the three numbers at `at`. */
export function learnMagnitude(
  models: Float32Array,
  at: number,
  value: number,
  weight: number,
): void {
  if (weight <= 0) return;
  const total = (models[at] as number) * KEEP + weight;
  const before = models[at + 1] as number;
  const after = before + ((value - before) * weight) / total;
  const spread = models[at + 2] as number;
  models[at] = total;
  models[at + 1] = after;
  models[at + 2] = spread + ((1.08 * (value - before) * (value - after) - spread) * weight) / total;
}
