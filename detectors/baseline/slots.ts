import { slotEnd, slotStart } from "./fields.ts";
import type { BaselineState } from "./state.ts";

/**
 * Values an entity knows: one region of slots per field, the weakest leaves when it is full. A mark
 * is the quarantine bit, the last day (mod 1024) and the days seen (1–31).
 */

const DAYS = 1024;
const HALF_LIFE = 45;
const QUARANTINE = 0x8000;
/** Distinct later days after which a value met on a day too odd to learn from is a habit after all. */
const CLEARED_AFTER = 6;

export function findSlot(state: BaselineState, field: number, hash: number): number {
  const end = slotEnd[field] as number;
  const { hashes, marks } = state;
  for (let index = slotStart[field] as number; index < end; index++) {
    if (hashes[index] === hash && marks[index] !== 0) return index;
  }
  return -1;
}

const lastDay = (mark: number): number => (mark & 0x7fff) >> 5;
const gapOf = (mark: number, day: number): number => (day - lastDay(mark) + 2 * DAYS) % DAYS;
const aged = (seen: number, gap: number): number =>
  Math.max(1, Math.round(seen * 2 ** (-gap / HALF_LIFE)));

/**
 * Days the value was seen on before this one, halved for every 45 days since; a value in quarantine
 * counts as hardly seen.
 */
export function daysSeenBefore(state: BaselineState, slot: number, day: number): number {
  const mark = state.marks[slot] as number;
  if ((mark & QUARANTINE) !== 0) return 0;
  const gap = gapOf(mark, day % DAYS);
  const seen = mark & 31;
  if (gap === 0) return Math.max(1, seen - 1);
  return gap > DAYS / 2 ? seen : aged(seen, gap);
}

/** Counts a day of use once. A value of the day before counts as seen today when late by an hour. */
export function touchSlot(state: BaselineState, slot: number, day: number): void {
  const mark = state.marks[slot] as number;
  const gap = gapOf(mark, day % DAYS);
  if (gap === 0 || gap > DAYS / 2) return;
  const seen = Math.min(31, aged(mark & 31, gap) + 1);
  const held = (mark & QUARANTINE) !== 0 && seen < CLEARED_AFTER ? QUARANTINE : 0;
  state.marks[slot] = held | ((day % DAYS) * 32 + seen);
}

/** Remembers a value first used on `day`, in place of the one used least. */
export function addSlot(
  state: BaselineState,
  of: { readonly field: number; readonly hash: number; readonly quarantined: boolean },
  day: number,
): void {
  let target = slotStart[of.field] as number;
  let weakest = Number.POSITIVE_INFINITY;
  for (let index = target; index < (slotEnd[of.field] as number); index++) {
    const mark = state.marks[index] as number;
    if (mark === 0) {
      target = index;
      break;
    }
    const gap = gapOf(mark, day % DAYS);
    const strength = (mark & 31) * 2 ** (-(gap > DAYS / 2 ? 0 : gap) / HALF_LIFE);
    if (strength < weakest) {
      weakest = strength;
      target = index;
    }
  }
  state.hashes[target] = of.hash;
  state.marks[target] = (of.quarantined ? QUARANTINE : 0) | ((day % DAYS) * 32 + 1);
}
