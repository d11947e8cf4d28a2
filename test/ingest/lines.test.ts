import { describe, expect, it } from "vitest";
import { createLineSplitter, type Line } from "../../ingest/lines.ts";

function split(text: string, size: number, kept?: number): Line[] {
  const splitter = createLineSplitter(kept);
  const bytes = Buffer.from(text, "latin1");
  const lines: Line[] = [];
  for (let at = 0; at < bytes.length; at += size)
    lines.push(...splitter.push(bytes.subarray(at, at + size)));
  return [...lines, ...splitter.end()];
}

const texts = (lines: readonly Line[]): string[] =>
  lines.map((line) => line.record.toString("latin1"));

describe("lines", () => {
  it.each([1, 2, 3, 7, 100])("are the same in chunks of %d bytes", (size) => {
    const text = "one\ntwo\r\n\n\r\nthree \xff\0\nlast";
    expect(texts(split(text, size))).toEqual(["one", "two\r", "three \xff\0", "last"]);
  });

  it("are cut in bounded memory, counted whole, and leave their neighbours alone", () => {
    const lines = split(`a\n${"x".repeat(1000)}\nb\n`, 64, 100);
    expect(texts(lines)).toEqual(["a", "x".repeat(100), "b"]);
    expect(lines.map((line) => line.bytes)).toEqual([1, 1000, 1]);
  });

  it("do not change when the reader fills its buffer again", () => {
    const splitter = createLineSplitter();
    const chunk = Buffer.from("half");
    splitter.push(chunk);
    chunk.fill(0x78);
    expect(texts(splitter.push(Buffer.from(" whole\n")))).toEqual(["half whole"]);
  });
});
