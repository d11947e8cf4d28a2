import { describe, expect, it } from "vitest";
import { mill } from "../../bench/detection/mill/mill.ts";
import { attackKinds, type SimulationOptions } from "../../bench/detection/simulation.ts";
import type { Event } from "../../schemas/event.ts";

const options: SimulationOptions = {
  seed: 5,
  people: 70,
  days: 84,
  start: Date.UTC(2026, 0, 4, 18, 30),
  attacks: attackKinds,
  attacksPerDay: 1.5,
  attacksFrom: 22,
};

interface Told {
  readonly ids: ReadonlySet<string>;
  readonly accountDays: ReadonlySet<string>;
  readonly disorder: number;
  readonly repeats: number;
}

const dayOf = (event: Event): string =>
  new Date(Date.parse(event["@timestamp"]) + 5.5 * 3_600_000).toISOString().slice(0, 10);

function listen(events: Iterable<Event>): Told {
  const ids = new Set<string>();
  const accountDays = new Set<string>();
  let [disorder, repeats, last] = [0, 0, ""];
  for (const event of events) {
    if (event["@timestamp"] < last) disorder++;
    if (ids.has(event["event.id"])) repeats++;
    last = event["@timestamp"];
    ids.add(event["event.id"]);
    accountDays.add(`${event["user.entity.id"]} ${dayOf(event)}`);
  }
  return { ids, accountDays, disorder, repeats };
}

const without = (ids: ReadonlySet<string>, others: ReadonlySet<string>): Set<string> =>
  new Set([...ids].filter((id) => !others.has(id)));

describe("mill", () => {
  const attacked = mill.simulate(options);
  const told = listen(attacked.events());
  const calm = listen(mill.simulate({ ...options, attacks: [] }).events());

  it("says the same for the same seed, and something else for another", () => {
    const short = { ...options, people: 60, days: 3, attacks: [] };
    const events = (seed: number) => [...mill.simulate({ ...short, seed }).events()];
    expect(events(5)).toEqual(events(5));
    expect(events(6)[0]).not.toEqual(events(5)[0]);
    expect(mill.simulate(options).labels).toEqual(attacked.labels);
  });

  it("keeps time order and never repeats an id", () => {
    expect(told).toMatchObject({ disorder: 0, repeats: 0 });
    expect(told.ids.size).toBeGreaterThan(60_000);
  });

  it("labels every kind of attack with events that occur, on days on which they occur", () => {
    expect(new Set(attacked.labels.map((label) => label.kind))).toEqual(new Set(attackKinds));
    for (const { kind, eventIds, account, days } of attacked.labels) {
      expect(eventIds.every((id) => told.ids.has(id))).toBe(true);
      expect(eventIds.length === 0).toBe(kind === "log silence");
      expect(days.every((day) => told.accountDays.has(`${account} ${day}`))).toBe(true);
    }
  });

  it("leaves benign events as they are, but those that are silenced", () => {
    const malicious = new Set(attacked.labels.flatMap((label) => label.eventIds));
    const benign = without(told.ids, malicious);
    expect(without(benign, calm.ids).size).toBe(0);
    const silenced = attacked.labels.filter((label) => label.kind === "log silence").length;
    const ramps = new Set(
      attacked.labels
        .filter((label) => label.kind.startsWith("ramp"))
        .flatMap((label) => label.eventIds),
    );
    const missing = without(without(calm.ids, benign), ramps).size;
    expect(missing).toBeGreaterThan(2 * silenced);
    expect(missing).toBeLessThan(400 * silenced);
  });

  it("is attacked on few account-days", () => {
    const plant = { ...options, people: 600, days: 90, attacksPerDay: 5, attacksFrom: 28 };
    const days = mill.simulate(plant).labels.flatMap((label) => label.days).length;
    const activeShare = told.accountDays.size / (options.people * options.days);
    expect(days / (activeShare * plant.people * (plant.days - plant.attacksFrom))).toBeLessThan(
      0.009,
    );
  });

  it("has shocks: a shutdown, a merger, patch days", () => {
    const kinds = attacked.shocks.map((shock) => shock.kind);
    expect(kinds.filter((kind) => kind === "shutdown").length).toBe(7);
    expect(kinds).toContain("merger");
    expect(kinds).toContain("patch day");
    const joined = attacked.accounts.filter((account) => account.group.startsWith("north"));
    expect(joined.length).toBeGreaterThan(0);
    expect(new Set(joined.map((account) => account.joins)).size).toBe(1);
  });
});
