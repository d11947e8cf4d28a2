import { gammaln } from "simple-statistics";

/** ln Γ(x), x > 0. */
export const lnGamma = (x: number): number => gammaln(x);

/** Continued fraction of the incomplete beta function (modified Lentz; Press et al., Numerical Recipes 6.4). */
function betaFraction(x: number, a: number, b: number): number {
  const tiny = 1e-300;
  let c = 1;
  let d = 1 - ((a + b) * x) / (a + 1);
  d = 1 / (Math.abs(d) < tiny ? tiny : d);
  let result = d;
  for (let m = 1; m <= 300; m++) {
    const even = (m * (b - m) * x) / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 + even * d;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = 1 + even / c;
    if (Math.abs(c) < tiny) c = tiny;
    result *= d * c;
    const odd = (-(a + m) * (a + b + m) * x) / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + odd * d;
    d = 1 / (Math.abs(d) < tiny ? tiny : d);
    c = 1 + odd / c;
    if (Math.abs(c) < tiny) c = tiny;
    const factor = d * c;
    result *= factor;
    if (Math.abs(factor - 1) < 1e-12) break;
  }
  return result;
}

/** Regularised incomplete beta function I_x(a, b), a, b > 0, x in [0, 1]. */
export function incompleteBeta(x: number, a: number, b: number): number {
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const front = Math.exp(
    lnGamma(a + b) - lnGamma(a) - lnGamma(b) + a * Math.log(x) + b * Math.log1p(-x),
  );
  return x < (a + 1) / (a + b + 2)
    ? (front * betaFraction(x, a, b)) / a
    : 1 - (front * betaFraction(1 - x, b, a)) / b;
}

/** P(X ≥ x) of a negative binomial with this mean and size k (variance mean + mean²/k). */
export const negativeBinomialTail = (x: number, mean: number, size: number): number =>
  x <= 0 ? 1 : mean <= 0 ? 0 : incompleteBeta(mean / (mean + size), x, size);

/** P(X = x) of the same. */
export function negativeBinomialMass(x: number, mean: number, size: number): number {
  if (mean <= 0) return x === 0 ? 1 : 0;
  return Math.exp(
    lnGamma(x + size) -
      lnGamma(size) -
      lnGamma(x + 1) +
      size * Math.log(size / (size + mean)) +
      (x === 0 ? 0 : x * Math.log(mean / (size + mean))),
  );
}

/** Mid-p of seeing x or more: P(X ≥ x) − ½ P(X = x). */
export const negativeBinomialMidTail = (x: number, mean: number, size: number): number =>
  Math.max(0, negativeBinomialTail(x, mean, size) - negativeBinomialMass(x, mean, size) / 2);

/** P(T ≥ t) of Student's t with ν degrees of freedom. */
export function studentTail(t: number, degrees: number): number {
  const half = incompleteBeta(degrees / (degrees + t * t), degrees / 2, 0.5) / 2;
  return t >= 0 ? half : 1 - half;
}

/** Smallest count whose P(X ≤ count) reaches `level`; at most 100 000. */
export function negativeBinomialQuantile(level: number, mean: number, size: number): number {
  let low = 0;
  let high = 1;
  while (high < 100_000 && 1 - negativeBinomialTail(high + 1, mean, size) < level) high *= 2;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (1 - negativeBinomialTail(middle + 1, mean, size) < level) low = middle + 1;
    else high = middle;
  }
  return low;
}
