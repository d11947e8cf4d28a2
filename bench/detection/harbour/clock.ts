/** Local days of several zones, and instants as text, fast enough for a generator. */

export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

const secondsOfMinute = Array.from(
  { length: MINUTE },
  (_, ms) =>
    `${String(Math.floor(ms / 1000)).padStart(2, "0")}.${String(ms % 1000).padStart(3, "0")}Z`,
);
const minutes = new Map<number, string>();

/** ISO 8601 text in UTC of whole epoch milliseconds. */
export function isoOf(at: number): string {
  const minute = Math.floor(at / MINUTE);
  let text = minutes.get(minute);
  if (text === undefined) {
    if (minutes.size > 10_000) minutes.clear();
    text = new Date(minute * MINUTE).toISOString().slice(0, 17);
    minutes.set(minute, text);
  }
  return text + secondsOfMinute[at - minute * MINUTE]!;
}

const formats = new Map<string, Intl.DateTimeFormat>();

/** Milliseconds that clocks of an IANA zone are ahead of UTC at an instant. */
function offsetAt(zone: string, at: number): number {
  let format = formats.get(zone);
  if (format === undefined) {
    format = new Intl.DateTimeFormat("en-GB", {
      timeZone: zone,
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
    });
    formats.set(zone, format);
  }
  const part = Object.fromEntries(
    format.formatToParts(at).map(({ type, value }) => [type, Number(value)]),
  );
  const local = Date.UTC(
    part["year"]!,
    part["month"]! - 1,
    part["day"]!,
    part["hour"]!,
    part["minute"]!,
  );
  return local - Math.floor(at / MINUTE) * MINUTE;
}

export interface Calendar {
  /** Local dates, YYYY-MM-DD; day 0 is the first. */
  readonly dates: readonly string[];
  /** 0 Sunday … 6 Saturday of a day. */
  weekday(day: number): number;
  /** Epoch ms at which a day begins in a zone; days −1 … days + 1. */
  midnight(zone: string, day: number): number;
  /** The day of the organisation's zone an instant falls on. */
  dayAt(at: number): number;
}

/** Days from `start`, a midnight in `zone`. */
export function calendarOf(zone: string, start: number, days: number): Calendar {
  const first = Math.round((start + offsetAt(zone, start)) / DAY) * DAY;
  const cache = new Map<string, number[]>();
  const midnightsOf = (of: string): number[] => {
    let list = cache.get(of);
    if (list === undefined) {
      list = Array.from({ length: days + 3 }, (_, index) => {
        const wall = first + (index - 1) * DAY;
        const guess = wall - offsetAt(of, wall);
        return wall - offsetAt(of, guess);
      });
      cache.set(of, list);
    }
    return list;
  };
  const own = midnightsOf(zone);
  return {
    dates: Array.from({ length: days + 1 }, (_, day) =>
      new Date(first + day * DAY).toISOString().slice(0, 10),
    ),
    weekday: (day) => new Date(first + day * DAY).getUTCDay(),
    midnight: (of, day) => midnightsOf(of)[day + 1]!,
    dayAt: (at) => {
      let day = Math.floor((at - start) / DAY);
      while (own[day + 2] !== undefined && own[day + 2]! <= at) day++;
      while (own[day + 1] !== undefined && own[day + 1]! > at) day--;
      return day;
    },
  };
}
