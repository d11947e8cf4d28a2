import { describe, expect, it } from "vitest";
import { portal } from "../../bench/detection/portal/portal.ts";
import { attackKinds, type SimulationOptions } from "../../bench/detection/simulation.ts";
import type { Event } from "../../schemas/event.ts";

const options: SimulationOptions = {
  seed: 8,
  people: 150,
  days: 12,
  start: Date.UTC(2026, 0, 5, 3),
  attacks: attackKinds,
  attacksPerDay: 6,
  attacksFrom: 4,
};

describe("portal", () => {
  const attacked = portal.simulate(options);
  const events = [...attacked.events()];
  const ids = events.map((event) => event["event.id"]);
  const malicious = new Set(attacked.labels.flatMap((label) => label.eventIds));

  it("says the same for the same seed, in time order, with ids of its own", () => {
    expect([...portal.simulate(options).events()]).toEqual(events);
    expect([...portal.simulate({ ...options, seed: 9 }).events()].length).not.toBe(events.length);
    const times = events.map((event) => event["@timestamp"]);
    expect(times).toEqual(times.toSorted());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("leaves benign events as they are", () => {
    const calm = [...portal.simulate({ ...options, attacks: [] }).events()];
    expect(ids.filter((id) => !malicious.has(id)).toSorted()).toEqual(
      calm.map((event) => event["event.id"]).toSorted(),
    );
  });

  it("labels only what sign-ins can show, on several per cent of account-days", () => {
    expect(new Set(attacked.labels.map((label) => label.kind))).toEqual(
      new Set([
        "credential theft",
        "brute force",
        "mfa fatigue",
        "session hijack",
        "spray with success",
        "dormant wake",
        "mimicry",
      ]),
    );
    const occurring = new Set(ids);
    for (const { eventIds } of attacked.labels) {
      expect(eventIds.length).toBeGreaterThan(0);
      expect(eventIds.every((id) => occurring.has(id))).toBe(true);
    }
    const daysOf = (some: readonly Event[]): number =>
      new Set(some.map((event) => `${event["user.entity.id"]} ${event["@timestamp"].slice(0, 10)}`))
        .size;
    const share =
      daysOf(events.filter((event) => malicious.has(event["event.id"]))) / daysOf(events);
    expect(share).toBeGreaterThan(0.02);
    expect(share).toBeLessThan(0.08);
  });

  it("knows nothing of processes, flows and files", () => {
    const keys = new Set(events.flatMap((event) => Object.keys(event)));
    for (const key of ["process.name", "destination.ip", "source.bytes", "file.path"])
      expect(keys).not.toContain(key);
  });
});
