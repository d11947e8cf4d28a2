const DAY = 86_400_000;

/** What is kept about one local day. */
export interface Dated {
  /** Epoch ms at which the day starts. */
  readonly start: number;
}

/** Start (epoch ms) of the local day of `at` (epoch ms) in a zone `offsetMs` ahead of UTC. */
export const dayStart = (at: number, offsetMs: number): number =>
  Math.floor((at + offsetMs) / DAY) * DAY - offsetMs;

// Clocks change by an hour or two: a start within half a day is the same day's.
const isSame = (left: number, right: number): boolean => Math.abs(left - right) < DAY / 2;

/** The kept day that starts at `start` (epoch ms), undefined when it is none of the two. */
export function findDay<Day extends Dated>(days: readonly Day[], start: number): Day | undefined {
  for (let index = days.length - 1; index >= 0; index--) {
    const day = days[index] as Day;
    if (isSame(day.start, start)) return day;
  }
  return undefined;
}

/**
 * The same, opened where it is new; of more than two the earliest goes (`days` is ordered by start).
 * Undefined for a day before both.
 */
export function openDay<Day extends Dated>(
  days: Day[],
  start: number,
  open: (start: number) => Day,
): Day | undefined {
  const found = findDay(days, start);
  if (found !== undefined) return found;
  let index = days.length;
  while (index > 0 && (days[index - 1] as Day).start > start) index--;
  if (index === 0 && days.length >= 2) return undefined;
  const day = open(start);
  days.splice(index, 0, day);
  if (days.length > 2) days.shift();
  return day;
}

/** The greatest value that a day had. */
export interface Peak extends Dated {
  greatest: number;
}

/** Raises a day's greatest value: its final height does not depend on the order of calls. */
export function raisePeak(days: Peak[], start: number, value: number): void {
  if (!(value > 0)) return;
  const day = openDay(days, start, (first) => ({ start: first, greatest: 0 }));
  if (day !== undefined && value > day.greatest) day.greatest = value;
}

/** Greatest value of the day that starts at `start` (epoch ms), 0 where nothing is known. */
export const peakOf = (days: readonly Peak[], start: number): number =>
  findDay(days, start)?.greatest ?? 0;
