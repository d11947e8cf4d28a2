import { randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  applyChunks,
  CHUNK_BYTES,
  checksum,
  encodeChunks,
} from "../../../platform/event-log/kafka-chunks.ts";
import { BATCH_BYTES, splitLines } from "../../../platform/event-log/kafka-producer.ts";

describe("chunks", () => {
  it("carry cells of any size across their borders", () => {
    const cells = [
      ["", Buffer.alloc(0)],
      ["big", randomBytes(3 * CHUNK_BYTES)],
      ...Array.from({ length: 500 }, (_, index) => [`k${index}`, randomBytes(4_001)] as const),
    ] as const;
    const chunks = encodeChunks(cells);
    expect(chunks.length).toBeGreaterThan(4);
    expect(chunks.every(({ length }) => length <= CHUNK_BYTES)).toBe(true);
    const restored = new Map<string, Uint8Array>();
    applyChunks(chunks, restored);
    expect(restored.size).toBe(cells.length);
    for (const [key, value] of cells) {
      expect(Buffer.from(restored.get(key) ?? [1]).equals(value)).toBe(true);
    }
  });

  it("delete, replace, and may be none", () => {
    const restored = new Map<string, Uint8Array>([
      ["gone", Buffer.from("1")],
      ["old", Buffer.from("2")],
    ]);
    applyChunks(
      encodeChunks([
        ["gone", null],
        ["old", Buffer.from("3")],
      ]),
      restored,
    );
    expect([...restored]).toEqual([["old", Buffer.from("3")]]);
    expect(encodeChunks([])).toEqual([]);
  });

  it("are refused when they end within a cell", () => {
    const [chunk = Buffer.alloc(0)] = encodeChunks([["key", Buffer.from("value")]]);
    for (let length = 1; length < chunk.length; length++) {
      expect(() => applyChunks([chunk.subarray(0, length)], new Map())).toThrow("within a cell");
    }
  });

  it("have a checksum that depends on bytes and order", () => {
    const [one, two] = [Buffer.from("one"), Buffer.from("two")];
    expect(checksum([one, two])).not.toBe(checksum([two, one]));
    expect(checksum([])).toBe(0);
  });
});

describe("splitLines", () => {
  const join = (parts: readonly { readonly value: Buffer }[]) =>
    Buffer.concat(parts.map(({ value }) => value));

  it("cuts between lines, under the limit, and keeps key and headers", () => {
    const value = Buffer.from(`${"x".repeat(999)}\n`.repeat(2_500));
    const parts = splitLines({ key: "k", value, headers: { schema: "event/1" } });
    expect(parts.length).toBe(3);
    expect(join(parts).equals(value)).toBe(true);
    for (const part of parts) {
      expect(part.value.length).toBeLessThanOrEqual(BATCH_BYTES);
      expect(part.value.at(-1)).toBe(0x0a);
      expect(part).toMatchObject({ key: "k", headers: { schema: "event/1" } });
    }
  });

  it("leaves a line that is too long whole", () => {
    const long = "y".repeat(BATCH_BYTES + 5);
    const value = Buffer.from(`a\n${long}\nb\n${long}`);
    const parts = splitLines({ value });
    expect(join(parts).equals(value)).toBe(true);
    expect(parts.map(({ value: part }) => part.length)).toEqual([
      2,
      long.length + 1,
      2,
      long.length,
    ]);
  });

  it("leaves small records alone, empty ones too", () => {
    const record = { value: Buffer.alloc(0) };
    expect(splitLines(record).map(({ value }) => value.length)).toEqual([0]);
  });
});
