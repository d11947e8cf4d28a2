import { expect, test } from "vitest";
import {
  type Lane,
  PATIENCE_MS,
  caughtUp,
  createLane,
  positionOf,
  takeTurn,
} from "../../../ingest/sources/kafka-lanes.ts";

const NOW = 1_000_000;
const limits = { maxBytes: 1_000_000, maxRecords: 1_000 };

/** A lane whose records have these record times, and whose end was seen `behind` records further. */
function lane(name: string, times: readonly number[], behind = 0): Lane {
  const made = createLane(name, 0, 0, NOW);
  made.queue = times
    .map((appendedAt, offset) => {
      const value = Buffer.from(name);
      return { offset, appendedAt, key: undefined, value, headers: {} };
    })
    .toReversed();
  made.fetched = times.length;
  made.end = times.length + behind;
  made.seenAt = NOW;
  return made;
}

const names = (lanes: readonly Lane[], over: Partial<typeof limits> = {}): string =>
  takeTurn(lanes, NOW, { ...limits, ...over })
    .map((taken) => taken.lane.topic)
    .join("");

test("lanes are merged by record time", () => {
  expect(names([lane("a", [1, 5, 6]), lane("b", [2, 3, 9])])).toBe("abbaab");
});

test("a lane that may still have earlier records stops the others", () => {
  const slow = lane("a", [1], 10);
  const fast = lane("b", [2, 3]);
  expect(names([slow, fast])).toBe("a");
  expect(names([slow, fast])).toBe("");
  slow.queue = [{ offset: 1, appendedAt: 2, key: undefined, value: Buffer.alloc(1), headers: {} }];
  slow.end = 2;
  expect(names([slow, fast])).toBe("abb");
});

test("one of which nothing is known yet stops them too", () => {
  const unknown = createLane("a", 0, 0, NOW);
  expect(names([unknown, lane("b", [1])])).toBe("");
});

test("one that is read to its end does not", () => {
  expect(names([lane("a", []), lane("b", [1, 2])])).toBe("bb");
});

test("a gap at the end of a log is waited for, but not for ever", () => {
  const gap = lane("a", [], 3);
  expect(caughtUp(gap)).toBe(false);
  gap.seenAt = gap.emptySince + PATIENCE_MS;
  expect(caughtUp(gap)).toBe(true);
  expect(names([gap, lane("b", [1])])).toBe("b");
  expect(positionOf(gap, NOW)).toBe(gap.emptySince);
});

test("a turn is bounded in records and bytes", () => {
  expect(names([lane("a", [1, 2, 3])], { maxRecords: 2 })).toBe("aa");
  expect(names([lane("a", [1, 2, 3])], { maxBytes: 1 })).toBe("a");
});

test("record times neither go back nor ahead of the clock", () => {
  const wild = lane("a", [50, 10, NOW * 9, 60]);
  expect(takeTurn([wild], NOW, limits).map(({ arrivedAt }) => arrivedAt)).toEqual([
    50,
    50,
    NOW,
    NOW,
  ]);
});

test("its position is what it will still hand over at the earliest", () => {
  const one = lane("a", [7, 8], 5);
  expect(positionOf(createLane("a", 0, 0, NOW), NOW)).toBe(0);
  expect(positionOf(one, NOW)).toBe(7);
  takeTurn([one], NOW, { ...limits, maxRecords: 1 });
  expect(positionOf(one, NOW)).toBe(8);
  takeTurn([one], NOW, limits);
  expect(positionOf(one, NOW)).toBe(8);
  one.end = one.next;
  one.seenAt = 900;
  expect(positionOf(one, NOW)).toBe(900);
});
