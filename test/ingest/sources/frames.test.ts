import { describe, expect, test } from "vitest";
import { createFramer } from "../../../ingest/sources/frames.ts";

const octets = (text: string): string => `${Buffer.byteLength(text)} ${text}`;

interface Case {
  readonly name: string;
  readonly bytes: string;
  readonly records: readonly string[];
  readonly refused?: readonly string[];
  readonly max?: number;
}

const cases: readonly Case[] = [
  { name: "LF", bytes: "<38>a\n<38>b\n", records: ["<38>a", "<38>b"] },
  { name: "LF, last one missing", bytes: "<38>a\n<38>b", records: ["<38>a", "<38>b"] },
  { name: "NUL before LF", bytes: "<38>a\0\n<38>b\0\n", records: ["<38>a", "<38>b"] },
  { name: "NUL alone", bytes: "<38>a\0<38>b\0", records: ["<38>a", "<38>b"] },
  { name: "blank lines", bytes: "\n\r\n<38>a\n\n  \n<38>b\n", records: ["<38>a", "<38>b"] },
  { name: "octets", bytes: octets("<38>a") + octets("<38>b"), records: ["<38>a", "<38>b"] },
  { name: "octets with a line break inside", bytes: octets("<38>a\nb"), records: ["<38>a\nb"] },
  {
    name: "octets with an LF between",
    bytes: `${octets("<38>a")}\n${octets("<38>b")}`,
    records: ["<38>a", "<38>b"],
  },
  {
    name: "octets count bytes",
    bytes: octets("<38>é") + octets("<38>b"),
    records: ["<38>é", "<38>b"],
  },
  {
    name: "a line among octets",
    bytes: `${octets("<38>a")}<38>b\n${octets("<38>c")}`,
    records: ["<38>a", "<38>b", "<38>c"],
  },
  {
    name: "a line that looks like a frame, on a connection of lines",
    bytes: "<38>a\n9999 <38>evil\n<38>b\n",
    records: ["<38>a", "9999 <38>evil", "<38>b"],
  },
  {
    name: "a date is no length",
    bytes: "2026-11-24T10:00:00Z h p: a\n",
    records: ["2026-11-24T10:00:00Z h p: a"],
  },
  {
    name: "eight digits are no length",
    bytes: "12345678 a\n<38>b\n",
    records: ["12345678 a", "<38>b"],
  },
  { name: "no PRI", bytes: "Nov 24 10:00:00 h p: a\n", records: ["Nov 24 10:00:00 h p: a"] },
  {
    name: "a frame above the limit is skipped whole",
    bytes: octets("x".repeat(50)) + octets("<38>b"),
    records: ["<38>b"],
    refused: ["record_too_long"],
    max: 20,
  },
  {
    name: "a line above the limit is skipped whole",
    bytes: `<38>${"x".repeat(50)}\n<38>b\n`,
    records: ["<38>b"],
    refused: ["record_too_long"],
    max: 20,
  },
  { name: "a frame cut off", bytes: "99 <38>a", records: [], refused: ["frame_cut"] },
  { name: "only digits", bytes: "123", records: ["123"] },
  { name: "nothing", bytes: "", records: [] },
  { name: "only filler", bytes: "\n\0 \r\n", records: [] },
];

function frame(chunks: readonly Buffer[], max = 1_000, orderly = true) {
  const framer = createFramer(max);
  const all = [...chunks.map((chunk) => framer.push(chunk)), framer.end(orderly)];
  return {
    records: all.flatMap(({ records }) => records.map(String)),
    refused: all.flatMap(({ refused }) => refused.map(({ code }) => code)),
  };
}

describe.each(cases)("$name", ({ bytes, records, refused = [], max }) => {
  const whole = Buffer.from(bytes);

  test("in one piece", () => {
    expect(frame([whole], max)).toEqual({ records, refused });
  });

  test("cut in two at every byte, and byte by byte", () => {
    for (let at = 0; at <= whole.length; at++) {
      expect(frame([whole.subarray(0, at), whole.subarray(at)], max)).toEqual({ records, refused });
    }
    expect(
      frame(
        [...whole].map((byte) => Buffer.from([byte])),
        max,
      ),
    ).toEqual({ records, refused });
  });
});

test("a line without end counts only after an orderly end", () => {
  const bytes = [Buffer.from("<38>a from 10.0.0.1")];
  expect(frame(bytes, 1_000, true).records).toHaveLength(1);
  expect(frame(bytes, 1_000, false)).toEqual({ records: [], refused: ["frame_cut"] });
});

test("what is refused keeps its head and says how long it was", () => {
  const framer = createFramer(10);
  const { refused } = framer.push(Buffer.from(`<38>${"x".repeat(96)}\n`));
  expect(refused[0]?.bytes.toString()).toBe("<38>xxxxxx");
  expect(refused[0]?.reason).toContain("100 bytes");
});

test("hostile streams neither throw nor keep more than the limit", () => {
  let seed = 7;
  const random = (): number => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) >>> 0;
    return seed / 2 ** 32;
  };
  const pieces = [
    "1 ",
    "9999999 ",
    "00 ",
    "\0",
    "\n",
    "<38>",
    "99",
    " ",
    "x".repeat(300),
    "\u00ff",
    "-5 ",
    "5\t",
  ];
  for (let round = 0; round < 2_000; round++) {
    const framer = createFramer(100);
    for (let index = 0; index < 12; index++) {
      const piece = pieces[Math.floor(random() * pieces.length)] ?? "";
      const { records, refused } = framer.push(Buffer.from(piece, "latin1"));
      for (const record of records) expect(record.length).toBeLessThanOrEqual(100);
      for (const { bytes } of refused) expect(bytes.length).toBeLessThanOrEqual(100);
    }
    framer.end(false);
  }
});

test("a chunk of many short lines takes time in proportion", () => {
  const chunk = Buffer.from("<38>a\n".repeat(100_000));
  const started = process.hrtime.bigint();
  expect(createFramer(1_000).push(chunk).records).toHaveLength(100_000);
  expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(2_000);
});
