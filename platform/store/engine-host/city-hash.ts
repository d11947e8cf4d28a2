/**
 * CityHash128 in the version 1.0.2 (Pike, Alakuijala; Google 2011), which ClickHouse's block
 * framing is bound to; later versions give other values.
 */
const K0 = 0xc3a5c85c97cb3127n;
const K1 = 0xb492b66fbe98f273n;
const K2 = 0x9ae16a3b2f90404fn;
const K3 = 0xc949d7c7509e6557n;
const MUL = 0x9ddfea08eb382d69n;

type Pair = readonly [first: bigint, second: bigint];

const u64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotate = (value: bigint, by: bigint): bigint => u64((value >> by) | (value << (64n - by)));
const shiftMix = (value: bigint): bigint => value ^ (value >> 47n);

/** The 16 bytes as ClickHouse writes them: low half first, little endian. */
export function cityHash128(data: Buffer): Buffer {
  const [low, high] = hash(data);
  const out = Buffer.alloc(16);
  out.writeBigUInt64LE(low, 0);
  out.writeBigUInt64LE(high, 8);
  return out;
}

function hash(data: Buffer): Pair {
  const fetch = (at: number) => data.readBigUInt64LE(at);
  const { length } = data;
  if (length >= 16) return seeded(data.subarray(16), [fetch(0) ^ K3, fetch(8)]);
  if (length >= 8) {
    const seed: Pair = [fetch(0) ^ u64(BigInt(length) * K0), fetch(length - 8) ^ K1];
    return murmur(Buffer.alloc(0), seed);
  }
  return murmur(data, [K0, K1]);
}

function seeded(data: Buffer, seed: Pair): Pair {
  if (data.length < 128) return murmur(data, seed);
  const fetch = (at: number) => data.readBigUInt64LE(at);
  let left = data.length;
  let at = 0;
  let [x, y] = seed;
  let z = u64(BigInt(left) * K1);
  let v0 = u64(rotate(y ^ K1, 49n) * K1 + fetch(0));
  let v1 = u64(rotate(v0, 42n) * K1 + fetch(8));
  let w0 = u64(rotate(u64(y + z), 35n) * K1 + x);
  let w1 = u64(rotate(u64(x + fetch(88)), 53n) * K1);
  while (left >= 128) {
    for (let half = 0; half < 2; half++) {
      x = u64(rotate(u64(x + y + v0 + fetch(at + 16)), 37n) * K1) ^ w1;
      y = u64(rotate(u64(y + v1 + fetch(at + 48)), 42n) * K1) ^ v0;
      z = rotate(z ^ w0, 33n);
      [v0, v1] = weak(data, at, [u64(v1 * K1), u64(x + w0)]);
      [w0, w1] = weak(data, at + 32, [u64(z + w1), y]);
      [z, x] = [x, z];
      at += 64;
    }
    left -= 128;
  }
  y = u64(y + rotate(w0, 37n) * K0 + z);
  x = u64(x + rotate(u64(v0 + z), 49n) * K0);
  for (let done = 0; done < left;) {
    done += 32;
    y = u64(rotate(u64(y - x), 42n) * K0 + v1);
    w0 = u64(w0 + fetch(at + left - done + 16));
    x = u64(rotate(x, 49n) * K0 + w0);
    w0 = u64(w0 + v0);
    [v0, v1] = weak(data, at + left - done, [v0, v1]);
  }
  x = len16(x, v0);
  y = len16(y, w0);
  return [u64(len16(u64(x + v1), w1) + y), len16(u64(x + w1), u64(y + v1))];
}

function murmur(data: Buffer, seed: Pair): Pair {
  const fetch = (at: number) => data.readBigUInt64LE(at);
  const { length } = data;
  let [a, b] = seed;
  let c: bigint;
  let d: bigint;
  if (length <= 16) {
    a = u64(shiftMix(u64(a * K1)) * K1);
    c = u64(b * K1 + upTo16(data));
    d = shiftMix(u64(a + (length >= 8 ? fetch(0) : c)));
  } else {
    c = len16(u64(fetch(length - 8) + K1), a);
    d = len16(u64(b + BigInt(length)), u64(c + fetch(length - 16)));
    a = u64(a + d);
    for (let at = 0; at < length - 16; at += 16) {
      a = u64((a ^ u64(shiftMix(u64(fetch(at) * K1)) * K1)) * K1);
      b ^= a;
      c = u64((c ^ u64(shiftMix(u64(fetch(at + 8) * K1)) * K1)) * K1);
      d ^= c;
    }
  }
  a = len16(a, c);
  b = len16(d, b);
  return [a ^ b, len16(b, a)];
}

function upTo16(data: Buffer): bigint {
  const { length } = data;
  const size = BigInt(length);
  if (length > 8) {
    const b = data.readBigUInt64LE(length - 8);
    return len16(data.readBigUInt64LE(0), rotate(u64(b + size), size)) ^ b;
  }
  if (length >= 4) {
    const a = BigInt(data.readUInt32LE(0));
    return len16(u64(size + (a << 3n)), BigInt(data.readUInt32LE(length - 4)));
  }
  if (length === 0) return K2;
  const y = BigInt(data.readUInt8(0)) + (BigInt(data.readUInt8(length >> 1)) << 8n);
  const z = size + (BigInt(data.readUInt8(length - 1)) << 2n);
  return u64(shiftMix(u64(y * K2) ^ u64(z * K3)) * K2);
}

function weak(data: Buffer, at: number, [seedA, seedB]: Pair): Pair {
  const w = data.readBigUInt64LE(at);
  const z = data.readBigUInt64LE(at + 24);
  const first = u64(seedA + w);
  const mixed = rotate(u64(seedB + first + z), 21n);
  const sum = u64(first + data.readBigUInt64LE(at + 8) + data.readBigUInt64LE(at + 16));
  return [u64(sum + z), u64(mixed + rotate(sum, 44n) + first)];
}

function len16(low: bigint, high: bigint): bigint {
  const a = shiftMix(u64((low ^ high) * MUL));
  const b = shiftMix(u64((high ^ a) * MUL));
  return u64(b * MUL);
}
