import type { Raised, Run } from "../../bench/detection/run.ts";
import type { Account, Label, Simulation } from "../../bench/detection/simulation.ts";
import type { Event } from "../../schemas/event.ts";

export const START = Date.UTC(2026, 0, 5);
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** An hour of a day of the simulation, epoch ms. */
export const at = (day: number, hour = 12): number => START + day * DAY + hour * HOUR;
export const dayText = (day: number): string => new Date(at(day)).toISOString().slice(0, 10);

export const person = (name: string, group = "sales"): Account => ({
  name,
  kind: "person",
  group,
  joins: 0,
});

export const event = (time: number, account: string, more: Partial<Event> = {}): Event => ({
  "@timestamp": new Date(time).toISOString(),
  "event.id": `${account}-${time}-${more["host.name"] ?? ""}`,
  "event.dataset": "test",
  "event.category": ["authentication"],
  "event.outcome": "success",
  "user.entity.id": account,
  "user.entity.type": "user",
  ...more,
});

export const label = (account: string, day: number, more: Partial<Label> = {}): Label => ({
  id: `${account}-${day}`,
  kind: "rare tools",
  account,
  days: [dayText(day)],
  eventIds: [],
  ...more,
});

/** A simulation of the events given. */
export const simulationOf = (
  of: Partial<Omit<Simulation, "events" | "options">> & {
    readonly events?: readonly Event[];
    readonly days?: number;
    readonly attacksFrom?: number;
  },
): Simulation => ({
  options: {
    seed: 1,
    people: of.accounts?.length ?? 0,
    days: of.days ?? 10,
    start: START,
    attacks: [],
    attacksPerDay: 1,
    attacksFrom: of.attacksFrom ?? 0,
  },
  timezone: of.timezone ?? "UTC",
  accounts: of.accounts ?? [],
  shocks: of.shocks ?? [],
  labels: of.labels ?? [],
  events: () => of.events ?? [],
});

export const raised = (entity: string, time: number, more: Partial<Raised> = {}): Raised => ({
  entity,
  detector: "baseline",
  at: time,
  day: new Date(time).toISOString().slice(0, 10),
  p: 0.001,
  certain: false,
  late: false,
  paged: true,
  decision: more.paged === false ? "" : "paged",
  age: 30,
  entityDays: 10_000,
  eventIds: [],
  leading: "new host",
  ...more,
});

export const runOf = (more: Partial<Run> = {}): Run => ({
  days: [],
  raised: new Map(),
  features: [],
  malicious: new Map(),
  touched: new Set(),
  events: 0,
  ...more,
});
