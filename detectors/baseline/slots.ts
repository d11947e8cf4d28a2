import { type BaselineState, fields, slotStart } from "./layout.ts";

/** Values an entity knows: one region of slots per field, the weakest leaves when it is full. */

const DAYS = 1024;
const HALF_LIFE = 45;

export function findSlot(state: BaselineState, field: number, hash: number): number {
  const start = slotStart[field] as number;
  const end = start + (fields[field] as { slots: number }).slots;
  const { hashes, marks } = state;
  for (let index = start; index < end; index++) {
    if (hashes[index] === hash && marks[index] !== 0) return index;
  }
  return -1;
}

const gapOf = (mark: number, day: number): number => (day - (mark >> 5) + 2 * DAYS) % DAYS;

/** Days the value was seen on, halved for every 45 days since. */
export function daysSeen(state: BaselineState, slot: number, day: number): number {
  const mark = state.marks[slot] as number;
  const seen = mark & 31;
  const gap = gapOf(mark, day % DAYS);
  return gap === 0 || gap > DAYS / 2 ? seen : seen * 2 ** (-gap / HALF_LIFE);
}

/** Counts a day of use once. A value of the day before counts as seen today when late by an hour. */
export function touchSlot(state: BaselineState, slot: number, day: number): void {
  const mark = state.marks[slot] as number;
  const gap = gapOf(mark, day % DAYS);
  if (gap === 0 || gap > DAYS / 2) return;
  const seen = Math.max(1, Math.round((mark & 31) * 2 ** (-gap / HALF_LIFE)));
  state.marks[slot] = (day % DAYS) * 32 + Math.min(31, seen + 1);
}

export function addSlot(state: BaselineState, field: number, hash: number, day: number): void {
  const start = slotStart[field] as number;
  const end = start + (fields[field] as { slots: number }).slots;
  let target = start;
  let weakest = Number.POSITIVE_INFINITY;
  for (let index = start; index < end; index++) {
    if (state.marks[index] === 0) {
      target = index;
      break;
    }
    const strength = daysSeen(state, index, day);
    if (strength < weakest) {
      weakest = strength;
      target = index;
    }
  }
  state.hashes[target] = hash;
  state.marks[target] = (day % DAYS) * 32 + 1;
}
