import type { Evidence } from "../detector.ts";
import type { Habit } from "../stats/habit.ts";

/** Shapes that take fewer bytes in a checkpoint than JSON of the values themselves. */

const HABIT = 8;

/** Habits as base64 of u32 key, u16 days, u16 epoch day, little-endian: 11 characters each. */
export function packHabits(habits: readonly Habit[]): string {
  const bytes = Buffer.alloc(habits.length * HABIT);
  let at = 0;
  for (const [key, days, day] of habits) {
    at = bytes.writeUInt32LE(key, at);
    at = bytes.writeUInt16LE(days, at);
    at = bytes.writeUInt16LE(Math.min(Math.max(day, 0), 0xffff), at);
  }
  return bytes.toString("base64");
}

export function unpackHabits(text: string): Habit[] {
  const bytes = Buffer.from(text, "base64");
  return Array.from({ length: bytes.length / HABIT }, (_, index): Habit => {
    const at = index * HABIT;
    return [bytes.readUInt32LE(at), bytes.readUInt16LE(at + 4), bytes.readUInt16LE(at + 6)];
  });
}

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
