import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import snappy from "snappy";
import { describe, expect, it } from "vitest";
import {
  compressSnappy,
  decompress,
  decompressSnappy,
} from "../../../platform/event-log/kafka-codecs.ts";

describe("snappy", () => {
  const samples = [
    Buffer.alloc(0),
    Buffer.from("a"),
    Buffer.from("line\n".repeat(40_000)),
    randomBytes(200_000),
  ];

  it.each(samples)("comes back, framed: sample %#", (bytes) => {
    expect(decompressSnappy(compressSnappy(bytes)).equals(bytes)).toBe(true);
  });

  it.each(samples)("is read raw as well: sample %#", (bytes) => {
    const raw = snappy.compressSync(bytes);
    expect(decompressSnappy(raw).equals(bytes)).toBe(true);
  });

  it("carries the header of Java's framing and length-prefixed blocks", () => {
    const framed = compressSnappy(Buffer.from("abc"));
    expect(framed.subarray(0, 16).toString("hex")).toBe("82534e41505059000000000100000001");
    expect(framed.readUInt32BE(16)).toBe(framed.length - 20);
    expect((snappy.uncompressSync(framed.subarray(20)) as Buffer).toString()).toBe("abc");
  });

  const framed = compressSnappy(Buffer.from("line\n".repeat(40_000)));
  it.each([
    ["nothing", Buffer.alloc(0)],
    ["a frame cut in a length", framed.subarray(0, 18)],
    ["a frame cut in a block", framed.subarray(0, framed.length - 1)],
    ["a block that claims 4 GB", Buffer.from([0xff, 0xff, 0xff, 0xff, 0x0f, 0x00])],
    ["a length without end", Buffer.from([0xff, 0xff, 0xff, 0xff, 0xff, 0xff])],
    ["a damaged block", Buffer.from([0x05, 0xff, 0xff, 0xff])],
  ])("refuses %s", (_, bytes) => {
    expect(() => decompressSnappy(bytes)).toThrow(
      expect.objectContaining({ code: "METSUKE_LOG_CORRUPT" }),
    );
  });

  it("never crashes on mutated frames", () => {
    const codes = new Set<unknown>();
    for (let round = 0; round < 2_000; round++) {
      const bytes = Buffer.from(framed.subarray(0, 400));
      bytes[(round * 7_919) % bytes.length] = round % 256;
      bytes[(round * 104_729) % bytes.length] = (round >> 3) % 256;
      try {
        decompressSnappy(bytes);
      } catch (error) {
        codes.add((error as { code?: string }).code);
      }
    }
    expect([...codes]).toEqual(["METSUKE_LOG_CORRUPT"]);
  });
});

describe("other codecs", () => {
  it("reads gzip and what is not compressed", async () => {
    const bytes = Buffer.from("some text");
    expect((await decompress(1, gzipSync(bytes))).toString()).toBe("some text");
    expect(await decompress(0, bytes)).toBe(bytes);
    await expect(decompress(1, Buffer.from("no gzip"))).rejects.toMatchObject({
      code: "METSUKE_LOG_CORRUPT",
    });
  });

  it.each([
    [3, "lz4"],
    [4, "zstd"],
    [7, "codec 7"],
  ])("names codec %i", async (codec, name) => {
    await expect(decompress(codec, Buffer.alloc(1))).rejects.toMatchObject({
      code: "METSUKE_LOG_CODEC",
      message: expect.stringContaining(name),
      retryable: false,
    });
  });
});
