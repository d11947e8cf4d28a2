/**
 * Counts by ten minutes of a day, six to a number, each up to 255: what happened most within ten
 * minutes, or within half an hour, whatever order the events came in.
 */
export const BURST_SUMS = 24;
const FULL = 255;

/** Counts `weight` events at a minute of the day (0–1439) in the numbers from `at`. */
export function addBurst(sums: Float64Array, at: number, minute: number, weight: number): void {
  const bucket = Math.floor(minute / 10);
  const index = at + Math.floor(bucket / 6);
  const unit = 256 ** (bucket % 6);
  const packed = sums[index] as number;
  const count = Math.floor(packed / unit) % 256;
  sums[index] = packed + (Math.min(FULL, count + weight) - count) * unit;
}

/** Greatest sum of `width` neighbouring buckets of ten minutes. */
export function greatestBurst(sums: Float64Array, at: number, width: number): number {
  let greatest = 0;
  const recent: number[] = [];
  let sum = 0;
  for (let index = 0; index < BURST_SUMS; index++) {
    let packed = sums[at + index] as number;
    if (packed === 0 && sum === 0) continue;
    for (let part = 0; part < 6; part++) {
      const count = packed % 256;
      packed = Math.floor(packed / 256);
      recent.push(count);
      sum += count;
      if (recent.length > width) sum -= recent.shift() as number;
      if (sum > greatest) greatest = sum;
    }
  }
  return greatest;
}
