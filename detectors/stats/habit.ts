/** One remembered value: its hash, the number of days it was used on, the last of them (epoch day). */
export type Habit = [key: number, days: number, day: number];

/** On how many days before `day` the value was used. */
export function earlierDays(habits: readonly Habit[], key: number, day: number): number {
  const habit = habits.find((entry) => entry[0] === key);
  return habit === undefined ? 0 : habit[2] >= day ? habit[1] - 1 : habit[1];
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
    if (habit[2] >= day) return "repeat";
    habit[1] = Math.min(habit[1] + 1, 999);
    habit[2] = day;
    return "daily";
  }
  habits.push([key, 1, day]);
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
