import type { SharedTable } from "../detector.ts";

/**
 * Calibration checked against what came after it: how many benign days fell below small p-values,
 * among everyone and in the group, against how many should have. Where more did, p is raised by that
 * much; it is never lowered, so that noise cannot make a detector bolder.
 */
export const LEVELS = [0.01, 0.0025, 0.001] as const;

/** Above this p nothing is raised. */
const BODY = 0.05;
/** Hits that "as many as expected" is worth. */
const ALL_PRIOR = 10;
const GROUP_PRIOR = 8;
const MOST = 2;
const MOST_OF_GROUP = 2.5;
const SCALE = 1000;

/** Keys of the table under which a day of a group is counted. */
export const daysKey = (group: string): string => `${group}|days`;
export const hitKey = (group: string, level: number): string => `${group}|p ${level}`;

/** Hits beyond what chance may add: a factor rests on those. */
const surely = (hits: number): number => Math.max(0, hits - 0.7 * Math.sqrt(hits));

const clamp = (value: number, most: number): number => Math.min(most, Math.max(1, value));

/** Corrects a tail probability by what became of earlier ones. */
export type Honesty = (tail: number) => number;

/** Reads the correction of a group (`*` is everyone's) from the table that counts days and hits. */
export function honestyOf(table: SharedTable, group: string): Honesty {
  const count = (key: string): number => table.get(key) / SCALE;
  const days = count(daysKey("*"));
  const factors: number[] = [];
  for (const level of LEVELS) {
    const factor = (surely(count(hitKey("*", level))) + ALL_PRIOR) / (days * level + ALL_PRIOR);
    factors.push(Math.min(clamp(factor, MOST), 1.5 * (factors.at(-1) ?? 1)));
  }
  const first = factors[0] as number;
  const expected = (count(daysKey(group)) * LEVELS[0] + GROUP_PRIOR) * first;
  const ofGroup = clamp(
    (surely(count(hitKey(group, LEVELS[0]))) + GROUP_PRIOR * first) / expected,
    MOST_OF_GROUP,
  );
  const points = [
    [BODY, 1],
    ...LEVELS.map((level, index) => [level, ofGroup * (factors[index] as number)] as const),
  ] as const;
  return (tail) => Math.min(1, tail * factorAt(points, tail));
}

/** Between levels the logarithm of the factor is a line in the logarithm of p. */
function factorAt(points: readonly (readonly [number, number])[], tail: number): number {
  if (tail >= BODY) return 1;
  for (let index = 1; index < points.length; index++) {
    const [high, from] = points[index - 1] as readonly [number, number];
    const [low, to] = points[index] as readonly [number, number];
    if (tail < low) continue;
    const part = Math.log(high / tail) / Math.log(high / low);
    return from * (to / from) ** part;
  }
  return (points.at(-1) as readonly [number, number])[1];
}
