import { beforeAll, describe, expect, it } from "vitest";
import { evaluateSeed, OURS, type Plan, type SeedResult } from "../../bench/detection/evaluate.ts";
import { organisationNamed } from "../../bench/detection/organisations.ts";
import { rivalNames } from "../../bench/detection/rivals.ts";
import { reportPage } from "../../bench/detection/report.ts";
import { summarise } from "../../bench/detection/summary.ts";
import { targets } from "../../bench/detection/targets.ts";

const plan: Plan = {
  organisation: "portal",
  seed: 3,
  people: 120,
  days: 36,
  attacks: ["credential theft", "brute force"],
  attacksPerDay: 1,
  warmUp: 28,
  budgets: [10, 5],
};

describe("the evaluation of one seed", () => {
  const shares: number[] = [];
  const organisation = organisationNamed(plan.organisation);
  let result: SeedResult;
  beforeAll(() => {
    result = evaluateSeed(organisation, plan, (share) => shares.push(share));
  });

  it("judges the product and every mandatory baseline on the same attacks", () => {
    expect(Object.keys(result.power)).toEqual([OURS, ...rivalNames]);
    const totals = Object.values(result.power).map((one) => one.recall[10]?.["A1–A7"]?.total);
    expect(new Set(totals)).toEqual(new Set([result.attacks]));
    expect(result.attacks).toBeGreaterThan(0);
  });

  it("counts no day of the warm-up, and pages within the cap on every budget", () => {
    expect(result.benign.length).toBeGreaterThan(100);
    expect(result.benign.every(({ day }) => day >= "3 2026-02-02")).toBe(true);
    expect(result.falseAlerts.map(({ budget, series }) => [budget, series.length])).toEqual([
      [10, 8],
      [5, 8],
    ]);
    for (const { budget, paged } of result.falseAlerts) {
      expect(paged.worst).toBeLessThanOrEqual(2 * budget);
    }
  });

  it("tells how far it is", () => {
    expect(shares.at(-1)).toBeGreaterThan(0.9);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
  });

  it("gives the same figures again", () => {
    expect(evaluateSeed(organisation, plan)).toEqual(result);
  });

  it("writes a page of its own that says synthetic and loads nothing", () => {
    const summary = summarise([result]);
    const page = reportPage({ power: [summary], poisoning: [] });
    expect(page.match(/<figcaption>/g)?.length).toBe(6);
    expect(page.match(/<figcaption>[^<]*synthetic/g)?.length).toBe(6);
    expect(page).not.toMatch(/<script|https?:|NaN|undefined/);
    expect(targets(summary).length).toBeGreaterThan(10);
  });
});
