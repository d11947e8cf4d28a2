import type { SharedTable } from "../detector.ts";
import { FIELDS } from "./fields.ts";

/**
 * How rare a value is among peers when an account first meets it, as a mark of the arrival: rarest
 * first, 0 nobody has it, 1–5 others but nobody of the group, 6–13 by the group's holders.
 */
export const RARITY_BUCKETS = 14;

const outside = [1, 2, 5, 20] as const;
const inside = [1, 2, 4, 8, 16, 32, 64] as const;

const bucketOf = (bounds: readonly number[], holders: number): number => {
  let bucket = 0;
  while (bucket < bounds.length && holders > (bounds[bucket] as number)) bucket++;
  return bucket;
};

/** Bucket of a value that `peers` of the group and `others` of everyone hold. */
export const rarityBucket = (peers: number, others: number): number =>
  peers > 0 ? 6 + bucketOf(inside, peers) : others > 0 ? 1 + bucketOf(outside, others) : 0;

/** New values that everyone's distribution is worth against a group's own. */
const GROUP_PRIOR = 40;
/** Assumed before anything is counted: half of what is new to one is new to all or to the group. */
const assumed = (bucket: number): number => (bucket === 0 ? 6 : bucket <= 5 ? 0.8 : 1.2);

/** P(an arrival is rarer) + ½ P(as rare), per field and bucket. */
export function rarityTable(table: SharedTable, group: string): Float64Array {
  const result = new Float64Array(FIELDS * RARITY_BUCKETS);
  for (let field = 0; field < FIELDS; field++) {
    const all = Array.from(
      { length: RARITY_BUCKETS },
      (_, bucket) => assumed(bucket) + table.get(`*|${field}|${bucket}`) / 1000,
    );
    const sum = all.reduce((total, value) => total + value, 0);
    const mass = all.map(
      (value, bucket) =>
        (GROUP_PRIOR * value) / sum + table.get(`${group}|${field}|${bucket}`) / 1000,
    );
    const total = mass.reduce((one, other) => one + other, 0);
    let below = 0;
    mass.forEach((value, bucket) => {
      result[field * RARITY_BUCKETS + bucket] = (below + value / 2) / total;
      below += value;
    });
  }
  return result;
}
