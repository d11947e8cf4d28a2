import type { StoredRecord } from "../event-log/port.ts";

export interface BatchLimits {
  /** Bytes of log records at which a batch is closed. */
  readonly bytes: number;
  /** Log records at which a batch is closed. */
  readonly records: number;
  /** Longest time the first record of a batch waits for company. */
  readonly waitMs: number;
}

type Pulled = IteratorResult<readonly StoredRecord[]> | { readonly failed: unknown };

/**
 * Gathers records into batches: as much as there is when the last batch is done, at most `bytes`,
 * and after `waitMs` whatever has come. Ends when `read` ends; throws what it throws.
 */
export async function* batchesOf(
  read: AsyncIterable<readonly StoredRecord[]>,
  limits: BatchLimits,
): AsyncGenerator<readonly StoredRecord[]> {
  const iterator = read[Symbol.asyncIterator]();
  const pull = (): Promise<Pulled> =>
    iterator.next().then(
      (result) => result,
      (failed: unknown) => ({ failed }),
    );
  let next = pull();
  let held: readonly StoredRecord[] = [];
  for (;;) {
    const batch: Batch = { records: [], bytes: 0 };
    let ended = false;
    const timer = createTimer(limits.waitMs);
    while (!ended) {
      held = fill(batch, held, limits);
      if (held.length > 0 || isFull(batch, limits)) break;
      const isFirst = batch.records.length === 0;
      const pulled = isFirst ? await next : await Promise.race([next, timer.start()]);
      if (pulled === "late") break;
      if ("failed" in pulled) throw pulled.failed;
      if (pulled.done === true) ended = true;
      else {
        held = pulled.value;
        next = pull();
      }
    }
    timer.stop();
    if (batch.records.length > 0) yield batch.records;
    if (ended) return;
  }
}

interface Batch {
  readonly records: StoredRecord[];
  bytes: number;
}

/** Moves records into the batch until it is full; gives back the others. */
function fill(
  batch: Batch,
  records: readonly StoredRecord[],
  limits: BatchLimits,
): readonly StoredRecord[] {
  for (const [index, record] of records.entries()) {
    if (isFull(batch, limits)) return records.slice(index);
    batch.records.push(record);
    batch.bytes += record.value.length;
  }
  return [];
}

const isFull = (batch: Batch, limits: BatchLimits): boolean =>
  batch.records.length >= limits.records || batch.bytes >= limits.bytes;

function createTimer(waitMs: number) {
  let handle: NodeJS.Timeout | undefined;
  let late: Promise<"late"> | undefined;
  return {
    start: () =>
      (late ??= new Promise((resolve) => {
        handle = setTimeout(() => resolve("late"), waitMs);
      })),
    stop: () => clearTimeout(handle),
  };
}
