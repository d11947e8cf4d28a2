import { negativeBinomialMidTail, negativeBinomialTail } from "../stats/tails.ts";

/** Half-life of learned counts and magnitudes: 30 active days. */
export const KEEP = 2 ** (-1 / 30);

/** −ln p, bounded so that one feature can never be infinite. */
export const nats = (p: number): number => Math.min(40, -Math.log(Math.max(1e-17, p)));

/** P(at least one of `n` tries is this odd), exact for tiny p. */
export const anyOf = (p: number, n: number): number =>
  p >= 1 || n <= 1 ? Math.min(1, p) : -Math.expm1(n * Math.log1p(-p));

/** What peers say of a count: its rate per unit of exposure and its spread. */
export interface PeerCount {
  readonly rate: number;
  /** Mean numerator and denominator of the ratio estimator of over-dispersion. */
  readonly a: number;
  readonly b: number;
}

/** How an entity's own counts are weighed against its peers'. */
export interface CountPrior {
  /** Exposure that the peers' rate is worth: days, or events where exposure counts events. */
  readonly pseudo: number;
  /** Exposure of a usual day: 1, or about 20 where exposure counts events. */
  readonly unit: number;
}

/** Negative binomial of a count: mean and size k (variance mean + mean²/k). */
export interface CountModel {
  mean: number;
  size: number;
}

/** A count model in memory takes four numbers: weight, sum, dispersion numerator and denominator. */
export const COUNT_MEMORY = 4;

/**
 * Predictive negative binomial of a count. The spread adds the uncertainty of the rate (1/shape of
 * its gamma posterior) and of a short history to the over-dispersion, shrunk to the peers' by 25 days.
 */
export function predictCount(
  models: Float32Array,
  at: number,
  peers: PeerCount,
  prior: CountPrior & { readonly exposure: number },
): CountModel {
  const weight = models[at] as number;
  const sum = (models[at + 1] as number) + prior.pseudo * peers.rate;
  const mean = (sum / (weight + prior.pseudo)) * prior.exposure;
  const over = Math.max(
    0.02,
    ((models[at + 2] as number) + 25 * peers.a) / ((models[at + 3] as number) + 25 * peers.b),
  );
  const spread = over + 1 / Math.max(0.3, sum) + over / (weight / prior.unit + 4);
  return { mean: Math.max(1e-4, mean), size: 1 / spread };
}

/** −ln mid-p of seeing this many or more; 0 when nothing happened. */
export const countSurprise = (count: number, model: CountModel): number =>
  count <= 0 ? 0 : nats(negativeBinomialMidTail(count, model.mean, model.size));

/** P(X ≥ count), with the closed form for one. */
export const atLeast = (count: number, mean: number, size: number): number =>
  count === 1
    ? -Math.expm1(-size * Math.log1p(mean / size))
    : negativeBinomialTail(count, mean, size);

/** What a day's count may teach: a flood counts as five deviations at most. */
export const tamed = (count: number, { mean, size }: CountModel): number =>
  Math.min(count, mean + 5 * Math.sqrt(mean + (mean * mean) / size) + 3);

/** One day's part of the ratio estimator of over-dispersion [(x − m)² − m] / m², each day alike. */
const apart = (count: number, mean: number): number =>
  Math.min(100, Math.max(-1, ((count - mean) ** 2 - mean) / (mean * mean + 1)));
const base = (mean: number): number => (mean * mean) / (mean * mean + 1);

export interface CountDay {
  readonly count: number;
  readonly exposure: number;
  /** What was expected of this exposure. */
  readonly mean: number;
}

/** Adds a day to the four numbers at `at`, with weight 0–1. */
export function learnCount(models: Float32Array, at: number, day: CountDay, weight: number): void {
  const { count, exposure, mean } = day;
  const add = (index: number, amount: number): void => {
    models[at + index] = (models[at + index] as number) * KEEP + weight * amount;
  };
  add(0, exposure);
  add(1, count);
  add(2, apart(count, mean));
  add(3, base(mean));
}

/** Teaches peers a day's count and how far it lay from what was expected. */
export function teachCount(
  teach: (what: string, amount: number) => void,
  name: string,
  { count, mean }: CountDay,
): void {
  teach(`${name}|x`, count);
  teach(`${name}|a`, apart(count, mean));
  teach(`${name}|b`, base(mean));
}
