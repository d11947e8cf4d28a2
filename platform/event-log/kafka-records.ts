import { MetsukeError } from "../errors.ts";
import { decompress } from "./kafka-codecs.ts";
import type { StoredRecord } from "./port.ts";

/** Record batch format 2 (Kafka protocol guide, "Record Batch"): field positions in its header. */
const LENGTH = 8;
const FORMAT = 16;
const ATTRIBUTES = 21;
const LAST_DELTA = 23;
const FIRST_TIME = 27;
const MAX_TIME = 35;
const PRODUCER = 43;
const COUNT = 57;
const HEADER = 61;
/** Bytes before the length field's count begins. */
const PREFIX = 12;

/** Bits of the attributes. */
const CODEC = 0x07;
const ARRIVAL = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

export interface AbortedTransaction {
  readonly producerId: bigint;
  readonly firstOffset: number;
}

export interface DecodedSet {
  readonly records: StoredRecord[];
  /** Where to read next; beyond every whole batch, also those that hold nothing for readers. */
  readonly next: number;
}

/**
 * The records of a fetched set at or after `from`, without control records and aborted
 * transactions. A batch cut off at the end is left for the next fetch.
 * @throws METSUKE_LOG_CORRUPT, METSUKE_LOG_CODEC
 */
export async function decodeSet(
  bytes: Buffer,
  from: number,
  aborted: readonly AbortedTransaction[],
): Promise<DecodedSet> {
  const records: StoredRecord[] = [];
  const context: Context = {
    from,
    pending: aborted.toSorted((one, two) => one.firstOffset - two.firstOffset),
    discarded: new Set(),
    records,
  };
  let next = from;
  let at = 0;
  while (at + HEADER <= bytes.length) {
    const end = at + PREFIX + bytes.readInt32BE(at + LENGTH);
    if (end > bytes.length) break;
    const batch = bytes.subarray(at, end);
    if (batch.length < HEADER || batch.readInt8(FORMAT) !== 2) {
      throw corrupt(next, "is not in record batch format 2");
    }
    next = Math.max(next, (await decodeBatch(batch, context)) + 1);
    at = end;
  }
  return { records, next };
}

interface Context {
  readonly from: number;
  /** Aborted transactions that begin further on, nearest first. */
  readonly pending: AbortedTransaction[];
  /** Producers whose transaction at this point of the log was aborted. */
  readonly discarded: Set<bigint>;
  readonly records: StoredRecord[];
}

/** @returns the last offset of the batch */
async function decodeBatch(batch: Buffer, context: Context): Promise<number> {
  const base = Number(batch.readBigInt64BE(0));
  const last = base + batch.readInt32BE(LAST_DELTA);
  const attributes = batch.readInt16BE(ATTRIBUTES);
  const producer = batch.readBigInt64BE(PRODUCER);
  while (context.pending[0] !== undefined && context.pending[0].firstOffset <= last) {
    context.discarded.add(context.pending[0].producerId);
    context.pending.shift();
  }
  if ((attributes & CONTROL) !== 0) {
    context.discarded.delete(producer);
    return last;
  }
  if ((attributes & TRANSACTIONAL) !== 0 && context.discarded.has(producer)) return last;
  const body = await decompress(attributes & CODEC, batch.subarray(HEADER));
  const times = {
    first: Number(batch.readBigInt64BE(FIRST_TIME)),
    // Set when the broker stamped the whole batch on arrival.
    arrival: (attributes & ARRIVAL) === 0 ? undefined : Number(batch.readBigInt64BE(MAX_TIME)),
  };
  try {
    const cursor = { bytes: body, at: 0 };
    for (let left = batch.readInt32BE(COUNT); left > 0; left--) {
      const record = decodeRecord(cursor, base, times);
      if (record.offset >= context.from) context.records.push(record);
    }
  } catch (cause) {
    if (cause instanceof RangeError) throw corrupt(base, "is damaged", cause);
    throw cause;
  }
  return last;
}

interface Cursor {
  readonly bytes: Buffer;
  at: number;
}

function decodeRecord(
  cursor: Cursor,
  base: number,
  times: { readonly first: number; readonly arrival: number | undefined },
): StoredRecord {
  const length = varint(cursor);
  const end = cursor.at + length;
  if (length < 0 || end > cursor.bytes.length) throw new RangeError("record length");
  cursor.at += 1;
  const delta = varint(cursor);
  const offset = base + varint(cursor);
  const key = field(cursor)?.toString("utf8");
  const value = field(cursor) ?? Buffer.alloc(0);
  const headers: Record<string, string> = Object.create(null);
  for (let left = varint(cursor); left > 0; left--) {
    const name = field(cursor)?.toString("utf8") ?? "";
    headers[name] = field(cursor)?.toString("utf8") ?? "";
  }
  cursor.at = end;
  return { offset, appendedAt: times.arrival ?? times.first + delta, key, value, headers };
}

/** Length-prefixed bytes; undefined for null. */
function field(cursor: Cursor): Buffer | undefined {
  const length = varint(cursor);
  if (length < 0) return undefined;
  const start = cursor.at;
  cursor.at += length;
  if (cursor.at > cursor.bytes.length) throw new RangeError("field length");
  return cursor.bytes.subarray(start, cursor.at);
}

/** Zigzag variable-length integer, at most 10 bytes. */
function varint(cursor: Cursor): number {
  let value = 0;
  let scale = 1;
  for (let count = 0; count < 10; count++) {
    const byte = cursor.bytes[cursor.at++];
    if (byte === undefined) throw new RangeError("variable-length integer");
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
    scale *= 128;
  }
  throw new RangeError("variable-length integer");
}

const corrupt = (offset: number, what: string, cause?: unknown) =>
  new MetsukeError("METSUKE_LOG_CORRUPT", `the batch at offset ${offset} ${what}`, { cause });
