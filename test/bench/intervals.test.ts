import { describe, expect, it } from "vitest";
import {
  type Chance,
  meanOverSeeds,
  observedOverNominal,
  shareOverSeeds,
} from "../../bench/detection/intervals.ts";

describe("intervals of the evaluation", () => {
  it("gives the mean over seeds Student's bounds, and none to a single seed", () => {
    const { value, low, high } = meanOverSeeds([1, 2, 3]);
    expect(value).toBe(2);
    // t(.975, 2) = 4.303, s = 1, n = 3.
    expect(high - 2).toBeCloseTo(4.303 / Math.sqrt(3), 3);
    expect(low).toBe(0);
    expect(meanOverSeeds([0.5])).toEqual({ value: 0.5, low: Number.NaN, high: Number.NaN });
  });

  it("pools shares by their sizes and takes the spread between seeds", () => {
    const even = shareOverSeeds([
      { found: 5, total: 10 },
      { found: 10, total: 20 },
    ]);
    expect(even).toMatchObject({ value: 0.5, low: 0.5, high: 0.5, found: 15, total: 30 });
    const uneven = shareOverSeeds([
      { found: 9, total: 10 },
      { found: 1, total: 10 },
    ]);
    expect(uneven).toMatchObject({ value: 0.5, low: 0, high: 1 });
  });

  const days = (hit: (index: number) => boolean, cluster: (index: number) => string): Chance[] =>
    Array.from({ length: 1000 }, (_, index) => ({ hit: hit(index), clusters: [cluster(index)] }));

  it("gives independent hits the Poisson interval", () => {
    const { value, low, high, hits } = observedOverNominal(
      days((index) => index % 100 === 0, String),
      0.01,
    );
    expect({ value, hits }).toEqual({ value: 1, hits: 10 });
    // Exact Poisson bounds of 10 are 4.795 and 18.39.
    expect(low).toBeCloseTo(0.48, 1);
    expect(high).toBeCloseTo(1.84, 1);
  });

  it("widens it when the hits fall into one cluster", () => {
    const hit = (index: number): boolean => index < 10;
    const apart = observedOverNominal(days(hit, String), 0.01);
    const together = observedOverNominal(
      days(hit, (index) => String(Math.floor(index / 10))),
      0.01,
    );
    expect(together.value).toBe(apart.value);
    expect(together.low).toBeLessThan(apart.low / 2);
    expect(together.high).toBeGreaterThan(apart.high * 1.5);
  });

  it("bounds a rate without any hit from above", () => {
    const { value, low, high } = observedOverNominal(
      days(() => false, String),
      0.01,
    );
    expect([value, low]).toEqual([0, 0]);
    expect(high).toBeGreaterThan(0.3);
    expect(high).toBeLessThan(0.6);
  });
});
