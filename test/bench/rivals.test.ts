import { describe, expect, it } from "vitest";
import { calendarOf, dayKey } from "../../bench/detection/calendar.ts";
import { collectFeatures, featureNames } from "../../bench/detection/features.ts";
import { createHalfSpaceTrees } from "../../bench/detection/half-space-trees.ts";
import { rivalNames, rivalScores } from "../../bench/detection/rivals.ts";
import { type Facts, rulePoints, staticRules } from "../../bench/detection/static-rules.ts";
import { random } from "../../bench/random.ts";
import type { Event } from "../../schemas/event.ts";
import { at, dayText, event, simulationOf } from "./simulations.ts";

function featuresOf(events: readonly Event[], timezone = "UTC") {
  const collected = collectFeatures(calendarOf(simulationOf({ timezone })));
  for (const one of events) collected.take(one, Date.parse(one["@timestamp"]));
  return collected.end();
}
const value = (
  days: ReturnType<typeof featuresOf>,
  index: number,
  name: (typeof featureNames)[number],
) => days[index]?.values[featureNames.indexOf(name)];

describe("features of the rivals", () => {
  it("counts a value as new once per account", () => {
    const host = { "host.name": "srv-1" };
    const days = featuresOf([
      event(at(0), "ana", host),
      event(at(0, 13), "ana", host),
      event(at(1), "ana", host),
      event(at(1, 13), "bo", host),
    ]);
    expect(days.map(({ account, day }) => [account, day])).toEqual([
      ["ana", dayText(0)],
      ["ana", dayText(1)],
      ["bo", dayText(1)],
    ]);
    expect([0, 1, 2].map((index) => value(days, index, "new hosts"))).toEqual([
      Math.log(2),
      0,
      Math.log(2),
    ]);
    expect(value(days, 0, "events")).toBeCloseTo(Math.log(3));
  });

  it("takes the organisation's own day and hours", () => {
    const days = featuresOf([event(at(0, 22), "ana"), event(at(1, 3), "ana")], "Asia/Tokyo");
    expect(days.map(({ day }) => day)).toEqual([dayText(1)]);
    // 07:00 and 12:00 in Tokyo on a Tuesday.
    expect(value(days, 0, "off-hours share")).toBe(0);
  });

  it("sees guessing, spraying and a session that moved", () => {
    const from = { "source.ip": "203.0.113.9", "source.as.number": 64500 };
    const failure = { ...from, "event.outcome": "failure" } as const;
    const tries = Array.from({ length: 5 }, (_, index) => event(at(0) + index, "ana", failure));
    const others = ["bo", "chen", "dana", "emil"].map((name) => event(at(0) + 9, name, failure));
    const moved = [64500, 64501].map((as, index) =>
      event(at(0) + 20 + index, "ana", {
        ...from,
        "source.as.number": as,
        "session.id": "s1",
      }),
    );
    const ana = featuresOf([...tries, ...others, ...moved])[0];
    expect(ana?.facts).toMatchObject({
      failures: 5,
      guessed: true,
      sprayed: true,
      movedSession: true,
    });
    expect(featuresOf([...tries.slice(1), ...moved])[0]?.facts).toMatchObject({
      guessed: false,
      sprayed: false,
    });
  });
});

describe("rivals", () => {
  it("score a day before they learn it, an odd one above all others", () => {
    const dice = random(1);
    const ordinary = Array.from({ length: 40 }, (_, day) =>
      Array.from({ length: 20 }, (_who, who) =>
        Array.from({ length: 3 + dice.integer(5) }, (_event, index) =>
          event(at(day, 9) + index * 60_000 + who, `u${who}`, { "host.name": `own-${who}` }),
        ),
      ).flat(),
    ).flat();
    const odd = Array.from({ length: 12 }, (_, index) =>
      event(at(39, 21) + index * 1000, "u7", {
        "host.name": `srv-${index}`,
        "process.name": `tool-${index}`,
        "source.geo.country_iso_code": "BR",
      }),
    );
    const scores = rivalScores(featuresOf([...ordinary, ...odd]), 1);
    expect(Object.keys(scores)).toEqual([...rivalNames]);
    for (const name of rivalNames) {
      const late = [...scores[name]].filter(([key]) => key.slice(0, 10) >= dayText(20));
      const best = late.reduce((most, one) => (one[1] > most[1] ? one : most));
      expect([name, best[0]]).toEqual([name, dayKey(dayText(39), "u7")]);
    }
  });

  it("isolate a point far from the window before", () => {
    const trees = createHalfSpaceTrees(3, 1);
    const dice = random(2);
    const near = (): number[] => [0, 1, 2].map(() => 0.5 + 0.02 * dice.normal());
    for (let index = 0; index < 500; index++) trees.score(near());
    const ordinary = Array.from({ length: 50 }, () => trees.score(near()));
    expect(trees.score([0.95, 0.95, 0.95])).toBeGreaterThan(Math.max(...ordinary));
  });

  it("know a dozen rules, each of which can fire", () => {
    const quiet: Facts = {
      failures: 0,
      bytes: 0,
      denials: 0,
      night: false,
      service: false,
      guessed: false,
      movedSession: false,
      sprayed: false,
      newHosts: 0,
      newPrograms: 0,
      newNetworks: 0,
      newDevices: 0,
      newCountries: 0,
      newServices: 0,
      gap: 0,
    };
    expect(staticRules.length).toBeGreaterThanOrEqual(12);
    expect(rulePoints(quiet)).toBe(0);
    const loud: Facts = {
      failures: 10,
      bytes: 1e9,
      denials: 3,
      night: true,
      service: true,
      guessed: true,
      movedSession: true,
      sprayed: true,
      newHosts: 5,
      newPrograms: 3,
      newNetworks: 1,
      newDevices: 1,
      newCountries: 1,
      newServices: 1,
      gap: 31,
    };
    expect(staticRules.filter((rule) => !rule.when(loud))).toEqual([]);
  });
});
