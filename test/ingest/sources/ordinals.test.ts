import { expect, test } from "vitest";
import { createOrdinalMemory, ordinalsOf } from "../../../ingest/sources/ordinals.ts";

const records = (...texts: string[]): Buffer[] => texts.map((text) => Buffer.from(text));

test("equal records of one list are told apart, asked in any order and as often as one likes", () => {
  const list = records("a", "b", "a", "a");
  const ordinal = ordinalsOf(list);
  expect(list.map(ordinal)).toEqual([0, 0, 1, 2]);
  expect(list.toReversed().map(ordinal)).toEqual([2, 1, 0, 0]);
});

test("a stream counts on over its batches", () => {
  const memory = createOrdinalMemory();
  const first = records("a", "a");
  const second = records("a", "b");
  expect(first.map(memory.take(first))).toEqual([0, 1]);
  expect(second.map(memory.take(second))).toEqual([2, 0]);
});

test("and forgets what is further back than its memory", () => {
  const memory = createOrdinalMemory(4);
  const near = records("a", "1", "2", "3", "a");
  expect(near.map(memory.take(near))).toEqual([0, 0, 0, 0, 1]);
  const far = records("4", "5", "6", "7", "a");
  expect(far.map(memory.take(far))).toEqual([0, 0, 0, 0, 0]);
});

test("4 096 records is how far a stream looks back", () => {
  const fill = (count: number): Buffer[] =>
    Array.from({ length: count }, (_, index) => Buffer.from(`x${index}`));
  for (const [between, expected] of [
    [4_095, 1],
    [4_096, 0],
  ] as const) {
    const list = [Buffer.from("a"), ...fill(between), Buffer.from("a")];
    const ordinals = list.map(createOrdinalMemory().take(list));
    expect(ordinals.at(-1)).toBe(expected);
  }
});

test("a whole file counts from its first record to its last", () => {
  const memory = createOrdinalMemory(Number.POSITIVE_INFINITY);
  const round = Array.from({ length: 10_000 }, (_, index) => Buffer.from(`x${index}`));
  for (let expected = 0; expected < 3; expected++) {
    const ordinals = round.map(memory.take(round));
    expect(new Set(ordinals)).toEqual(new Set([expected]));
  }
});

test("what framing leaves does not tell records apart, as it does not tell their ids apart", () => {
  const list = records("a", "a\r", "\uFEFFa", "a\0");
  expect(list.map(ordinalsOf(list))).toEqual([0, 1, 2, 3]);
  expect(list.map(createOrdinalMemory().take(list))).toEqual([0, 1, 2, 3]);
  expect(list.map(createOrdinalMemory(Number.POSITIVE_INFINITY).take(list))).toEqual([0, 1, 2, 3]);
});
