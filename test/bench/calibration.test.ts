import { describe, expect, it } from "vitest";
import {
  ageClass,
  type BenignDay,
  benignDays,
  calibrationTable,
  ksUniform,
} from "../../bench/detection/calibration.ts";
import { calendarOf } from "../../bench/detection/calendar.ts";
import { dayText, HOUR, person, runOf, simulationOf, START } from "./simulations.ts";

const benign = (p: number, more: Partial<BenignDay> = {}): BenignDay => ({
  p,
  account: `1 ${p}`,
  day: "1 2026-01-05",
  age: 20,
  group: "sales",
  kind: "person",
  off: false,
  shocks: [],
  ...more,
});
const ratio = (days: readonly BenignDay[], by: string, name: string): number | undefined =>
  calibrationTable(days).find((one) => one.by === by && one.name === name)?.ratios[1]?.value;

describe("calibration of the evaluation", () => {
  it("measures the distance from uniform", () => {
    expect(ksUniform([0.5])).toBe(0.5);
    expect(ksUniform(Array.from({ length: 100 }, (_, index) => (index + 0.5) / 100))).toBeCloseTo(
      0.005,
    );
    expect(ksUniform([0.01, 0.02, 0.03])).toBeCloseTo(0.97);
    expect(ksUniform([])).toBeNaN();
  });

  it("keeps young accounts out of everything but their own age class", () => {
    const days = [benign(0.5), benign(0.001, { age: 1 })];
    expect(ratio(days, "all", "all accounts")).toBe(0);
    expect(ratio(days, "age", "0–2")).toBe(100);
    expect([2, 3, 6, 7, 13, 14].map(ageClass)).toEqual([
      "0–2",
      "3–6",
      "3–6",
      "7–13",
      "7–13",
      "14+",
    ]);
  });

  it("counts a day under every shock that falls on it, and robots apart from groups", () => {
    const days = [
      benign(0.005, { shocks: ["roll-out", "outage"] }),
      benign(0.005, { kind: "robot", group: "robots" }),
    ];
    expect(ratio(days, "shock", "roll-out")).toBe(100);
    expect(ratio(days, "shock", "outage")).toBe(100);
    expect(ratio(days, "kind", "robot")).toBe(100);
    expect(ratio(days, "group", "robots")).toBeUndefined();
  });

  it("takes counted days with a p of known accounts, and pools groups of fewer than twenty", () => {
    const many = Array.from({ length: 20 }, (_, index) => person(`m${index}`, "many"));
    const accounts = [...many, person("few", "few")];
    const simulation = simulationOf({
      accounts,
      attacksFrom: 5,
      shocks: [
        { day: dayText(6), kind: "outage" },
        { day: dayText(6), kind: "roll-out" },
      ],
    });
    const day = (account: string, index: number, p: number | null = 0.5) => ({
      account,
      day: dayText(index),
      p,
      score: 1,
      age: 20,
    });
    const found = benignDays(
      runOf({
        days: [day("m1", 4), day("m1", 5), day("few", 6), day("m1", 6, null), day("stranger", 6)],
      }),
      simulation,
    );
    expect(found.map(({ account, group, off }) => [account, group, off])).toEqual([
      ["1 m1", "many", true],
      ["1 few", "smaller groups", true],
    ]);
    expect(found[1]?.shocks).toEqual(["outage", "roll-out"]);
  });
});

describe("days of an organisation", () => {
  it("begin at the midnight of its zone that is nearest to the start", () => {
    for (const [timezone, first] of [
      ["UTC", dayText(0)],
      ["America/Sao_Paulo", dayText(0)],
      ["Asia/Kolkata", dayText(0)],
    ] as const) {
      const calendar = calendarOf(simulationOf({ timezone }));
      expect([timezone, calendar.dayAt(0), calendar.indexOf(first)]).toEqual([timezone, first, 0]);
    }
    const calendar = calendarOf(simulationOf({ timezone: "Asia/Kolkata" }));
    expect(calendar.dayOf(START + 19 * HOUR)).toBe(dayText(1));
    expect(calendar.hourOf(START + 19 * HOUR)).toBe(0);
  });
});
