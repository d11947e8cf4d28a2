import { mkdirSync } from "node:fs";
import { errorText } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { holdAll } from "./embedded-assign.ts";
import { openCheckpoints } from "./embedded-checkpoints.ts";
import { type Files, openFiles } from "./embedded-files.ts";
import { lockFolder } from "./embedded-lock.ts";
import { openTopics, type Topics } from "./embedded-topics.ts";
import type { AppendBatch, AssignmentHandlers, EventLog } from "./port.ts";

export interface EmbeddedOptions {
  /** Data folder; created when missing. One process at a time. */
  readonly dir: string;
  /** Size of the address range, in bytes; the file is sparse. Default 1 TiB. */
  readonly mapSizeBytes?: number;
  /** Bytes kept at most per partition of the topics `events*`. Default 10 GiB. */
  readonly eventsBytes?: number;
  /** Time between two trims, in ms; 0 = only when `trim` is called. Default 10 minutes. */
  readonly trimEveryMs?: number;
  /** Told when a trim fails. */
  readonly logger?: Logger;
}

export interface EmbeddedLog extends EventLog {
  /** Deletes, from the front, what is older than its topic's retention at `now` (epoch ms) or beyond its bytes. */
  trim(now: number): Promise<void>;
}

const TIB = 2 ** 40;
const GIB = 2 ** 30;
const TRIM_EVERY_MS = 600_000;

/**
 * A durable log in one folder, on LMDB. A record is on the disk when `append` resolves; concurrent
 * appends share a transaction.
 * @throws METSUKE_DATA_IN_USE, METSUKE_LOG_UNAVAILABLE
 */
export async function openEmbeddedLog(options: EmbeddedOptions): Promise<EmbeddedLog> {
  mkdirSync(options.dir, { recursive: true });
  const unlock = lockFolder(options.dir);
  try {
    const files = openFiles(options.dir, options.mapSizeBytes ?? TIB);
    return embeddedLog(files, options, unlock);
  } catch (error) {
    unlock();
    throw error;
  }
}

function embeddedLog(files: Files, options: EmbeddedOptions, unlock: () => void): EmbeddedLog {
  const closing = new AbortController();
  const topics = openTopics(files);
  const held = holdings(topics, closing.signal);
  const trim = (now: number) => trimAll(topics, now, options.eventsBytes ?? 10 * GIB);
  const stopTrims = trimRegularly(trim, options);
  return {
    ensureTopics: (specs) => topics.ensure(specs),
    partitions: async (topic) => topics.count(topic),
    append: (batches) => appendTo(files, topics, batches),
    read: (topic, partition, from, signal) =>
      topics.partition(topic, partition).read(from, AbortSignal.any([signal, closing.signal])),
    bounds: async (topic, partition) => topics.partition(topic, partition).bounds(),
    assign: async (names, _group, handlers, signal) => held.hold(names, handlers, signal),
    ...openCheckpoints(files),
    ...openPositions(files),
    trim,
    async close() {
      closing.abort();
      await stopTrims();
      try {
        await held.drained();
      } finally {
        await files.root.committed;
        await files.root.close();
        unlock();
      }
    },
  };
}

function openPositions({ meta, root, commit }: Files): Pick<EventLog, "commit" | "committed"> {
  const key = (group: string, topic: string, partition: number) =>
    `group ${JSON.stringify([group, topic, partition])}`;
  return {
    commit: (group, topic, partition, next) =>
      commit(() => {
        void meta.put(key(group, topic, partition), next);
      }),
    committed: async (group, topic, partition) => {
      root.resetReadTxn();
      return meta.get(key(group, topic, partition)) as number | undefined;
    },
  };
}

/** The one process has every partition; what has not drained yet is remembered. */
function holdings(topics: Topics, closing: AbortSignal) {
  const held = new Set<Promise<void>>();
  return {
    hold(names: readonly string[], handlers: AssignmentHandlers, signal: AbortSignal): void {
      const owned = names.flatMap((topic) =>
        Array.from({ length: topics.count(topic) }, (_, partition) => ({ topic, partition })),
      );
      const holding = holdAll(owned, handlers, AbortSignal.any([signal, closing]));
      held.add(holding);
      // A failed drain stays: `drained` rejects with it.
      holding.then(
        () => held.delete(holding),
        () => undefined,
      );
    },
    drained: async (): Promise<void> => {
      await Promise.all(held);
    },
  };
}

async function trimAll(topics: Topics, now: number, eventsBytes: number): Promise<void> {
  for (const { name, retentionMs, partitions } of topics.all()) {
    const before = retentionMs > 0 ? now - retentionMs : -Infinity;
    const bytes = name === "events" || name.startsWith("events.") ? eventsBytes : Infinity;
    for (const partition of partitions) await partition.trim(before, bytes);
  }
}

async function appendTo(
  files: Files,
  topics: Topics,
  batches: readonly AppendBatch[],
): Promise<void> {
  const targets = batches.map((batch) => ({
    to: topics.partition(batch.topic, batch.partition),
    records: batch.records,
  }));
  const settle: (() => void)[] = [];
  const now = Date.now();
  await files.commit(() => {
    for (const { to, records } of targets) settle.push(to.write(records, now));
  });
  for (const done of settle) done();
}

/** @returns a function that ends the trims and resolves when none is running */
function trimRegularly(
  trim: (now: number) => Promise<void>,
  { trimEveryMs = TRIM_EVERY_MS, logger }: EmbeddedOptions,
): () => Promise<void> {
  if (trimEveryMs === 0) return () => Promise.resolve();
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = running
      .then(() => trim(Date.now()))
      .catch((error: unknown) => {
        logger?.warn({ err: errorText(error) }, "old records stay; the next trim tries again");
      });
  }, trimEveryMs);
  timer.unref();
  return () => {
    clearInterval(timer);
    return running;
  };
}
