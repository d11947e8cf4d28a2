import type { Evidence } from "../detector.ts";
import type { Habit } from "../stats/habit.ts";

/** Shapes that take fewer bytes in a checkpoint than JSON of the values themselves. */

const HABIT = 8;

/** Habits as base64 of u32 key, u16 twice the days plus `before`, u16 epoch day: 11 characters each. */
export function packHabits(habits: readonly Habit[]): string {
  const bytes = Buffer.alloc(habits.length * HABIT);
  let at = 0;
  for (const [key, days, day, before] of habits) {
    at = bytes.writeUInt32LE(key, at);
    at = bytes.writeUInt16LE(2 * days + before, at);
    at = bytes.writeUInt16LE(Math.min(Math.max(day, 0), 0xffff), at);
  }
  return bytes.toString("base64");
}

export function unpackHabits(text: string): Habit[] {
  const bytes = Buffer.from(text, "base64");
  return Array.from({ length: bytes.length / HABIT }, (_, index): Habit => {
    const at = index * HABIT;
    const days = bytes.readUInt16LE(at + 4);
    const before = (days & 1) === 0 ? 0 : 1;
    return [bytes.readUInt32LE(at), days >> 1, bytes.readUInt16LE(at + 6), before];
  });
}

/** Habits of states that did not know of the day before. */
export type OldHabit = readonly [key: number, days: number, day: number];
export const withoutBefore = (habits: readonly OldHabit[]): Habit[] =>
  habits.map(([key, days, day]): Habit => [key, days, day, 0]);

export type PackedEvidence = readonly [id: string, dataset: string, flags: number];

export const packEvidence = ({ id, dataset, success, authenticated }: Evidence): PackedEvidence => [
  id,
  dataset,
  (success ? 1 : 0) + (authenticated ? 2 : 0),
];

export const unpackEvidence = ([id, dataset, flags]: PackedEvidence): Evidence => ({
  id,
  dataset,
  success: (flags & 1) !== 0,
  authenticated: (flags & 2) !== 0,
});
