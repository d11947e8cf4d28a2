import { describe, expect, it } from "vitest";
import { auc, places, power } from "../../bench/detection/ranking.ts";
import { dayKey } from "../../bench/detection/calendar.ts";
import { dayText, label } from "./simulations.ts";

/** 100 accounts a day on two days, scores by number: account 99 is the oddest. */
const keys = [0, 1].flatMap((day) =>
  Array.from({ length: 100 }, (_, index) => dayKey(dayText(day), `a${index}`)),
);
const scores = new Map(keys.map((key) => [key, Number(key.slice(12))]));
const judged = (labels: ReturnType<typeof label>[]) => ({
  keys,
  labels,
  touched: new Set(labels.flatMap(({ account, days }) => days.map((day) => dayKey(day, account)))),
});

describe("ranking of the evaluation", () => {
  it("finds an attack when one of its days is among the highest of that day", () => {
    const labels = [
      label("a95", 0),
      label("a94", 0, { days: [dayText(0), dayText(1)], kind: "ten-day insider" }),
      label("a85", 1),
    ];
    const { recall } = power(judged(labels), scores);
    expect(recall[5]?.["A1–A7"]).toEqual({ found: 1, total: 3 });
    expect(recall[10]?.["A1–A7"]).toEqual({ found: 2, total: 3 });
    expect(recall[20]?.["A1–A7"]).toEqual({ found: 3, total: 3 });
    expect(recall[10]?.["ten-day insider"]).toEqual({ found: 1, total: 1 });
  });

  it("keeps kinds beyond the seven out of the overall figure", () => {
    const { recall } = power(judged([label("a99", 0, { kind: "log silence" })]), scores);
    expect(recall[10]?.["A1–A7"]).toEqual({ found: 0, total: 0 });
    expect(recall[10]?.["log silence"]).toEqual({ found: 1, total: 1 });
  });

  it("measures account-days above a share of benign ones", () => {
    // 198 benign days: above the 5 % are those beyond the tenth highest, account 94.
    const { tpr } = power(judged([label("a99", 0), label("a93", 0)]), scores);
    expect(tpr[0.05]?.["A1–A7"]).toEqual({ found: 1, total: 2 });
  });

  it("puts a day that a method says nothing about last", () => {
    const some = new Map([...scores].filter(([key]) => key !== keys[99]));
    expect(places(keys, some).get(keys[99] as string)).toBe(1);
  });

  it("orders equal scores by lot, not by their order", () => {
    const flat = places(keys, new Map(keys.map((key) => [key, 1])));
    const first = keys.slice(0, 100).reduce((sum, key) => sum + (flat.get(key) as number), 0) / 100;
    expect(first).toBeGreaterThan(80);
    expect(first).toBeLessThan(120);
    expect([...flat.values()].toSorted((a, b) => a - b)).toEqual(keys.map((_, index) => index + 1));
    expect(places(keys.toReversed(), new Map(keys.map((key) => [key, 1])))).toEqual(flat);
  });

  it("gives the area under the curve", () => {
    expect(auc([3, 4], [1, 2])).toBe(1);
    expect(auc([1, 2], [3, 4])).toBe(0);
    expect(auc([1, 4], [2, 3])).toBe(0.5);
    expect(auc([], [1])).toBeNaN();
  });
});
