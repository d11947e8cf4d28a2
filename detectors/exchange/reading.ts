import { MetsukeError } from "../../platform/errors.ts";
import type { EventLog, StoredRecord } from "../../platform/event-log/port.ts";

const LINE_FEED = 0x0a;

/** Lines of an NDJSON record, each parsed. @throws METSUKE_LOG_CORRUPT when one is not JSON. */
export function linesOf<Row>(record: StoredRecord, topic: string): Row[] {
  const { value } = record;
  try {
    const rows: Row[] = [];
    // A string per line stays small and, for most, of one byte a character; one of the whole pack
    // takes two as soon as a single name in it needs them.
    for (let start = 0; start < value.length;) {
      const found = value.indexOf(LINE_FEED, start);
      const end = found < 0 ? value.length : found;
      if (end > start) rows.push(JSON.parse(value.toString("utf8", start, end)));
      start = end + 1;
    }
    return rows;
  } catch (cause) {
    throw new MetsukeError(
      "METSUKE_LOG_CORRUPT",
      `${topic} offset ${record.offset} is not NDJSON`,
      { cause },
    );
  }
}

export interface Range {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
}

/** Reads what a partition holds now, then returns the next offset. */
export async function readToEnd(
  log: EventLog,
  range: Range,
  take: (record: StoredRecord) => void,
  signal: AbortSignal,
): Promise<number> {
  const { first, next } = await log.bounds(range.topic, range.partition);
  let at = Math.max(first, range.from);
  if (at >= next) return at;
  for await (const records of log.read(range.topic, range.partition, at, signal)) {
    for (const record of records) {
      take(record);
      at = record.offset + 1;
    }
    if (at >= next) break;
  }
  return at;
}

/** Follows a partition until the signal aborts. */
export async function follow(
  log: EventLog,
  range: Range,
  take: (record: StoredRecord) => void,
  signal: AbortSignal,
): Promise<void> {
  for await (const records of log.read(range.topic, range.partition, range.from, signal)) {
    for (const record of records) take(record);
  }
}

/** Resolves after `ms` or when the signal aborts, whichever is first. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done, { once: true });
  });
}

const RETRY_MS = 200;
const RETRY_MOST_MS = 5_000;

/** Tries again, with growing pauses, until it works or the signal aborts; every failure is reported. */
export async function persist(
  what: () => Promise<void>,
  failed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<boolean> {
  for (let wait = RETRY_MS; ; wait = Math.min(wait * 2, RETRY_MOST_MS)) {
    try {
      await what();
      return true;
    } catch (error) {
      failed(error);
    }
    if (signal.aborted) return false;
    await pause(wait, signal);
    if (signal.aborted) return false;
  }
}
