import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { createZone } from "../../../detectors/runtime/zone.ts";
import type { Event } from "../../../schemas/event.ts";

export const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** An event of an account, with when that was where the organisation is. */
export interface Entry {
  readonly event: Event;
  /** `user.entity.id`. */
  readonly account: string;
  /** Epoch ms. */
  readonly at: number;
  /** Local YYYY-MM-DD. */
  readonly day: string;
  /** Local milliseconds after midnight. */
  readonly clock: number;
}

export interface Clock {
  /** Local day and milliseconds after midnight of an instant (epoch ms). */
  read(at: number): { readonly day: string; readonly clock: number };
  /** Epoch ms of a local day and clock; off by the change on a day the clocks change. */
  instant(day: string, clock: number): number;
}

export function createClock(timezone: string): Clock {
  const offset = createZone(timezone);
  return {
    read(at) {
      const local = at + offset(at);
      const clock = ((local % DAY) + DAY) % DAY;
      return { day: new Date(local - clock).toISOString().slice(0, 10), clock };
    },
    instant(day, clock) {
      const local = Date.parse(day) + clock;
      return local - offset(local - offset(local));
    },
  };
}

export function entryOf(event: Event, clock: Clock): Entry | undefined {
  const account = event["user.entity.id"];
  const at = Date.parse(event["@timestamp"]);
  return account === undefined || Number.isNaN(at)
    ? undefined
    : { event, account, at, ...clock.read(at) };
}

/** Events that name an account, of an NDJSON file that `metsuke normalize` wrote (gzip too), by time. */
export async function readEntries(path: string, clock: Clock): Promise<Entry[]> {
  const file = createReadStream(path);
  const input = path.endsWith(".gz") ? file.pipe(createGunzip()) : file;
  const entries: Entry[] = [];
  for await (const line of createInterface({ input })) {
    if (line === "") continue;
    const { "event.ingested": _arrival, ...event } = JSON.parse(line) as Event;
    const entry = entryOf(event, clock);
    if (entry !== undefined) entries.push(entry);
  }
  return entries.toSorted((a, b) => a.at - b.at);
}

/** Account and local day as one key; keys sort by day. */
export const keyOf = ({ account, day }: { account: string; day: string }): string =>
  `${day} ${account}`;

/** Entries of each account-day in time order, earlier days first. */
export function byAccountDay(entries: readonly Entry[]): Map<string, Entry[]> {
  const days = new Map<string, Entry[]>();
  for (const entry of entries.toSorted((a, b) =>
    a.day < b.day ? -1 : a.day > b.day ? 1 : a.at - b.at,
  )) {
    const key = keyOf(entry);
    const day = days.get(key) ?? [];
    days.set(key, day);
    day.push(entry);
  }
  return days;
}
