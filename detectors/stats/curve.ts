/**
 * Empirical tail of a surprise, from a histogram of counts: what share of entity-days was at least
 * this odd. Bins are 0 | .05 wide to 8 | .25 to 20 | 1 to 60 | above.
 */
const FINE = 160;
const MIDDLE = 48;
const COARSE = 40;
export const CURVE_BINS = 1 + FINE + MIDDLE + COARSE + 1;

export function curveBin(x: number): number {
  if (!(x > 0)) return 0;
  if (x < 8) return 1 + Math.floor(x * 20);
  if (x < 20) return 1 + FINE + Math.floor((x - 8) * 4);
  if (x < 60) return 1 + FINE + MIDDLE + Math.floor(x - 20);
  return CURVE_BINS - 1;
}

const leftEdge = (bin: number): number => {
  if (bin <= 0) return 0;
  if (bin <= FINE + 1) return (bin - 1) / 20;
  if (bin <= FINE + MIDDLE + 1) return 8 + (bin - 1 - FINE) / 4;
  return 20 + (bin - 1 - FINE - MIDDLE);
};

export interface Curve {
  /** P(X ≥ x), 0 < p ≤ 1. At x = 0 half of the zeros count. */
  tail(x: number): number;
  /** Entity-days behind it. */
  readonly weight: number;
}

/** Least entity-days beyond a point for the counts to speak for themselves. */
const TAIL_DAYS = 6;
const LEAST = 1e-12;

/** Between edges the logarithm of a tail is a line. */
function interpolated(tailAt: (bin: number) => number): (x: number) => number {
  // Of each edge the logarithm, NaN until asked for: a curve is read far more often than made.
  const logs = new Float64Array(CURVE_BINS + 1).fill(Number.NaN);
  const logAt = (bin: number): number => {
    const known = logs[bin] as number;
    if (!Number.isNaN(known)) return known;
    const log = Math.log(Math.max(LEAST, tailAt(bin)));
    logs[bin] = log;
    return log;
  };
  return (x) => {
    const bin = curveBin(x);
    const low = leftEdge(bin);
    const high = leftEdge(bin + 1);
    const from = logAt(bin);
    return Math.exp(from + ((x - low) / (high - low)) * (logAt(bin + 1) - from));
  };
}

function aboveOf(counts: ArrayLike<number>): Float64Array {
  const above = new Float64Array(CURVE_BINS + 1);
  for (let bin = CURVE_BINS - 1; bin >= 0; bin--) {
    above[bin] = (above[bin + 1] as number) + (counts[bin] ?? 0);
  }
  return above;
}

/**
 * Counts speak up to the 99.8 % point, beyond it an exponential with the mean excess there (a
 * generalised Pareto tail with shape 0: Pickands 1975).
 * @param counts entity-days by bin
 * @param prior assumed tail, worth `priorDays` entity-days
 */
export function curve(
  counts: ArrayLike<number>,
  prior: (x: number) => number,
  priorDays: number,
): Curve {
  const above = aboveOf(counts);
  const weight = above[0] as number;
  const total = weight + priorDays;
  let last = CURVE_BINS - 1;
  while (last > 1 && (above[last] as number) < Math.max(TAIL_DAYS, weight * 0.002)) last--;
  const start = leftEdge(last);
  let excess = 0;
  for (let bin = last; bin < CURVE_BINS; bin++) {
    excess += (counts[bin] ?? 0) * ((leftEdge(bin) + leftEdge(bin + 1)) / 2 - start);
  }
  // Shrunk to an exponential tail of 1.
  const mean = (excess + 2 * TAIL_DAYS) / ((above[last] as number) + 2 * TAIL_DAYS);
  const atEdge = (bin: number): number =>
    ((above[bin] as number) + priorDays * prior(leftEdge(bin))) / total;
  const beyond = atEdge(last);
  const within = interpolated(atEdge);
  return {
    weight,
    tail(x) {
      if (!(x > 0)) return Math.max(LEAST, (1 + atEdge(1)) / 2);
      if (x >= start && last > 1) return Math.max(LEAST, beyond * Math.exp(-(x - start) / mean));
      return within(x);
    },
  };
}

/** Tail at which the slow curve takes over from the fast one. */
const JOINT = 0.05;
/** Entity-days that the slow curve is worth against the fast one's. */
const SLOW_DAYS = 200;

/**
 * The body of a curve that forgets in days, which keeps it uniform, with the tail of one that forgets
 * in weeks, which has enough days to know it; joined at the fast one's 5 % point.
 */
export function joined(slow: Curve, fastCounts: ArrayLike<number>): Curve {
  const above = aboveOf(fastCounts);
  const weight = above[0] as number;
  const atEdge = (bin: number): number =>
    ((above[bin] as number) + SLOW_DAYS * slow.tail(Math.max(1e-9, leftEdge(bin)))) /
    (weight + SLOW_DAYS);
  const body = interpolated(atEdge);
  let joint = 1;
  while (joint < CURVE_BINS - 1 && atEdge(joint) > JOINT) joint++;
  const edge = leftEdge(joint);
  const at = atEdge(joint);
  const ratio = Math.min(1.6, Math.max(0.6, at / slow.tail(edge)));
  const zero = (1 + atEdge(1)) / 2;
  return {
    weight: slow.weight,
    tail(x) {
      if (!(x > 0)) return zero;
      return x < edge ? body(x) : Math.max(LEAST, Math.min(at, slow.tail(x) * ratio));
    },
  };
}
