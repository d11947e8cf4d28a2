import { describe, expect, it } from "vitest";
import { byAlerts, falseIn, rampFigures } from "../../bench/detection/alerts.ts";
import { falseAlerts } from "../../bench/detection/false-alerts.ts";
import { dayKey } from "../../bench/detection/calendar.ts";
import { at, dayText, label, person, raised, runOf, simulationOf } from "./simulations.ts";

describe("alerts of the evaluation", () => {
  const attack = label("ana", 3, { eventIds: ["e1", "e2", "e3"] });
  const malicious = new Map([
    ["e1", at(3, 10)],
    ["e2", at(3, 11)],
    ["e3", at(3, 12)],
  ]);
  const noticed = (...all: ReturnType<typeof raised>[]) =>
    byAlerts(runOf({ malicious, raised: new Map([[10, all]]) }), [attack], 10);

  it("counts malicious events and minutes to the first anomaly, paged or not", () => {
    const found = noticed(
      raised("ana", at(3, 11), { paged: false }),
      raised("ana", at(3, 12), { paged: true }),
    );
    expect(found.noticed).toEqual([{ kind: "rare tools", events: 2, minutes: 60 }]);
    expect(found.paged["rare tools"]).toEqual({ found: 1, total: 1 });
  });

  it("takes no anomaly from before the attack, late ones or those of others", () => {
    const found = noticed(
      raised("ana", at(3, 9)),
      raised("ana", at(3, 12), { late: true }),
      raised("bo", at(3, 12)),
    );
    expect(found.noticed[0]?.events).toBeNull();
    expect(found.raised["A1–A7"]).toEqual({ found: 0, total: 1 });
  });

  it("takes an anomaly about another entity that rests on the attack's events", () => {
    expect(
      noticed(raised("host-7", at(3, 12), { eventIds: ["e2"] })).raised["rare tools"]?.found,
    ).toBe(1);
  });

  it("calls an anomaly false that no attack explains", () => {
    const run = runOf({ malicious, touched: new Set([dayKey(dayText(3), "bo")]) });
    const isFalse = falseIn(run, [attack]);
    expect(
      [
        raised("ana", at(3)),
        raised("bo", at(3)),
        raised("host-7", at(3), { eventIds: ["e1"] }),
        raised("ana", at(4)),
      ].map(isFalse),
    ).toEqual([false, false, false, true]);
  });

  it("finds ramps by the drift lane, against controls over the same days", () => {
    const span = (account: string) => ({ account, from: dayText(2), to: dayText(6) });
    const drift = { leading: "drift of bytes" };
    const figures = rampFigures(
      { kind: "ramp", spans: [span("ana"), span("bo")], controls: ["chen", "dana"] },
      [
        raised("ana", at(5), drift),
        raised("bo", at(7), drift),
        raised("bo", at(4)),
        raised("chen", at(3)),
      ],
    );
    expect(figures).toMatchObject({
      any: { found: 2, total: 2 },
      drift: { found: 1, total: 2 },
      controlsAny: { found: 1, total: 2 },
      controlsDrift: { found: 0, total: 2 },
      days: [3],
    });
  });
});

describe("false alerts of the evaluation", () => {
  const accounts = Array.from({ length: 100 }, (_, index) => person(`a${index}`));
  const scored = (day: number, p: (index: number) => number) =>
    accounts.map(({ name }, index) => ({
      account: name,
      day: dayText(day),
      p: p(index),
      score: 1,
      age: 20,
    }));
  const simulation = simulationOf({ accounts, days: 9, attacksFrom: 7 });

  it("counts what the budget allows before the cap, and pages by the day they come on", () => {
    // 100 expected: the budget of 5 allows p up to .045.
    const days = [
      ...scored(0, () => 0.5),
      ...scored(1, () => 0.5),
      ...scored(7, (index) => (index < 6 ? 0.044 : 0.046)),
      ...scored(8, () => 0.5),
    ];
    const all = [
      raised("a1", at(8, 1), { day: dayText(7) }),
      raised("a2", at(7), { paged: false, decision: "over_budget" }),
      raised("a2", at(7, 13), { paged: false, decision: "folded" }),
    ];
    const found = falseAlerts(runOf({ days, raised: new Map([[5, all]]) }), simulation, {
      budget: 5,
    });
    expect(found.series).toEqual([
      { day: dayText(7), allowed: 6, raised: 2, paged: 0 },
      { day: dayText(8), allowed: 0, raised: 0, paged: 1 },
    ]);
    expect(found).toMatchObject({
      allowed: { mean: 3, worst: 6 },
      paged: { mean: 0.5, worst: 1 },
      overBudget: 1,
      folded: 1,
    });
  });

  it("tells certain pages from others while an account or the installation is learning", () => {
    const all = [
      raised("a1", at(1), { age: 13 }),
      raised("a2", at(1), { entityDays: 499 }),
      raised("a3", at(1), { age: 0, certain: true }),
      raised("a4", at(1), { age: 3, paged: false }),
      raised("a5", at(1)),
    ];
    expect(
      falseAlerts(runOf({ raised: new Map([[5, all]]) }), simulation, { budget: 5 }),
    ).toMatchObject({ pagesWhileLearning: 2, certainPagesWhileLearning: 1 });
  });
});
