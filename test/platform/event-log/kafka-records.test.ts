import { describe, expect, it } from "vitest";
import { decodeSet } from "../../../platform/event-log/kafka-records.ts";
import { compressSnappy } from "../../../platform/event-log/kafka-codecs.ts";

interface Batch {
  readonly base: number;
  readonly values: readonly string[];
  readonly attributes?: number;
  readonly producer?: bigint;
  readonly times?: readonly [first: number, max: number];
}

const varint = (value: number): Buffer => {
  const bytes: number[] = [];
  let rest = value < 0 ? -2 * value - 1 : 2 * value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  return Buffer.from([...bytes, rest]);
};
const sized = (text: string | null) =>
  text === null ? varint(-1) : Buffer.concat([varint(Buffer.byteLength(text)), Buffer.from(text)]);

function record(index: number, value: string): Buffer {
  const body = Buffer.concat([
    Buffer.from([0]),
    varint(index * 10),
    varint(index),
    index % 2 === 0 ? sized(null) : sized(`key ${index}`),
    sized(value),
    varint(1),
    sized("__proto__"),
    sized("header"),
  ]);
  return Buffer.concat([varint(body.length), body]);
}

/** A batch as a broker sends it (format 2). */
function encode(batch: Batch): Buffer {
  const attributes = batch.attributes ?? 0;
  const plain = Buffer.concat(batch.values.map((value, index) => record(index, value)));
  const body = (attributes & 7) === 2 ? compressSnappy(plain) : plain;
  const head = Buffer.alloc(61);
  head.writeBigInt64BE(BigInt(batch.base), 0);
  head.writeInt32BE(49 + body.length, 8);
  head.writeInt8(2, 16);
  head.writeInt16BE(attributes, 21);
  head.writeInt32BE(batch.values.length - 1, 23);
  head.writeBigInt64BE(BigInt(batch.times?.[0] ?? 1_000), 27);
  head.writeBigInt64BE(BigInt(batch.times?.[1] ?? 1_010), 35);
  head.writeBigInt64BE(batch.producer ?? -1n, 43);
  head.writeInt32BE(batch.values.length, 57);
  return Buffer.concat([head, body]);
}

const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

describe("decodeSet", () => {
  const values = async (set: Buffer, from = 0, aborted: Parameters<typeof decodeSet>[2] = []) => {
    const { records, next } = await decodeSet(set, from, aborted);
    return { next, values: records.map(({ value }) => value.toString()) };
  };

  it.each([0, 2])("reads keys, headers, offsets and times (codec %i)", async (attributes) => {
    const { records, next } = await decodeSet(
      encode({ base: 7, values: ["a", "b"], attributes, times: [5_000_000_000_000, 0] }),
      0,
      [],
    );
    expect(next).toBe(9);
    expect(records.map(({ offset, key, appendedAt }) => [offset, key, appendedAt])).toEqual([
      [7, undefined, 5_000_000_000_000],
      [8, "key 1", 5_000_000_000_010],
    ]);
    expect(Object.getPrototypeOf(records[0]?.headers)).toBeNull();
    expect(Object.entries(records[0]?.headers ?? {})).toEqual([["__proto__", "header"]]);
  });

  it("uses the broker's time where the broker stamped the batch", async () => {
    const batch = { base: 0, values: ["a", "b"], attributes: 8, times: [1, 99] as const };
    const { records } = await decodeSet(encode(batch), 0, []);
    expect(records.map(({ appendedAt }) => appendedAt)).toEqual([99, 99]);
  });

  it("leaves out what is before the offset asked for, and a batch cut off at the end", async () => {
    const set = Buffer.concat([
      encode({ base: 0, values: ["a", "b", "c"] }),
      encode({ base: 3, values: ["d"] }),
    ]);
    expect(await values(set, 2)).toEqual({ next: 4, values: ["c", "d"] });
    expect(await values(set.subarray(0, -1), 0)).toEqual({ next: 3, values: ["a", "b", "c"] });
  });

  it("passes over control records and aborted transactions, and only those", async () => {
    const of = (base: number, text: string) =>
      encode({ base, values: [text], attributes: TRANSACTIONAL, producer: 5n });
    const marker = (base: number) =>
      encode({ base, values: ["end"], attributes: TRANSACTIONAL | CONTROL, producer: 5n });
    const other = encode({ base: 1, values: ["other"], attributes: TRANSACTIONAL, producer: 6n });
    const set = Buffer.concat([of(0, "aborted"), other, marker(2), of(3, "committed"), marker(4)]);
    const aborted = [{ producerId: 5n, firstOffset: 0 }];
    expect(await values(set, 0, aborted)).toEqual({ next: 5, values: ["other", "committed"] });
    // The transaction may have begun before what was fetched.
    const rest = Buffer.concat([of(1, "aborted too"), marker(2), of(3, "committed")]);
    expect(await values(rest, 1, aborted)).toEqual({ next: 4, values: ["committed"] });
  });

  it("goes beyond a batch of control records alone", async () => {
    const set = encode({ base: 4, values: ["end"], attributes: CONTROL });
    expect(await values(set, 4)).toEqual({ next: 5, values: [] });
  });

  it("takes a batch of 150 000 records", async () => {
    const many = Array.from({ length: 150_000 }, () => "x");
    expect((await decodeSet(encode({ base: 0, values: many }), 0, [])).records.length).toBe(
      150_000,
    );
  });

  it("refuses old formats and damaged records with METSUKE_LOG_CORRUPT, never otherwise", async () => {
    const good = encode({ base: 0, values: ["one", "two", "three"] });
    const old = Buffer.from(good);
    old.writeInt8(1, 16);
    await expect(decodeSet(old, 0, [])).rejects.toMatchObject({ code: "METSUKE_LOG_CORRUPT" });
    const codes: unknown[] = [];
    for (let index = 57; index < good.length; index++) {
      for (const byte of [0x00, 0x7f, 0x80, 0xff]) {
        const bad = Buffer.from(good);
        bad[index] = byte;
        await decodeSet(bad, 0, []).catch((error: { code?: string }) => codes.push(error.code));
      }
    }
    expect(codes.length).toBeGreaterThan(20);
    expect(new Set(codes)).toEqual(new Set(["METSUKE_LOG_CORRUPT"]));
  });
});
