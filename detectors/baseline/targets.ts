import type { Look } from "./feature.ts";
import { Field } from "./fields.ts";

/**
 * Distinct targets of a day by linear counting (Whang, Vander-Zanden & Taylor 1990) in a bitmap of
 * 128 bits: about 10 % off up to 300 of them.
 */
export const TARGET_SUMS = 4;
const BITS = 128;
const KINDS = [Field.share, Field.host, Field.domain, Field.service] as const;

/** Marks the event's target in the four numbers from `at`. */
export function noteTarget(look: Look, at: number): void {
  for (const field of KINDS) {
    const hash = look.hashes[field] as number;
    if (hash === 0) continue;
    const bit = hash % BITS;
    const index = at + (bit >> 5);
    const { sums } = look.window;
    sums[index] = ((sums[index] as number) | 0 | (1 << (bit & 31))) >>> 0;
    return;
  }
}

export function distinctTargets(sums: Float64Array, at: number): number {
  let set = 0;
  for (let index = 0; index < TARGET_SUMS; index++) {
    for (let rest = (sums[at + index] as number) >>> 0; rest !== 0; rest &= rest - 1) set++;
  }
  return set === 0 ? 0 : -BITS * Math.log(Math.max(1, BITS - set) / BITS);
}
