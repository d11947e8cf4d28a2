import { errorText, MetsukeError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { type Fetched, fetchOnce, type Place } from "./kafka-fetch.ts";
import { type Link, pause, unavailable } from "./kafka-link.ts";
import type { StoredRecord } from "./port.ts";

/** A request that is silent for so long is given up, with its connection. */
const SILENT_MS = 45_000;
const SLOWEST_RETRY_MS = 5_000;
const REPORT_EVERY_MS = 30_000;

export interface ReaderParts {
  /** Closed when reading ends. */
  readonly link: Link;
  readonly logger: Logger;
}

/**
 * Records of one partition from an offset on, following its end. While one batch is handled the
 * next is fetched. Whatever Kafka does wrong is retried until `signal` aborts.
 * @throws METSUKE_LOG_CORRUPT, METSUKE_LOG_CODEC
 */
export async function* readPartition(
  parts: ReaderParts,
  place: Place,
  from: number,
  signal: AbortSignal,
): AsyncGenerator<readonly StoredRecord[]> {
  const left = new AbortController();
  const fetcher = persistent(parts, place, AbortSignal.any([signal, left.signal]));
  try {
    let pending = fetcher(Math.max(0, from));
    for (;;) {
      const fetched = await pending;
      if (fetched === undefined || signal.aborted) return;
      pending = fetcher(fetched.next);
      // It is awaited in the next round; this keeps an early failure from being unhandled.
      pending.catch(() => undefined);
      if (fetched.records.length > 0) yield fetched.records;
    }
  } finally {
    left.abort();
    parts.link.close();
  }
}

/** The same for what is between two offsets, then it ends. */
export async function* readRange(
  parts: ReaderParts,
  place: Place,
  range: { readonly from: number; readonly to: number },
  signal: AbortSignal,
): AsyncGenerator<readonly StoredRecord[]> {
  const left = new AbortController();
  const fetcher = persistent(parts, place, AbortSignal.any([signal, left.signal]));
  let pending = range.from < range.to ? fetcher(range.from) : undefined;
  try {
    while (pending !== undefined) {
      const fetched = await pending;
      if (fetched === undefined) throw unavailable(new Error("the log was closed"));
      pending = fetched.next < range.to ? fetcher(fetched.next) : undefined;
      pending?.catch(() => undefined);
      const records = fetched.records.filter(({ offset }) => offset < range.to);
      if (records.length > 0) yield records;
    }
  } finally {
    left.abort();
    parts.link.close();
  }
}

/** A fetch that tries again until it has an answer; undefined once `signal` aborts. */
function persistent({ link, logger }: ReaderParts, place: Place, signal: AbortSignal) {
  const { topic, partition } = place;
  const watch = outage(logger, place);
  return async function fetch(from: number): Promise<Fetched | undefined> {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        const fetched = await limited(
          link.with((cluster) => fetchOnce(cluster, place, from)),
          signal,
        );
        if (fetched === undefined) return undefined;
        watch.over();
        if (!fetched.outOfRange) return fetched;
        if (from > fetched.end) {
          logger.error({ topic, partition, offset: from }, "offset is beyond the end of the log");
        }
        return { ...fetched, next: fetched.first };
      } catch (error) {
        if (error instanceof MetsukeError && !error.retryable) throw locate(error, place);
        watch.report(error);
        link.close();
        await pause(Math.min(SLOWEST_RETRY_MS, 100 * 2 ** Math.min(failures, 10)), signal);
      }
    }
    return undefined;
  };
}

const locate = (error: MetsukeError, { topic, partition }: Place) =>
  new MetsukeError(error.code, `${topic}/${partition}: ${error.message}`, { cause: error });

/** @returns undefined once `signal` aborts @throws METSUKE_LOG_UNAVAILABLE after {@link SILENT_MS} */
function limited<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
  return new Promise((resolve, reject) => {
    const stop = () => done(() => resolve(undefined));
    const timer = setTimeout(
      () => done(() => reject(unavailable(new Error("the broker is silent")))),
      SILENT_MS,
    );
    const done = (settle: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", stop);
      settle();
    };
    signal.addEventListener("abort", stop, { once: true });
    work.then(
      (result) => done(() => resolve(result)),
      (error: unknown) =>
        done(() => reject(error instanceof Error ? error : new Error(errorText(error)))),
    );
    if (signal.aborted) stop();
  });
}

/** Says once that reading fails, again every half minute, and once that it works again. */
function outage(logger: Logger, { topic, partition }: Place) {
  let since: number | undefined;
  let reported = 0;
  return {
    report(error: unknown): void {
      const now = Date.now();
      since ??= now;
      if (now - reported < REPORT_EVERY_MS) return;
      reported = now;
      logger.warn({ topic, partition, err: errorText(error) }, "reading is retried");
    },
    over(): void {
      if (since === undefined) return;
      logger.info({ topic, partition, outage_ms: Date.now() - since }, "reading goes on");
      since = undefined;
      reported = 0;
    },
  };
}
