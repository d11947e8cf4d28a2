import type { Event } from "../../schemas/event.ts";

/** What was done by an attacker; the class a label is scored under. */
export const attackKinds = [
  "credential theft",
  "lateral movement",
  "brute force",
  "exfiltration",
  "ten-day insider",
  "rare tools",
  "mimicry",
  "mfa fatigue",
  "session hijack",
  "spray with success",
  "dormant wake",
  "service by hand",
  "log silence",
  "ramp 20 days",
  "ramp 60 days",
] as const;
export type AttackKind = (typeof attackKinds)[number];

/** One attack: whose account, on which local days of the organisation's zone, by which events. */
export interface Label {
  readonly id: string;
  readonly kind: AttackKind;
  /** The account's `entity.id`. */
  readonly account: string;
  /** YYYY-MM-DD in the organisation's zone, first to last. */
  readonly days: readonly string[];
  /** The malicious events' `event.id`, in time order; none for silence. */
  readonly eventIds: readonly string[];
}

export interface Account {
  /** `entity.id` of the account. */
  readonly name: string;
  readonly kind: "person" | "robot" | "scanner";
  readonly group: string;
  /** Day of the simulation the account first appears on; 0 = from the start. */
  readonly joins: number;
}

/** A benign day on which many people do something new at once, or nothing at all. */
export interface Shock {
  /** YYYY-MM-DD in the organisation's zone. */
  readonly day: string;
  readonly kind: string;
}

export interface SimulationOptions {
  readonly seed: number;
  /** Human accounts; robots and scanners come on top. */
  readonly people: number;
  readonly days: number;
  /** Epoch ms of a midnight in the organisation's zone. */
  readonly start: number;
  /** Kinds of attack to inject; empty = a benign run. */
  readonly attacks: readonly AttackKind[];
  /** Attacks begun on a day, on average, once history has been learned. */
  readonly attacksPerDay: number;
  /** First day with attacks. */
  readonly attacksFrom: number;
}

/** A synthetic organisation: the same options give the same events. Figures from it are synthetic. */
export interface Simulation {
  readonly options: SimulationOptions;
  /** IANA zone of the organisation. */
  readonly timezone: string;
  readonly accounts: readonly Account[];
  readonly shocks: readonly Shock[];
  readonly labels: readonly Label[];
  /** All events, attacks among them, in time order (`@timestamp`), each with `event.id` and `event.ingested`. */
  events(): Iterable<Event>;
}

export interface Organisation {
  readonly name: string;
  /** What makes it unlike the others, in a sentence. */
  readonly character: string;
  simulate(options: SimulationOptions): Simulation;
}
