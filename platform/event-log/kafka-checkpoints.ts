import { randomUUID } from "node:crypto";
import { partitionOf } from "../../schemas/ids.ts";
import { errorText, MetsukeError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { applyChunks, checksum, encodeChunks } from "./kafka-chunks.ts";
import {
  chunkOf,
  chunkRecord,
  type CutInLog,
  type CutIndex,
  indexCuts,
  type Marker,
  markerRecord,
} from "./kafka-cuts.ts";
import type { LogProducer } from "./kafka-producer.ts";
import type { Cut, EventLog, Restored, StoredRecord } from "./port.ts";

export interface CheckpointParts {
  readonly topic: string;
  readonly producer: LogProducer;
  readonly logger: Logger;
  partitions(): Promise<number>;
  bounds(partition: number): Promise<{ readonly first: number; readonly next: number }>;
  /** All records from `from` up to and without `to`. */
  range(partition: number, from: number, to: number): AsyncIterable<readonly StoredRecord[]>;
  deleteBefore(partition: number, offset: number): Promise<void>;
}

interface Known {
  readonly index: CutIndex;
  /** Next offset to read into the index. */
  next: number;
  /** Reads and deletions of one partition follow each other. */
  turn: Promise<unknown>;
}

/** Cuts of tasks as chunks and markers in the topic `checkpoints`. */
export function openKafkaCheckpoints(
  parts: CheckpointParts,
): Pick<EventLog, "checkpoint" | "restore"> & { idle(): Promise<void> } {
  const chains = new Map<string, { epoch: string; base: number; number: number }>();
  const partitions = new Map<number, Known>();
  let count: Promise<number> | undefined;

  const partitionFor = async (task: string) => {
    count ??= countOf(parts);
    try {
      return partitionOf(task, await count);
    } catch (error) {
      count = undefined;
      throw error;
    }
  };
  /** Runs `use` with the partition's index read up to its end, one after the other. */
  const withIndex = <Result>(partition: number, use: (known: Known) => Promise<Result>) => {
    const known = partitions.get(partition) ?? {
      index: indexCuts(),
      next: 0,
      turn: Promise.resolve(),
    };
    partitions.set(partition, known);
    const mine = known.turn.then(async () => {
      await readOn(parts, partition, known);
      return use(known);
    });
    known.turn = mine.catch(() => undefined);
    return mine;
  };
  const tidy = (partition: number) =>
    withIndex(partition, (known) => deleteOld(parts, partition, known)).catch((error: unknown) => {
      // Too much is kept; the next full cut tries again.
      parts.logger.warn({ partition, err: errorText(error) }, "old checkpoints stay");
    });

  return {
    async checkpoint(task, cut) {
      const chain = cut.full
        ? { epoch: cut.epoch, base: cut.number, number: cut.number }
        : continued(task, cut, chains.get(task));
      const chunks = encodeChunks(cut.cells);
      const partition = await partitionFor(task);
      await write(parts, partition, markerOf(task, cut, chain.base, chunks), chunks);
      chains.set(task, { ...chain, number: cut.number });
      if (cut.full) void tidy(partition);
    },
    async restore(task) {
      const partition = await partitionFor(task);
      return withIndex(partition, ({ index }) => load(parts, partition, index, task));
    },
    async idle() {
      await Promise.all(Array.from(partitions.values(), ({ turn }) => turn));
    },
  };
}

async function countOf(parts: CheckpointParts): Promise<number> {
  const count = await parts.partitions();
  if (count > 0) return count;
  throw new MetsukeError("METSUKE_LOG_UNAVAILABLE", `Kafka: topic ${parts.topic} does not exist`, {
    retryable: true,
  });
}

function continued<Chain extends { readonly epoch: string; readonly number: number }>(
  task: string,
  cut: Cut,
  chain: Chain | undefined,
): Chain {
  if (chain?.epoch === cut.epoch && chain.number < cut.number) return chain;
  throw new MetsukeError(
    "METSUKE_INTERNAL",
    `cut ${cut.number} of ${task} does not continue what was written; a full one is needed`,
  );
}

const markerOf = (task: string, cut: Cut, base: number, chunks: readonly Buffer[]): Marker => ({
  task,
  epoch: cut.epoch,
  number: cut.number,
  full: cut.full,
  base,
  offset: cut.offset,
  try: randomUUID(),
  chunks: chunks.length,
  checksum: checksum(chunks),
});

/** The marker goes only when every chunk is durable. */
async function write(
  { topic, producer }: CheckpointParts,
  partition: number,
  marker: Marker,
  chunks: readonly Buffer[],
): Promise<void> {
  await producer.append(
    chunks.map((value, chunk) => ({
      topic,
      partition,
      record: chunkRecord(marker, chunk, value),
    })),
  );
  await producer.append([{ topic, partition, record: markerRecord(marker) }]);
}

async function readOn(parts: CheckpointParts, partition: number, known: Known): Promise<void> {
  const { first, next } = await parts.bounds(partition);
  for await (const records of parts.range(partition, Math.max(first, known.next), next)) {
    for (const record of records) {
      known.index.add(record);
      known.next = record.offset + 1;
    }
  }
}

async function deleteOld(parts: CheckpointParts, partition: number, known: Known): Promise<void> {
  const needed = known.index.neededFrom(Date.now());
  const { first } = await parts.bounds(partition);
  if (!Number.isFinite(needed) || needed <= first) return;
  await parts.deleteBefore(partition, needed);
  known.index.forget(needed);
}

/** Loads the last whole chain; one whose bytes turn out damaged is left out and the next is tried. */
async function load(
  parts: CheckpointParts,
  partition: number,
  index: CutIndex,
  task: string,
): Promise<Restored | undefined> {
  for (;;) {
    const chain = index.chain(task);
    const last = chain?.at(-1);
    if (chain === undefined || last === undefined) return undefined;
    const cells = new Map<string, Uint8Array>();
    const damaged = await loadChain(parts, partition, chain, cells);
    if (damaged === undefined) return { offset: last.offset, cells };
    parts.logger.error(
      { task, epoch: damaged.epoch, number: damaged.number },
      "damaged checkpoint",
    );
    index.discard(damaged);
  }
}

/** @returns the first cut whose chunks are not what its marker says */
async function loadChain(
  parts: CheckpointParts,
  partition: number,
  chain: readonly CutInLog[],
  cells: Map<string, Uint8Array>,
): Promise<CutInLog | undefined> {
  const wanted = new Map(chain.map((cut) => [cut.try, [] as Buffer[]]));
  const from = Math.min(...chain.map(({ firstAt }) => firstAt));
  const to = Math.max(...chain.map(({ markerAt }) => markerAt)) + 1;
  const waiting = [...chain];
  for await (const records of parts.range(partition, from, to)) {
    for (const record of records) {
      const of = chunkOf(record);
      const chunks = of === undefined ? undefined : wanted.get(of.try);
      if (of !== undefined && chunks !== undefined) chunks[of.chunk] = record.value;
      if (record.offset !== waiting[0]?.markerAt) continue;
      if (!applyCut(waiting[0], wanted.get(waiting[0].try) ?? [], cells)) return waiting[0];
      wanted.delete(waiting[0].try);
      waiting.shift();
    }
  }
  return waiting[0];
}

function applyCut(
  cut: CutInLog,
  chunks: readonly Buffer[],
  cells: Map<string, Uint8Array>,
): boolean {
  if (chunks.length !== cut.chunks || checksum(chunks) !== cut.checksum) return false;
  applyChunks(chunks, cells);
  return true;
}
