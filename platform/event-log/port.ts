import type { TopicSpec } from "../../schemas/topics.ts";

/** One record to append. `value` is NDJSON: one or several lines of one target partition. */
export interface LogRecord {
  readonly key?: string;
  readonly value: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A record as read back. Offsets grow within a partition; gaps are allowed. */
export interface StoredRecord {
  readonly offset: number;
  /** Epoch ms at which the log took it. */
  readonly appendedAt: number;
  readonly key: string | undefined;
  readonly value: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export interface AppendBatch {
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly LogRecord[];
}

/** State changed since the cut before; a `null` value says the cell is gone. */
export type Cells = Iterable<readonly [key: string, value: Uint8Array | null]>;

/**
 * A consistent cut of one task: the cells that changed and the offset that they reflect.
 * `epoch` is unique per start of a task; `number` counts from 0 within it; number 0 is full.
 * `cells` is run through before `checkpoint` first waits, so that it is one moment of the state.
 * A cut that is not full and whose epoch has no full one is refused with METSUKE_INTERNAL.
 */
export interface Cut {
  readonly epoch: string;
  readonly number: number;
  readonly full: boolean;
  readonly offset: number;
  readonly cells: Cells;
}

export interface Restored {
  readonly offset: number;
  readonly cells: ReadonlyMap<string, Uint8Array>;
}

/**
 * When a partition is to be given up, the task's `signal` aborts first and `revoked` is called right
 * after; until that resolves the partition stays with this process, which may still append.
 */
export interface AssignmentHandlers {
  /** The task now belongs to this process until `signal` aborts. MUST return promptly. */
  assigned(topic: string, partition: number, signal: AbortSignal): void;
  /** Resolves when the task has drained; the partition is given up only then. */
  revoked(topic: string, partition: number): Promise<void>;
}

/**
 * An ordered, durable log of records by topic and partition. Guarantees:
 * - `append` resolves only when every record of every batch is durable; it rejects with
 *   METSUKE_LOG_UNAVAILABLE when any may not be, and the caller appends again (repeats fold by id).
 * - `read` yields in order, never skips, and follows the end of the log until `signal` aborts.
 *   A `from` older than the retained start begins at the start.
 * - `checkpoint` makes a cut restorable as a whole or not at all.
 */
export interface EventLog {
  /** Creates what is missing; safe to call by several processes. `configured` partition counts are resolved by the caller. */
  ensureTopics(
    specs: readonly (Omit<TopicSpec, "partitions"> & { readonly partitions: number })[],
  ): Promise<void>;
  /** Number of partitions; 0 when the topic does not exist. */
  partitions(topic: string): Promise<number>;
  append(batches: readonly AppendBatch[]): Promise<void>;
  read(
    topic: string,
    partition: number,
    from: number,
    signal: AbortSignal,
  ): AsyncIterable<readonly StoredRecord[]>;
  /** First retained offset and the one that the next record will get (at least). */
  bounds(
    topic: string,
    partition: number,
  ): Promise<{ readonly first: number; readonly next: number }>;
  /**
   * Shares the partitions of `topics` among all processes of `group`; resolves when the first
   * assignment is in. Reading is done with `read`. Ends when `signal` aborts.
   */
  assign(
    topics: readonly string[],
    group: string,
    handlers: AssignmentHandlers,
    signal: AbortSignal,
  ): Promise<void>;
  /** Position of a stateless reader (sink, raw topics): next offset to read. */
  commit(group: string, topic: string, partition: number, next: number): Promise<void>;
  committed(group: string, topic: string, partition: number): Promise<number | undefined>;
  /** `task` names the cut, for example `detect/events/0`. Partition of `checkpoints` is the adapter's choice. */
  checkpoint(task: string, cut: Cut): Promise<void>;
  restore(task: string): Promise<Restored | undefined>;
  close(): Promise<void>;
}
