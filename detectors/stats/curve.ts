/**
 * Empirical tail of a surprise, from a histogram of integer counts: what share of entity-days was at
 * least this odd. Bins are 0 | .1 wide to 4 | .25 to 12 | 1 to 40 | above.
 */
export const CURVE_BINS = 102;

export function curveBin(x: number): number {
  if (!(x > 0)) return 0;
  if (x < 4) return 1 + Math.floor(x * 10);
  if (x < 12) return 41 + Math.floor((x - 4) * 4);
  if (x < 40) return 73 + Math.floor(x - 12);
  return 101;
}

const leftEdge = (bin: number): number => {
  if (bin <= 0) return 0;
  if (bin <= 41) return (bin - 1) / 10;
  if (bin <= 73) return 4 + (bin - 41) / 4;
  return 12 + (bin - 73);
};

export interface Curve {
  /** P(X ≥ x), 0 < p ≤ 1. At x = 0 half of the zeros count. */
  tail(x: number): number;
  /** Entity-days behind it. */
  readonly weight: number;
}

/** Least entity-days beyond a point for the counts to speak for themselves. */
const TAIL_DAYS = 6;

/**
 * @param counts entity-days by bin
 * @param prior assumed tail, worth `priorDays` entity-days
 */
export function curve(
  counts: ArrayLike<number>,
  prior: (x: number) => number,
  priorDays: number,
): Curve {
  const above = new Float64Array(CURVE_BINS + 1);
  for (let bin = CURVE_BINS - 1; bin >= 0; bin--) {
    above[bin] = (above[bin + 1] as number) + (counts[bin] ?? 0);
  }
  const weight = above[0] as number;
  const total = weight + priorDays;
  let last = CURVE_BINS - 1;
  while (last > 1 && (above[last] as number) < Math.max(TAIL_DAYS, weight * 0.002)) last--;
  const start = leftEdge(last);
  let excess = 0;
  for (let bin = last; bin < CURVE_BINS; bin++) {
    excess += (counts[bin] ?? 0) * ((leftEdge(bin) + leftEdge(bin + 1)) / 2 - start);
  }
  // Mean excess over the last well-known point, shrunk to an exponential tail of 1.
  const mean = (excess + 2 * TAIL_DAYS) / ((above[last] as number) + 2 * TAIL_DAYS);
  const atEdge = (bin: number): number =>
    ((above[bin] as number) + priorDays * prior(leftEdge(bin))) / total;
  const beyond = atEdge(last);
  // Of each edge the logarithm, NaN until asked for: a curve is read far more often than made.
  const logs = new Float64Array(CURVE_BINS + 1).fill(Number.NaN);
  const logAt = (bin: number): number => {
    const known = logs[bin] as number;
    if (!Number.isNaN(known)) return known;
    const log = Math.log(Math.max(1e-12, atEdge(bin)));
    logs[bin] = log;
    return log;
  };
  return {
    weight,
    tail(x) {
      if (!(x > 0)) return Math.max(1e-12, (1 + atEdge(1)) / 2);
      if (x >= start && last > 1) return Math.max(1e-12, beyond * Math.exp(-(x - start) / mean));
      const bin = curveBin(x);
      const low = leftEdge(bin);
      const high = leftEdge(bin + 1);
      const part = (x - low) / (high - low);
      const from = logAt(bin);
      const to = logAt(bin + 1);
      return Math.exp(from + part * (to - from));
    },
  };
}
