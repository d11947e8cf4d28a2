import { gunzip, type ZlibOptions } from "node:zlib";
import { promisify } from "node:util";
import snappy from "snappy";
import { MetsukeError } from "../errors.ts";

/**
 * Snappy as Java clients write it (xerial framing: 8 bytes magic, two big-endian u32 versions, then
 * blocks of u32 length and raw snappy) and as librdkafka writes it (one raw block).
 */
const MAGIC = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);
const HEADER = Buffer.concat([MAGIC, Buffer.from([0, 0, 0, 1, 0, 0, 0, 1])]);
const BLOCK = 65_536;
/** A batch that claims to be larger is refused before memory is given to it. */
const MAX_BYTES = 256 * 1_048_576;

const inflate: (bytes: Buffer, options: ZlibOptions) => Promise<Buffer> = promisify(gunzip);

export function compressSnappy(bytes: Buffer): Buffer {
  const parts: Buffer[] = [HEADER];
  for (let start = 0; start < bytes.length; start += BLOCK) {
    const block = snappy.compressSync(bytes.subarray(start, start + BLOCK));
    const length = Buffer.allocUnsafe(4);
    length.writeUInt32BE(block.length);
    parts.push(length, block);
  }
  return Buffer.concat(parts);
}

/** @throws METSUKE_LOG_CORRUPT */
export function decompressSnappy(bytes: Buffer): Buffer {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return block(bytes, MAX_BYTES);
  const parts: Buffer[] = [];
  let left = MAX_BYTES;
  let at = HEADER.length;
  while (at < bytes.length) {
    if (at + 4 > bytes.length) throw corrupt("a snappy frame ends early");
    const end = at + 4 + bytes.readUInt32BE(at);
    if (end > bytes.length) throw corrupt("a snappy frame ends early");
    const part = block(bytes.subarray(at + 4, end), left);
    left -= part.length;
    parts.push(part);
    at = end;
  }
  return parts.length === 1 && parts[0] !== undefined ? parts[0] : Buffer.concat(parts);
}

function block(bytes: Buffer, limit: number): Buffer {
  if (claimedLength(bytes) > limit) throw corrupt("a snappy block claims to be too large");
  try {
    return snappy.uncompressSync(bytes, { asBuffer: true }) as Buffer;
  } catch (cause) {
    throw corrupt("a snappy block is damaged", cause);
  }
}

/** The varint at the start of a raw snappy block. */
function claimedLength(bytes: Buffer): number {
  let value = 0;
  for (let index = 0; index < 5; index++) {
    const byte = bytes[index];
    if (byte === undefined) throw corrupt("a snappy block is empty");
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return value;
  }
  throw corrupt("a snappy block claims to be too large");
}

/**
 * Records of a batch by the codec number of its attributes (Kafka protocol, record batch).
 * @throws METSUKE_LOG_CODEC for lz4, zstd and unknown numbers, METSUKE_LOG_CORRUPT
 */
export async function decompress(codec: number, bytes: Buffer): Promise<Buffer> {
  switch (codec) {
    case 0:
      return bytes;
    case 1:
      try {
        return await inflate(bytes, { maxOutputLength: MAX_BYTES });
      } catch (cause) {
        throw corrupt("gzip data is damaged or too large", cause);
      }
    case 2:
      return decompressSnappy(bytes);
    default:
      throw new MetsukeError(
        "METSUKE_LOG_CODEC",
        `records are compressed with ${names[codec] ?? `codec ${codec}`}; set the producer's compression to gzip, snappy or none`,
      );
  }
}

const names: Readonly<Record<number, string>> = { 3: "lz4", 4: "zstd" };

const corrupt = (message: string, cause?: unknown) =>
  new MetsukeError("METSUKE_LOG_CORRUPT", message, { cause });
