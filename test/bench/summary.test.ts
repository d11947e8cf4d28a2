import { describe, expect, it } from "vitest";
import type { Plan, SeedResult } from "../../bench/detection/evaluate.ts";
import { falseAlerts } from "../../bench/detection/false-alerts.ts";
import { power } from "../../bench/detection/ranking.ts";
import { reportPage } from "../../bench/detection/report.ts";
import { summarise } from "../../bench/detection/summary.ts";
import { targets } from "../../bench/detection/targets.ts";
import { at, raised, runOf, simulationOf } from "./simulations.ts";

const plan: Plan = {
  organisation: "none",
  seed: 1,
  people: 0,
  days: 45,
  attacks: [],
  attacksPerDay: 1,
  warmUp: 10,
  budgets: [2],
};

/** A seed whose only figures are pages: so many on each counted day. */
function seedOf(seed: number, pages: (day: number) => number): SeedResult {
  const all = Array.from({ length: plan.days }, (_, day) =>
    Array.from({ length: day < plan.warmUp ? 0 : pages(day) }, (_page, index) =>
      raised(`a${index}`, at(day)),
    ),
  ).flat();
  const simulation = simulationOf({ days: plan.days, attacksFrom: plan.warmUp });
  return {
    plan: { ...plan, seed },
    events: 100,
    attacks: 0,
    benign: [],
    falseAlerts: [falseAlerts(runOf({ raised: new Map([[2, all]]) }), simulation, { budget: 2 })],
    power: {},
    alerts: [],
    ramps: [],
    maliciousShare: 0,
  };
}

describe("summary over seeds", () => {
  const summary = summarise([
    seedOf(1, () => 1),
    // 35 counted days: five without a page, then thirty with three.
    seedOf(2, (day) => (day < 15 ? 0 : 3)),
  ]);
  const [budget] = summary.budgets;

  it("takes means over seeds, and the worst day and month of any seed", () => {
    expect(budget?.paged.value).toBeCloseTo((1 + (3 * 30) / 35) / 2);
    expect(budget).toMatchObject({ pagedWorst: 3, worstMonth: 3 });
    expect(summary).toMatchObject({ seeds: [1, 2], events: 200 });
  });

  it("has no worst month of fewer than thirty days", () => {
    const short = seedOf(1, () => 1);
    const [first] = short.falseAlerts;
    const cut = first === undefined ? [] : [{ ...first, series: first.series.slice(0, 29) }];
    expect(summarise([{ ...short, falseAlerts: cut }]).budgets[0]?.worstMonth).toBeNaN();
  });

  it("says which targets are met, and nothing of those that were not measured", () => {
    const found = new Map(targets(summary).map(({ name, met }) => [name, met]));
    expect(found.get("N=2: mean false pages a day")).toBe(true);
    expect(found.get("N=2: worst clean month, pages a day")).toBe(false);
    expect(found.get("N=2: most pages on one day")).toBe(true);
    expect([...found.keys()].some((name) => /KS|recall|ramp/.test(name))).toBe(false);
  });

  it("draws a page without attacks, and one whose attacks are none of the seven", () => {
    const nothing = power({ keys: [], labels: [], touched: new Set() }, new Map());
    const other = summarise([{ ...seedOf(1, () => 1), power: { metsuke: nothing } }]);
    const page = reportPage({ power: [summary, other], poisoning: [] });
    expect(page).toContain("synthetic");
    expect(page).not.toMatch(/="[^"]*NaN|undefined/);
  });

  it("refuses to summarise nothing", () => {
    expect(() => summarise([])).toThrow("no seed");
  });
});
