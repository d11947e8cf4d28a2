import { describe, expect, it } from "vitest";
import { areaDistanceKm, greatCircleKm } from "../../detectors/stats/geo.ts";
import { smoothHours } from "../../detectors/stats/hours.ts";
import {
  incompleteBeta,
  negativeBinomialMass,
  negativeBinomialMidTail,
  negativeBinomialQuantile,
  negativeBinomialTail,
  studentTail,
} from "../../detectors/stats/tails.ts";

describe("tails against known values", () => {
  it.each([
    // I_x(a,1) = x^a; I_x(1,b) = 1-(1-x)^b; I_.5(a,a) = .5
    [0.3, 2, 1, 0.09],
    [0.3, 1, 4, 1 - 0.7 ** 4],
    [0.5, 7, 7, 0.5],
    [0.9, 0.5, 0.5, (2 / Math.PI) * Math.asin(Math.sqrt(0.9))],
    [1e-4, 3, 1, 1e-12],
  ])("I_%d(%d, %d) = %d", (x, a, b, expected) => {
    expect(incompleteBeta(x, a, b) / expected).toBeCloseTo(1, 9);
  });

  it.each([
    // t with 1 degree is Cauchy; with 2 degrees P = ½ − t / (2 sqrt(2 + t²))
    [1, 1, 0.25],
    [1000, 1, Math.atan(1 / 1000) / Math.PI],
    [3, 2, 0.5 - 3 / (2 * Math.sqrt(11))],
    [-3, 2, 0.5 + 3 / (2 * Math.sqrt(11))],
    // 97.5 % point of 10 degrees
    [2.2281388519649385, 10, 0.025],
  ])("P(t ≥ %d; %d) = %d", (t, degrees, expected) => {
    expect(studentTail(t, degrees) / expected).toBeCloseTo(1, 8);
  });

  it("sums the negative binomial", () => {
    for (const [mean, size] of [
      [3, 0.5],
      [40, 7],
      [0.02, 2],
    ] as const) {
      let below = 0;
      for (let x = 0; x < 30; x++) {
        expect(negativeBinomialTail(x, mean, size)).toBeCloseTo(1 - below, 9);
        below += negativeBinomialMass(x, mean, size);
      }
    }
    expect(negativeBinomialMidTail(0, 1, 1)).toBeCloseTo(0.75, 12);
    expect(negativeBinomialQuantile(0.5, 1, 1)).toBe(0);
    expect(negativeBinomialQuantile(0.95, 1, 1)).toBe(4);
  });

  it("keeps far tails: a p of 1e-30 is not rounded to 0", () => {
    expect(negativeBinomialTail(100, 1, 1) / 2 ** -100).toBeCloseTo(1, 6);
  });
});

describe("hours and distances", () => {
  it("counts the neighbours of midnight", () => {
    const late = Array.from({ length: 24 }, (_, hour) => (hour === 23 ? 1 : 0));
    expect(smoothHours(late)[0]).toBeCloseTo(0.2, 12);
  });

  it("measures areas, not points", () => {
    const berlin = { lat: 52.52, lon: 13.405, radius: 0 };
    const tokyo = { lat: 35.68, lon: 139.69, radius: 0 };
    expect(greatCircleKm(berlin, tokyo)).toBeGreaterThan(8900);
    expect(greatCircleKm(berlin, tokyo)).toBeLessThan(8940);
    expect(areaDistanceKm({ ...berlin, radius: 500 }, { ...berlin, lat: 50, radius: 400 })).toBe(0);
  });
});
