import { random, type Random } from "../../random.ts";

/** Draws that a population with heavy tails needs, all from a seeded generator. */

/** An entry of a list in order of popularity; the higher the power, the more the first ones win. */
export const skewed = <T>(list: readonly T[], dice: Random, power = 2): T =>
  list[Math.floor(list.length * dice.next() ** power)] as T;

/** Different entries of a list, the popular first ones more likely. */
export function several<T>(
  list: readonly T[],
  of: { readonly count: number; readonly power?: number },
  dice: Random,
): T[] {
  const chosen = new Set<T>();
  for (
    let tries = 0;
    chosen.size < Math.min(of.count, list.length) && tries < 40 + 8 * of.count;
    tries++
  ) {
    chosen.add(skewed(list, dice, of.power ?? 1));
  }
  return [...chosen];
}

/** 0, 1, … below a number that is drawn once. */
export const below = (count: number): number[] =>
  Array.from({ length: count }, (_, index) => index);

/** Log-normal with the given median and spread of its logarithm. */
export const lognormal = (median: number, spread: number, dice: Random): number =>
  median * Math.exp(spread * dice.normal());

/** Index drawn by weight. */
export function weighted(weights: readonly number[], dice: Random): number {
  let left = dice.next() * weights.reduce((sum, weight) => sum + weight, 0);
  for (let index = 0; index < weights.length; index++) {
    left -= weights[index]!;
    if (left < 0) return index;
  }
  return weights.length - 1;
}

/** Eight hexadecimal digits that depend on every seed. */
export const hexOf = (...seeds: readonly number[]): string =>
  Math.floor(random(...seeds).next() * 4294967296)
    .toString(16)
    .padStart(8, "0");

/** Something that holds from a day on, until the next one does. */
export interface Dated<T> {
  readonly from: number;
  readonly value: T;
}

/** What holds on a day: the last entry that has begun, the first one before any has. */
export function current<T>(list: readonly Dated<T>[], day: number): T {
  let index = list.length - 1;
  while (index > 0 && list[index]!.from > day) index--;
  return list[index]!.value;
}
