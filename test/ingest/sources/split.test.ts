import { describe, expect, test } from "vitest";
import { createBodySplitter, splitMessage } from "../../../ingest/sources/split-json.ts";
import { createLineSplitter } from "../../../ingest/sources/split.ts";

const bodies: readonly { name: string; body: string; records: readonly string[] }[] = [
  { name: "NDJSON", body: '{"a":1}\n{"b":2}\n', records: ['{"a":1}', '{"b":2}'] },
  { name: "CRLF, no last newline", body: '{"a":1}\r\n{"b":2}', records: ['{"a":1}', '{"b":2}'] },
  { name: "an array", body: '[{"a":1}, {"b":[2,"]"]}]', records: ['{"a":1}', '{"b":[2,"]"]}'] },
  {
    name: "an array over lines",
    body: '[\n  {"a":1},\n  {"b":2}\n]\n',
    records: ['{"a":1}', '{"b":2}'],
  },
  { name: "an array with a BOM", body: '\ufeff[{"a":1}]', records: ['{"a":1}'] },
  {
    name: "escapes",
    body: '[{"a":"\\"],["},{"b":"\\\\"}]',
    records: ['{"a":"\\"],["}', '{"b":"\\\\"}'],
  },
  { name: "an array of lines", body: '["a, b", "c\\nd"]', records: ["a, b", "c\nd"] },
  { name: "an empty array", body: " [ ] ", records: [] },
  { name: "an array never closed", body: '[{"a":1},{"b":', records: ['{"a":1}', '{"b":'] },
  { name: "something after the array", body: '[{"a":1}] {"b":2}', records: ['{"a":1}', '{"b":2}'] },
  {
    name: "a broken element",
    body: '[{"a":1},nonsense,{"b":2}]',
    records: ['{"a":1}', "nonsense", '{"b":2}'],
  },
  {
    name: "a log line in brackets",
    body: "[24/Nov/2026] a\nb\n",
    records: ["[24/Nov/2026] a", "b"],
  },
  { name: "only a bracket", body: "[", records: ["["] },
  { name: "nothing", body: "", records: [] },
];

describe.each(bodies)("a body: $name", ({ body, records }) => {
  test("is the same however it is cut", () => {
    const bytes = Buffer.from(body);
    for (let at = 0; at <= bytes.length; at++) {
      const splitter = createBodySplitter(1_000);
      const parts = [
        splitter.push(bytes.subarray(0, at)),
        splitter.push(bytes.subarray(at)),
        splitter.end(),
      ];
      expect(parts.flatMap((part) => part.records.map(String))).toEqual(records);
    }
  });
});

test("a long line is refused with its head; its neighbours are not touched", () => {
  const splitter = createLineSplitter(8);
  const { records, refused } = splitter.push(Buffer.from("short\n0123456789abc\nalso\n"));
  expect(records.map(String)).toEqual(["short", "also"]);
  expect(refused.map(({ bytes }) => bytes.toString())).toEqual(["01234567"]);
});

test("rest says how many bytes wait for their line feed", () => {
  const splitter = createLineSplitter(100);
  splitter.push(Buffer.from("one\ntw"));
  expect(splitter.rest()).toBe(2);
  splitter.push(Buffer.from("o\n"));
  expect(splitter.rest()).toBe(0);
});

describe("a message", () => {
  const records = (text: string): string[] =>
    splitMessage(Buffer.from(text), 1_000).records.map(String);

  test.each([
    ["one document", '{"a":1}\n', ['{"a":1}']],
    ["NDJSON", '{"a":1}\n{"b":2}', ['{"a":1}', '{"b":2}']],
    ["one document printed over lines", '{\n "a": 1\n}', ['{\n "a": 1\n}']],
    ["a broken line among NDJSON", '{"a":1}\n{"b\n{"c":3}', ['{"a":1}', '{"b', '{"c":3}']],
    ["an array", '[{"a":1},{"b":2}]', ['{"a":1}', '{"b":2}']],
    ["a text line with its newline", "Nov 24 h sshd[1]: x\n", ["Nov 24 h sshd[1]: x"]],
    ["a line break inside text starts nothing", "a\nb\n", ["a\nb"]],
    ["a bracketed text", "[24/Nov] a\nb", ["[24/Nov] a\nb"]],
    ["blank", " \n\0", ["\0"]],
    ["empty", "", []],
  ])("%s", (_name, text, expected) => {
    expect(records(text)).toEqual(expected);
  });

  test("above the limit is refused", () => {
    expect(splitMessage(Buffer.from("x".repeat(50)), 10).refused).toHaveLength(1);
  });
});
