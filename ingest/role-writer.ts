import { setTimeout as delay } from "node:timers/promises";
import { MetsukeError, errorText } from "../platform/errors.ts";
import type { AppendBatch, EventLog } from "../platform/event-log/port.ts";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import { type Line, pack } from "./role-pack.ts";

/** What one accept hands over: durable together, in the order handed over. */
export interface Entry {
  readonly lines: readonly Line[];
  readonly bytes: number;
}

export interface WriterOptions {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** First wait (ms) after a failed append; doubles up to 5 s. */
  readonly backoffMs: number;
  /** Heartbeats to append behind the entries, computed when these are already chosen. */
  readonly heartbeats: (written: readonly Entry[]) => AppendBatch[];
}

interface Waiting {
  readonly entry: Entry;
  readonly done: () => void;
  readonly failed: (error: unknown) => void;
}

const GROUP_BYTES = 4_000_000;
const MAX_BACKOFF_MS = 5_000;

/** Takes the head of the queue, up to 4 MB and at least one. */
function takeGroup(queue: Waiting[]): Waiting[] {
  let bytes = 0;
  let count = 0;
  while (count < queue.length) {
    bytes += queue[count]?.entry.bytes ?? 0;
    if (count > 0 && bytes > GROUP_BYTES) break;
    count++;
  }
  return queue.splice(0, count);
}

/** Appends, again and again while the log does not answer, until `closing`. */
async function append(
  options: WriterOptions,
  batches: AppendBatch[],
  closing: AbortSignal,
): Promise<void> {
  for (let wait = options.backoffMs; ; wait = Math.min(wait * 2, MAX_BACKOFF_MS)) {
    try {
      await options.log.append(batches);
      return;
    } catch (error) {
      options.metrics.errors.inc({ component: "ingest", reason: "append" });
      const retry = error instanceof MetsukeError && error.code === "METSUKE_LOG_UNAVAILABLE";
      // Nobody was told "accepted": leaving loses nothing, waiting for ever would.
      if (!retry || closing.aborted) throw error;
      options.logger.warn({ err: errorText(error), retry_ms: wait }, "append failed; again");
      await delay(wait, undefined, { signal: closing }).catch(() => undefined);
    }
  }
}

/**
 * One append at a time, everything that waits in it: order within a partition is the order of
 * hand-over, whatever fails in between, and a heartbeat never overtakes a record.
 */
export function createWriter(options: WriterOptions) {
  const queue: Waiting[] = [];
  const closing = new AbortController();
  let beatWanted: Array<() => void> = [];
  let running: Promise<void> | undefined;

  const writeGroup = async (): Promise<void> => {
    const group = takeGroup(queue);
    const beats = beatWanted;
    beatWanted = [];
    const batches = pack(group.flatMap((waiting) => waiting.entry.lines));
    if (beats.length > 0) batches.push(...options.heartbeats(group.map(({ entry }) => entry)));
    try {
      if (batches.length > 0) await append(options, batches, closing.signal);
      for (const waiting of group) waiting.done();
    } catch (error) {
      options.logger.error({ err: errorText(error) }, "append gave up");
      for (const waiting of group) waiting.failed(error);
    }
    for (const beaten of beats) beaten();
  };

  const run = async (): Promise<void> => {
    // Everything handed over in the same turn of the event loop shares the append.
    await Promise.resolve();
    while (queue.length > 0 || beatWanted.length > 0) await writeGroup();
    running = undefined;
  };

  const wake = (): void => {
    running ??= run();
  };

  return {
    /** Resolves when every line is durable. */
    write(entry: Entry): Promise<void> {
      return new Promise((done, failed) => {
        queue.push({ entry, done, failed });
        wake();
      });
    },
    /** Appends one heartbeat behind what is handed over; resolves when tried. */
    beat(): Promise<void> {
      return new Promise((beaten) => {
        beatWanted.push(beaten);
        wake();
      });
    },
    /** Writes what was handed over; a log that does not answer is tried once more, not for ever. */
    async close(): Promise<void> {
      closing.abort();
      await running;
    },
  };
}
