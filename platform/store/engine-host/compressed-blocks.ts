import { cityHash128 } from "./city-hash.ts";

const LZ4 = 0x82;
const HEADER = 9;
const MAX_RAW = 65_000;

/**
 * Bytes in ClickHouse's block framing (`compress=1`): per block 16 bytes of CityHash128 over the
 * rest, method, u32 size with header, u32 raw size, LZ4 block. The block holds literals only, which
 * every LZ4 reader takes: on loopback, copying is cheaper than compressing.
 */
export function framed(bytes: Uint8Array): Buffer {
  const blocks: Buffer[] = [];
  for (let start = 0; start < bytes.length; start += MAX_RAW) {
    blocks.push(block(bytes.subarray(start, start + MAX_RAW)));
  }
  return Buffer.concat(blocks);
}

function block(raw: Uint8Array): Buffer {
  const literals = Buffer.concat([literalToken(raw.length), raw]);
  const header = Buffer.alloc(HEADER);
  header.writeUInt8(LZ4, 0);
  header.writeUInt32LE(literals.length + HEADER, 1);
  header.writeUInt32LE(raw.length, 5);
  const body = Buffer.concat([header, literals]);
  return Buffer.concat([cityHash128(body), body]);
}

/** LZ4 sequence without a match: 15 in the high nibble, then the rest of the length in 255s. */
function literalToken(length: number): Buffer {
  if (length < 15) return Buffer.of(length << 4);
  const rest = length - 15;
  return Buffer.concat([
    Buffer.of(0xf0),
    Buffer.alloc(Math.floor(rest / 255), 255),
    Buffer.of(rest % 255),
  ]);
}
