import { setTimeout as delay } from "node:timers/promises";
import { errorText, MetsukeError } from "../../platform/errors.ts";
import type { EventLog, StoredRecord } from "../../platform/event-log/port.ts";
import type { Logger } from "../../platform/logger.ts";

const RETRY_MS = 250;

export interface Following {
  readonly log: EventLog;
  readonly topic: string;
  /** Offset to begin at. */
  readonly from: number;
  readonly signal: AbortSignal;
  readonly logger: Logger;
  /** Awaited before the next batch is read. */
  readonly handle: (records: readonly StoredRecord[]) => Promise<void> | void;
}

/**
 * Reads partition 0 of a topic until `signal` aborts, and goes on where it was when the log was
 * away. Rejects only with what `handle` throws beyond an unavailable log.
 */
export async function follow(following: Following): Promise<void> {
  const { topic, signal, logger } = following;
  let position = following.from;
  while (!signal.aborted) {
    try {
      for await (const next of handled(following, position)) position = next;
      return;
    } catch (error) {
      if (signal.aborted) return;
      if (!isUnavailable(error)) throw error;
      logger.warn({ topic, err: errorText(error) }, "log away, reading again");
      await pause(RETRY_MS, signal);
    }
  }
}

/** Yields the offset to go on from after each batch. */
async function* handled(
  { log, topic, signal, handle }: Following,
  from: number,
): AsyncGenerator<number> {
  for await (const records of log.read(topic, 0, from, signal)) {
    await handle(records);
    const last = records.at(-1);
    if (last !== undefined) yield last.offset + 1;
    if (signal.aborted) return;
  }
}

/** Appends until it is durable or `signal` aborts (then it rejects): repeats fold by id. */
export async function appendDurably(
  log: EventLog,
  batches: Parameters<EventLog["append"]>[0],
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    try {
      await log.append(batches);
      return;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      await pause(RETRY_MS, signal);
    }
  }
}

export const isUnavailable = (error: unknown): boolean =>
  error instanceof MetsukeError && error.code === "METSUKE_LOG_UNAVAILABLE";

/** Resolves after `ms`, or at once when `signal` aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
