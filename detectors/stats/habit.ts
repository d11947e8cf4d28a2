import { LAG_MS } from "../../schemas/event-time.ts";

const DAY = 86_400_000;

/**
 * The day (epoch day) that a use at `at` (epoch ms) counts for. One within the lag before midnight
 * counts for the day after: so what was used on a day before an event's has come when the event
 * comes, in whatever order the two arrive.
 */
export const dayOfUse = (at: number): number => Math.floor((at + LAG_MS) / DAY);

/**
 * One remembered value: its hash, the number of days it was used on, the last of them (epoch day) and
 * whether the day before that was one: an event of that day may still come, within the lag.
 */
export type Habit = [key: number, days: number, day: number, before: 0 | 1];

/** On how many days before `day` the value was used; `day` is at most one before the latest day of use. */
export function earlierDays(habits: readonly Habit[], key: number, day: number): number {
  const habit = habits.find((entry) => entry[0] === key);
  if (habit === undefined) return 0;
  const [, days, latest, before] = habit;
  return latest > day ? days - 1 - before : latest === day ? days - 1 : days;
}

/**
 * Notes a use. At most `cap` values stay: the one longest unused leaves first, the smaller hash of
 * two. Returns what this use is to the value: its first ever, the first of its day, or a repeat.
 */
export function touchHabit(
  habits: Habit[],
  key: number,
  day: number,
  cap: number,
): "new" | "daily" | "repeat" {
  const habit = habits.find((entry) => entry[0] === key);
  if (habit !== undefined) {
    const overtaken = habit[2] === day + 1 && habit[3] === 0;
    if (habit[2] >= day && !overtaken) return "repeat";
    habit[1] = Math.min(habit[1] + 1, 999);
    habit[3] = overtaken || habit[2] === day - 1 ? 1 : 0;
    habit[2] = Math.max(habit[2], day);
    return "daily";
  }
  habits.push([key, 1, day, 0]);
  if (habits.length > cap) {
    let oldest = 0;
    for (let index = 1; index < habits.length; index++) {
      const left = habits[index] as Habit;
      const right = habits[oldest] as Habit;
      if (left[2] < right[2] || (left[2] === right[2] && left[0] < right[0])) oldest = index;
    }
    habits.splice(oldest, 1);
  }
  return "new";
}

/**
 * A table of "how many accounts share this" that forgets: an account adds 1000 when it first uses
 * the key and 33 on each later day, the table keeps 967/1000 a day, so value / 1000 is about the
 * number of accounts that use it regularly.
 */
export const SHARERS_KEEP_PER_MILLE = 967;

export const sharerAmount = (use: "new" | "daily" | "repeat"): number =>
  use === "new" ? 1000 : use === "daily" ? 33 : 0;
