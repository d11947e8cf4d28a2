import { mean, sampleStandardDeviation } from "simple-statistics";

/** A figure with the bounds of its 95 % interval. */
export interface Estimate {
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** t quantiles at .975 by degrees of freedom 1, 2, …; 1.96 beyond. */
const T975 = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228];
const tQuantile = (degrees: number): number => T975[degrees - 1] ?? 1.96;

const nowhere: Estimate = { value: Number.NaN, low: Number.NaN, high: Number.NaN };

/**
 * Mean over seeds with Student's interval, cut to `range`; a single seed has no interval (NaN bounds).
 */
export function meanOverSeeds(
  values: readonly number[],
  [least, most]: readonly [number, number] = [0, Number.POSITIVE_INFINITY],
): Estimate {
  const known = values.filter((value) => !Number.isNaN(value));
  if (known.length === 0) return nowhere;
  const value = mean([...known]);
  if (known.length === 1) return { ...nowhere, value };
  const reach =
    (tQuantile(known.length - 1) * sampleStandardDeviation([...known])) / Math.sqrt(known.length);
  return { value, low: Math.max(least, value - reach), high: Math.min(most, value + reach) };
}

export interface Share {
  readonly found: number;
  readonly total: number;
}

/**
 * Share pooled over seeds, with the interval of a ratio estimator whose clusters are the seeds
 * (Cochran, Sampling Techniques, 3rd ed., 6.3), Student's t; bounds within [0, 1].
 */
export function shareOverSeeds(shares: readonly Share[]): Estimate & Share {
  const found = shares.reduce((sum, share) => sum + share.found, 0);
  const total = shares.reduce((sum, share) => sum + share.total, 0);
  const value = found / total;
  if (shares.length < 2 || total === 0) return { ...nowhere, value, found, total };
  const squares = shares.reduce((sum, one) => sum + (one.found - value * one.total) ** 2, 0);
  const k = shares.length;
  const reach = (tQuantile(k - 1) * Math.sqrt((squares * k) / (k - 1))) / total;
  return { value, low: Math.max(0, value - reach), high: Math.min(1, value + reach), found, total };
}

/** How often something happened among `n` chances, and in which cluster each chance lies. */
export interface Chance {
  readonly hit: boolean;
  /** Keys of the clusters it lies in, one per way of clustering. */
  readonly clusters: readonly string[];
}

/**
 * Observed rate ÷ nominal rate with a 95 % interval that allows for clusters: the design effect is
 * the largest over the ways of clustering (at least 1), the interval Byar's approximation of the
 * exact Poisson one (Breslow & Day 1987, 2.3) on counts divided by it, as Korn & Graubard (1998) do.
 */
export function observedOverNominal(
  chances: readonly Chance[],
  nominal: number,
): Estimate & { readonly hits: number; readonly n: number } {
  const n = chances.length;
  const hits = chances.filter((chance) => chance.hit).length;
  const ways = chances[0]?.clusters.length ?? 0;
  const effects = Array.from({ length: ways }, (_, way) => designEffect(chances, way));
  const effect = Math.max(1, ...effects);
  const [low, high] = poissonBounds(hits / effect);
  const scale = 1 / (n * nominal);
  return { value: hits * scale, low: low * effect * scale, high: high * effect * scale, hits, n };
}

/** Variance between clusters of the hits ÷ the variance of independent ones. */
function designEffect(chances: readonly Chance[], way: number): number {
  const rate = chances.filter((chance) => chance.hit).length / chances.length;
  const clusters = new Map<string, number>();
  for (const { hit, clusters: keys } of chances) {
    const key = keys[way] as string;
    clusters.set(key, (clusters.get(key) ?? 0) + Number(hit) - rate);
  }
  if (rate === 0 || rate === 1 || clusters.size < 2) return 1;
  let between = 0;
  for (const excess of clusters.values()) between += excess ** 2;
  return (between * clusters.size) / (clusters.size - 1) / (chances.length * rate * (1 - rate));
}

function poissonBounds(count: number): readonly [number, number] {
  const z = 1.96;
  const bound = (k: number, side: number): number =>
    k * Math.max(0, 1 - 1 / (9 * k) + (side * z) / (3 * Math.sqrt(k))) ** 3;
  return [count === 0 ? 0 : bound(count, -1), bound(count + 1, 1)];
}
