import { setTimeout as delay } from "node:timers/promises";
import { type StoredTopic, storedTopics } from "../../schemas/views.ts";
import { tableOf } from "../../schemas/ddl-tables.ts";
import { errorText } from "../errors.ts";
import type { EventLog, StoredRecord } from "../event-log/port.ts";
import type { Logger } from "../logger.ts";
import type { Metrics } from "../metrics.ts";
import type { Store } from "./port.ts";
import { batchesOf, type BatchLimits } from "./sink-batch.ts";
import { insertBatch, type SinkRow } from "./sink-insert.ts";
import { rowsOf } from "./sink-rows.ts";
import { tendPartitions } from "./tend-partitions.ts";

export const SINK_GROUP = "metsuke-sink";

export interface SinkOptions {
  readonly log: EventLog;
  /** Open on the database that `migrate` has brought up to date. */
  readonly store: Store;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Ends the sink; what was read and not yet inserted is read again next time. */
  readonly signal: AbortSignal;
  /** Default: every topic that has a view. */
  readonly topics?: readonly StoredTopic[];
  /** Default 8 MB of log records. */
  readonly batchBytes?: number;
  /** Default 20 000 log records. */
  readonly batchRecords?: number;
  /** Default 200 ms. */
  readonly maxWaitMs?: number;
}

/**
 * The sink role: copies topics to the store. The position moves only after the rows are durable, so
 * a crash repeats rows and never loses one; repeats fold by id. Processes share the partitions.
 */
export async function runSink(options: SinkOptions): Promise<void> {
  const byTopic = new Map((options.topics ?? storedTopics).map((entry) => [entry.topic, entry]));
  const running = new Map<string, Promise<void>>();
  const key = (topic: string, partition: number) => `${topic}/${partition}`;
  await options.log.assign(
    [...byTopic.keys()],
    SINK_GROUP,
    {
      assigned(topic, partition, signal) {
        const entry = byTopic.get(topic);
        if (entry === undefined) return;
        const ends = AbortSignal.any([signal, options.signal]);
        const work = [copyForEver({ ...options, signal: ends }, entry, partition)];
        if (entry.view === "events" && partition === 0) {
          work.push(tendPartitions(options.store, options.logger, ends));
        }
        running.set(
          key(topic, partition),
          Promise.all(work).then(() => undefined),
        );
      },
      async revoked(topic, partition) {
        await running.get(key(topic, partition));
        running.delete(key(topic, partition));
      },
    },
    options.signal,
  );
  if (!options.signal.aborted) {
    await new Promise((resolve) => {
      options.signal.addEventListener("abort", resolve, { once: true });
    });
  }
  await Promise.all(running.values());
}

/** Starts again from the committed position whenever the log fails. */
async function copyForEver(
  options: SinkOptions,
  entry: StoredTopic,
  partition: number,
): Promise<void> {
  const { logger, metrics, signal } = options;
  let waitMs = 100;
  while (!signal.aborted) {
    try {
      await copy(options, entry, partition, () => {
        waitMs = 100;
      });
    } catch (error) {
      if (signal.aborted) return;
      metrics.errors.inc({ component: "sink", reason: "log" });
      logger.error({ err: errorText(error), topic: entry.topic, partition }, "sink stopped, again");
      await delay(waitMs, undefined, { signal }).catch(() => undefined);
      waitMs = Math.min(waitMs * 2, 10_000);
    }
  }
}

async function copy(
  options: SinkOptions,
  { topic, view }: StoredTopic,
  partition: number,
  progressed: () => void,
): Promise<void> {
  const { log, signal } = options;
  const from =
    (await log.committed(SINK_GROUP, topic, partition)) ??
    (await log.bounds(topic, partition)).first;
  const limits: BatchLimits = {
    bytes: options.batchBytes ?? 8_000_000,
    records: options.batchRecords ?? 20_000,
    waitMs: options.maxWaitMs ?? 200,
  };
  const done = new AbortController();
  const read = log.read(topic, partition, from, AbortSignal.any([signal, done.signal]));
  try {
    for await (const batch of batchesOf(read, limits)) {
      const last = batch.at(-1)?.offset ?? from;
      const token = `${tableOf(view).table}:${topic}:${partition}:${batch[0]?.offset}-${last}`;
      await store(options, { topic, view }, batch, token);
      await log.commit(SINK_GROUP, topic, partition, last + 1);
      progressed();
    }
  } finally {
    done.abort();
  }
}

async function store(
  options: SinkOptions,
  { topic, view }: StoredTopic,
  batch: readonly StoredRecord[],
  token: string,
): Promise<void> {
  const { metrics, logger, signal } = options;
  const startedAt = performance.now();
  const rows: SinkRow[] = [];
  for (const record of batch) {
    const made = rowsOf(view, record);
    for (const row of made.rows) rows.push(row);
    if (made.malformed.length > 0) {
      const { offset } = record;
      metrics.rejected.inc({ component: "sink", reason: "malformed" }, made.malformed.length);
      logger.error({ topic, offset, reasons: made.malformed.slice(0, 3) }, "record not stored");
    }
  }
  metrics.received.inc({ component: "sink" }, rows.length);
  const table = tableOf(view).table;
  const to = { store: options.store, table, logger };
  const { inserted, refused } = await insertBatch(to, rows, token, signal);
  for (const { reason, line } of refused) {
    metrics.rejected.inc({ component: "sink", reason: "store_refused" });
    logger.error({ topic, table, reason, row: line.slice(0, 2_000) }, "row not stored");
  }
  metrics.sent.inc({ component: "sink" }, inserted);
  metrics.latency.observe({ component: "sink" }, (performance.now() - startedAt) / 1000);
}
