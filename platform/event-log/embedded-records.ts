import { createHash } from "node:crypto";
import { MetsukeError } from "../errors.ts";
import type { LogRecord, StoredRecord } from "./port.ts";

/**
 * Bytes in the folder. Log key: u32 partition, u48 offset, both big-endian, so that a partition is
 * one range in order. Log value: f64 epoch ms, f64 bytes appended to the partition before it,
 * u32 length of a JSON array [key or null, headers], that array, then the record's value.
 */
const HEAD = 20;

export function logKey(partition: number, offset: number): Buffer {
  const key = Buffer.allocUnsafe(10);
  key.writeUInt32BE(partition, 0);
  key.writeUIntBE(offset, 4, 6);
  return key;
}

export const offsetOf = (key: Buffer): number => key.readUIntBE(4, 6);

export interface Place {
  readonly appendedAt: number;
  /** Bytes appended to the partition before this record. */
  readonly position: number;
}

export function encodeRecord(record: LogRecord, place: Place): Buffer {
  const about = Buffer.from(JSON.stringify([record.key ?? null, record.headers ?? {}]));
  const bytes = Buffer.allocUnsafe(HEAD + about.length + record.value.length);
  bytes.writeDoubleBE(place.appendedAt, 0);
  bytes.writeDoubleBE(place.position, 8);
  bytes.writeUInt32BE(about.length, 16);
  about.copy(bytes, HEAD);
  record.value.copy(bytes, HEAD + about.length);
  return bytes;
}

export const placeOf = (bytes: Buffer): Place => ({
  appendedAt: bytes.readDoubleBE(0),
  position: bytes.readDoubleBE(8),
});

export function decodeRecord(offset: number, bytes: Buffer): StoredRecord {
  const start = HEAD + bytes.readUInt32BE(16);
  const [key, headers] = parseAbout(bytes.toString("utf8", HEAD, start), offset);
  return {
    offset,
    appendedAt: bytes.readDoubleBE(0),
    key: key ?? undefined,
    value: bytes.subarray(start),
    headers,
  };
}

function parseAbout(text: string, offset: number): [string | null, Record<string, string>] {
  try {
    return JSON.parse(text) as [string | null, Record<string, string>];
  } catch (cause) {
    throw new MetsukeError("METSUKE_LOG_CORRUPT", `record at offset ${offset} is damaged`, {
      cause,
    });
  }
}

/** Cells are found by a hash, because LMDB keys are short and entity names need not be. */
export const cellKey = (key: string): Buffer =>
  createHash("sha256").update(key).digest().subarray(0, 16);

export function encodeCell(key: string, value: Uint8Array): Buffer {
  const length = Buffer.byteLength(key);
  const bytes = Buffer.allocUnsafe(4 + length + value.length);
  bytes.writeUInt32BE(length, 0);
  bytes.write(key, 4);
  bytes.set(value, 4 + length);
  return bytes;
}

export function decodeCell(bytes: Buffer): readonly [key: string, value: Uint8Array] {
  const end = 4 + bytes.readUInt32BE(0);
  return [bytes.toString("utf8", 4, end), bytes.subarray(end)];
}
