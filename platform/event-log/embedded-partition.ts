import type { Files, Start } from "./embedded-files.ts";
import { decodeRecord, encodeRecord, logKey, offsetOf, placeOf } from "./embedded-records.ts";
import type { LogRecord, StoredRecord } from "./port.ts";

const BATCH_RECORDS = 1_000;
const BATCH_BYTES = 4 * 1_048_576;
const TRIM_RECORDS = 2_000;

export interface Partition {
  /** Queues the writes of `records`; call within a commit, then `settle` once that is durable. */
  write(records: readonly LogRecord[], now: number): () => void;
  read(from: number, signal: AbortSignal): AsyncIterable<readonly StoredRecord[]>;
  bounds(): { readonly first: number; readonly next: number };
  /** Deletes records taken before `before` (epoch ms) or further than `bytes` from the end. */
  trim(before: number, bytes: number): Promise<void>;
}

interface State {
  readonly id: number;
  readonly waiting: Set<() => void>;
  first: number;
  next: number;
  position: number;
  /** End of what readers may see: durable, and nothing before it is still being written. */
  durable: number;
}

/** One partition: a range of keys in the log table, with its end kept in memory. */
export function openPartition(files: Files, id: number): Partition {
  const start = (files.meta.get(`start ${id}`) as Start | undefined) ?? { offset: 0, position: 0 };
  const { next, position } = endOf(files, id, start);
  const state: State = {
    id,
    waiting: new Set(),
    first: start.offset,
    next,
    position,
    durable: next,
  };
  return {
    write: (records, now) => write(files, state, records, now),
    read: (from, signal) => follow(files, state, from, signal),
    bounds: () => ({ first: state.first, next: state.durable }),
    async trim(before, bytes) {
      while (await trimSome(files, state, before, bytes));
    },
  };
}

function write(files: Files, state: State, records: readonly LogRecord[], now: number) {
  for (const record of records) {
    const bytes = encodeRecord(record, { appendedAt: now, position: state.position });
    void files.log.put(logKey(state.id, state.next), bytes);
    state.position += bytes.length;
    state.next += 1;
  }
  const end = state.next;
  return () => {
    state.durable = Math.max(state.durable, end);
    for (const resume of state.waiting) resume();
  };
}

async function* follow(files: Files, state: State, from: number, signal: AbortSignal) {
  let at = from;
  while (!signal.aborted) {
    await untilMore(state.waiting, signal, () => at < state.durable);
    if (signal.aborted) return;
    const end = state.durable;
    const batch = readBatch(files, logKey(state.id, at), logKey(state.id, end));
    // A range may be empty: trimmed, or offsets of an append that failed.
    at = (batch.at(-1)?.offset ?? end - 1) + 1;
    if (batch.length > 0) yield batch;
  }
}

/** @returns whether there may be more to delete */
async function trimSome(
  files: Files,
  state: State,
  before: number,
  bytes: number,
): Promise<boolean> {
  const { id } = state;
  files.log.resetReadTxn();
  const gone: Buffer[] = [];
  let kept: Start | undefined;
  const range = { start: logKey(id, state.first), end: logKey(id, state.durable) };
  for (const { key, value } of files.log.getRange({ ...range, limit: TRIM_RECORDS })) {
    const place = placeOf(value);
    if (place.appendedAt >= before && state.position - place.position <= bytes) {
      kept = { offset: offsetOf(key), position: place.position };
      break;
    }
    gone.push(key);
  }
  const last = gone.at(-1);
  if (last === undefined) return false;
  const upTo = kept ?? { offset: offsetOf(last) + 1, position: state.position };
  await files.commit(() => {
    for (const key of gone) void files.log.remove(key);
    void files.meta.put(`start ${id}`, upTo);
  });
  state.first = upTo.offset;
  return kept === undefined && gone.length === TRIM_RECORDS;
}

function endOf({ log }: Files, id: number, start: Start): { next: number; position: number } {
  const range = { start: logKey(id, 2 ** 48 - 1), end: logKey(id, 0), reverse: true, limit: 1 };
  for (const { key, value } of log.getRange({ ...range, inclusiveEnd: true })) {
    return { next: offsetOf(key) + 1, position: placeOf(value).position + value.length };
  }
  return { next: start.offset, position: start.position };
}

function readBatch({ log }: Files, start: Buffer, end: Buffer): StoredRecord[] {
  // Without this a reader may look at the snapshot from before the commit that woke it.
  log.resetReadTxn();
  const batch: StoredRecord[] = [];
  let bytes = 0;
  for (const { key, value } of log.getRange({ start, end, limit: BATCH_RECORDS })) {
    batch.push(decodeRecord(offsetOf(key), value));
    bytes += value.length;
    if (bytes >= BATCH_BYTES) break;
  }
  return batch;
}

function untilMore(
  waiting: Set<() => void>,
  signal: AbortSignal,
  there: () => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted || there()) {
      resolve();
      return;
    }
    const resume = () => {
      signal.removeEventListener("abort", resume);
      waiting.delete(resume);
      resolve();
    };
    waiting.add(resume);
    signal.addEventListener("abort", resume, { once: true });
  });
}
