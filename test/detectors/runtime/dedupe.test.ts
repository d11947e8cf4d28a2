import { describe, expect, it } from "vitest";
import {
  addFutureId,
  addId,
  createDedupe,
  type Dedupe,
  dedupeCells,
  expireIds,
  hasId,
  indexIds,
  restoreDedupeCell,
} from "../../../detectors/runtime/dedupe.ts";
import { hash128 } from "../../../schemas/ids.ts";

const HOUR = 3_600_000;
const CAP = 64 * 1024 * 1024;
const id = (number: number): string => hash128(String(number));

function copyOf(dedupe: Dedupe): Dedupe {
  const copy = createDedupe(CAP);
  const numbers = dedupe.segments.map((segment) => segment.number);
  for (const [key, value] of dedupeCells(dedupe, numbers, true)) {
    if (value !== null) restoreDedupeCell(copy, key, value);
  }
  indexIds(copy);
  return copy;
}

describe("dedupe", () => {
  it("knows what it took, nothing else, and the same after a restore", () => {
    const dedupe = createDedupe(CAP);
    for (let number = 0; number < 20_000; number++) addId(dedupe, id(number), number * 1000);
    for (const one of [dedupe, copyOf(dedupe)]) {
      for (let number = 0; number < 20_000; number += 37)
        expect(hasId(one, id(number), 0)).toBe(true);
      for (let number = 20_000; number < 21_000; number++)
        expect(hasId(one, id(number), 0)).toBe(false);
    }
  });

  it("takes ids that are no hex, and tells case apart", () => {
    const dedupe = createDedupe(CAP);
    addId(dedupe, "event 1", 0);
    addId(dedupe, id(1).toUpperCase(), 0);
    expect(hasId(dedupe, "event 1", 0)).toBe(true);
    expect(hasId(dedupe, "event 2", 0)).toBe(false);
    expect(hasId(dedupe, id(1), 0)).toBe(false);
  });

  it("forgets behind the horizon and keeps finding the rest", () => {
    const dedupe = createDedupe(CAP);
    for (let number = 0; number < 50_000; number++) {
      addId(dedupe, id(number), number * 10_000);
      if (number % 1000 === 0) expireIds(dedupe, number * 10_000 - 24 * HOUR);
    }
    const horizon = 50_000 * 10_000 - 24 * HOUR;
    expect(dedupe.segments.length).toBeLessThan(6);
    expect(hasId(dedupe, id(49_000), horizon)).toBe(true);
    expect(hasId(dedupe, id(42_000), horizon)).toBe(true);
    expect(hasId(dedupe, id(10), horizon)).toBe(false);
    expect(hasId(copyOf(dedupe), id(42_000), horizon)).toBe(true);
  });

  it("shortens the horizon at its byte cap and says so", () => {
    const dedupe = createDedupe(4096 * 36 * 3);
    for (let number = 0; number < 40_000; number++) addId(dedupe, id(number), number * 1000);
    expect(dedupe.segments.length).toBe(3);
    expect(dedupe.shortened).toBeGreaterThan(0);
    expect(dedupe.floor).toBeGreaterThan(20_000_000);
    expect(hasId(dedupe, id(39_999), dedupe.floor)).toBe(true);
  });

  it("keeps ids dated ahead apart, bounded, until their time is behind the horizon", () => {
    const dedupe = createDedupe(CAP);
    addFutureId(dedupe, id(1), 48 * HOUR);
    expireIds(dedupe, 47 * HOUR);
    expect(hasId(copyOf(dedupe), id(1), 0)).toBe(true);
    expireIds(dedupe, 49 * HOUR);
    expect(hasId(dedupe, id(1), 0)).toBe(false);
    for (let number = 0; number < 20_000; number++) addFutureId(dedupe, id(number), 1e15);
    expect(dedupe.future.size).toBe(16_384);
    expect(dedupe.shortened).toBe(20_000 - 16_384);
  });
});
