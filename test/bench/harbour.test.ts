import { describe, expect, it } from "vitest";
import { harbour } from "../../bench/detection/harbour/harbour.ts";
import { attackKinds, type SimulationOptions } from "../../bench/detection/simulation.ts";
import { Value } from "typebox/value";
import { Event } from "../../schemas/event.ts";

const options: SimulationOptions = {
  seed: 5,
  people: 60,
  days: 50,
  start: Date.parse("2026-02-01T23:00:00Z"),
  attacks: attackKinds,
  attacksPerDay: 1,
  attacksFrom: 35,
};
const attacked = harbour.simulate(options);
const began = performance.now();
const events = [...attacked.events()];
const perSecond = Math.round((1000 * events.length) / (performance.now() - began));
const peaceful = harbour.simulate({ ...options, attacks: [] });
const ordinary = [...peaceful.events()];

const dateOf = new Intl.DateTimeFormat("en-CA", { timeZone: attacked.timezone });
const byId = new Map(events.map((event) => [event["event.id"], event]));

describe("the harbour", () => {
  it("says the same for the same seed, and another thing for another", () => {
    const again = harbour.simulate(options);
    expect(again.labels).toEqual(attacked.labels);
    const stream = again.events()[Symbol.iterator]();
    const different = events
      .slice(0, 5_000)
      .filter((event) => JSON.stringify(stream.next().value) !== JSON.stringify(event));
    expect(different).toEqual([]);
    const other = harbour.simulate({ ...options, seed: 6, days: 45 });
    const [first] = other.events();
    expect(first).not.toEqual(events[0]);
  });

  it("writes events of the schema in time order, each under an id of its own", () => {
    console.log("synthetic events generated a second", perSecond);
    expect(byId.size).toBe(events.length);
    const late = events.findIndex(
      (event, index) => index > 0 && event["@timestamp"] < events[index - 1]!["@timestamp"],
    );
    expect(late).toBe(-1);
    const wrong = events.filter((event, index) => index % 397 === 0 && !Value.Check(Event, event));
    expect(wrong).toEqual([]);
    expect(events.every((event) => event["event.ingested"]! > event["@timestamp"])).toBe(true);
  });

  it("labels every kind of attack with events of its account and days", () => {
    expect(new Set(attacked.labels.map(({ kind }) => kind))).toEqual(new Set(attackKinds));
    for (const { kind, account, days, eventIds } of attacked.labels) {
      const own = eventIds.map((id) => byId.get(id));
      expect(own.every((event) => event?.["user.entity.id"] === account)).toBe(true);
      const told = new Set(own.map((event) => dateOf.format(new Date(event!["@timestamp"]))));
      expect([...told]).toEqual(kind === "log silence" ? [] : days);
    }
  });

  it("leaves ordinary life as it is, but for the telemetry that a silence takes", () => {
    const ids = new Set(byId.keys());
    const silent = new Set(
      attacked.labels
        .filter(({ kind }) => kind === "log silence")
        .flatMap(({ account, days }) => days.map((day) => `${account} ${day}`)),
    );
    const gone = ordinary.filter((event) => !ids.has(event["event.id"]));
    const elsewhere = gone.filter((event) => {
      const day = dateOf.format(new Date(event["@timestamp"]));
      return !silent.has(`${event["user.entity.id"]} ${day}`);
    });
    expect(elsewhere).toEqual([]);
    expect(gone.length).toBeGreaterThan(0);
    expect(gone.filter((event) => event["event.category"]?.includes("authentication"))).toEqual([]);
    expect(peaceful.labels).toEqual([]);
  });

  it("never shows more than one attack on an account at a time", () => {
    const seen = attacked.labels.flatMap(({ account, days }) => days.map((day) => account + day));
    expect(new Set(seen).size).toBe(seen.length);
  });

  it("begins and ends with the days that were asked for", () => {
    const ends = [ordinary[0]!, ordinary.at(-1)!].map((event) => new Date(event["@timestamp"]));
    expect(ends.map((end) => dateOf.format(end))).toEqual(["2026-02-02", "2026-03-23"]);
  });
});
