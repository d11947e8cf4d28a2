import { crc32 } from "node:zlib";
import { MetsukeError } from "../errors.ts";
import type { Cells } from "./port.ts";

/**
 * Cells as one stream of bytes, cut anywhere into chunks: u32 key length, u32 value length
 * (all ones: the cell is gone), key, value; big-endian.
 */
const HEAD = 8;
const GONE = 0xffff_ffff;
export const CHUNK_BYTES = 850_000;

/** Runs through `cells` at once, before anything is awaited, so that the cut is one moment. */
export function encodeChunks(cells: Cells): Buffer[] {
  const chunks: Buffer[] = [];
  let chunk = Buffer.allocUnsafe(CHUNK_BYTES);
  let used = 0;
  const put = (bytes: Uint8Array) => {
    let from = 0;
    while (from < bytes.length) {
      if (used === CHUNK_BYTES) {
        chunks.push(chunk);
        chunk = Buffer.allocUnsafe(CHUNK_BYTES);
        used = 0;
      }
      const part = bytes.subarray(from, from + CHUNK_BYTES - used);
      chunk.set(part, used);
      used += part.length;
      from += part.length;
    }
  };
  for (const [key, value] of cells) {
    const name = Buffer.from(key);
    const head = Buffer.allocUnsafe(HEAD);
    head.writeUInt32BE(name.length, 0);
    head.writeUInt32BE(value === null ? GONE : value.length, 4);
    put(head);
    put(name);
    if (value !== null) put(value);
  }
  if (used > 0) chunks.push(chunk.subarray(0, used));
  return chunks;
}

export function checksum(chunks: readonly Buffer[]): number {
  let value = 0;
  for (const chunk of chunks) value = crc32(chunk, value);
  return value;
}

/** Applies chunks of one cut to `cells`. @throws METSUKE_LOG_CORRUPT when they end within a cell */
export function applyChunks(chunks: readonly Buffer[], cells: Map<string, Uint8Array>): void {
  let rest = Buffer.alloc(0);
  for (const chunk of chunks) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let at = 0;
    for (;;) {
      if (at + HEAD > bytes.length) break;
      const keyEnd = at + HEAD + bytes.readUInt32BE(at);
      const length = bytes.readUInt32BE(at + 4);
      const end = length === GONE ? keyEnd : keyEnd + length;
      if (end > bytes.length) break;
      const key = bytes.toString("utf8", at + HEAD, keyEnd);
      if (length === GONE) cells.delete(key);
      else cells.set(key, bytes.subarray(keyEnd, end));
      at = end;
    }
    rest = Buffer.from(bytes.subarray(at));
  }
  if (rest.length > 0) throw new MetsukeError("METSUKE_LOG_CORRUPT", "a cut ends within a cell");
}
