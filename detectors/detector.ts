import type { TObject } from "typebox";
import type { Explanation } from "../schemas/anomaly.ts";
import type { EntityKind, EntityRef, EvidenceFamily } from "../schemas/entity.ts";
import type { Event } from "../schemas/event.ts";

/** What an anomaly keeps of an event it rests on. */
export interface Evidence {
  readonly id: string;
  readonly dataset: string;
  readonly success: boolean;
  readonly authenticated: boolean;
}

export const evidenceOf = (event: Event): Evidence => ({
  id: event["event.id"],
  dataset: event["event.dataset"],
  success: event["event.outcome"] === "success",
  authenticated: event["sender.authenticated"] === true,
});

/** What a detector says; the runtime makes the Anomaly (id, tenant, entity, technique ids) of it. */
export interface Finding {
  /** Start (epoch ms, event time) of the detector's fixed window: part of the anomaly's id. */
  readonly windowStart: number;
  /** Tells findings of one window apart; never evidence, offset or partition. */
  readonly discriminator?: string;
  /** Calibrated p-value 0–1, null where the detector has none. */
  readonly p: number | null;
  /** Higher is odder, comparable over entities and days. */
  readonly score: number;
  /** 0–100. */
  readonly severity: number;
  /** True when the rule holds by itself, without a learned baseline. */
  readonly certain: boolean;
  readonly families: readonly EvidenceFamily[];
  /** At most 32 are kept, the last one decisive. */
  readonly evidence: readonly Evidence[];
  readonly related?: readonly EntityRef[];
  readonly sourceIp?: string;
  readonly baselineAgeDays?: number;
  /** One sentence: what was seen, what was expected, why it matters. */
  readonly message: string;
  readonly explanation: readonly Explanation[];
}

export interface DayScore {
  /** YYYY-MM-DD of the entity's own zone. */
  readonly day: string;
  readonly p: number | null;
  readonly score: number;
  readonly ageDays: number;
  readonly closed: boolean;
}

/** A shared table as it stood at the boundary that the current event's time selects. */
export interface SharedTable {
  /** 0 for a key nobody contributed to. */
  get(key: string): number;
  entries(prefix?: string): Iterable<readonly [string, number]>;
  /** Boundary (epoch ms) of the version, 0 while there is none. */
  readonly boundary: number;
}

/** How a shared table ages: at the first boundary of a UTC day each value becomes floor(value × keep). */
export interface TableSpec {
  readonly name: string;
  /** 0–1 in steps of 1/1000; 1 never decays. */
  readonly keepPerMille: number;
}

/**
 * Everything a detector may touch while it handles one event or wake. Time is event time: nothing
 * here reaches a clock, a socket or a random number.
 */
export interface DetectorContext<Params> {
  readonly params: Params;
  readonly tenant: string;
  readonly entity: EntityRef;
  /** Event time (epoch ms) of the event, or the time of the wake. */
  readonly at: number;
  /** Behind the watermark: may be counted and rule-checked, never acts. */
  readonly late: boolean;
  /** Offset in ms of the organisation's zone at `at` (local = at + offset). */
  readonly zoneOffsetMs: number;
  readonly emit: (finding: Finding) => void;
  readonly score: (score: DayScore) => void;
  /** Wakes the detector for this entity at this event time; the latest call before it fires counts. */
  readonly wakeAt: (at: number) => void;
  /**
   * Adds an integer to a key of one of the detector's own tables. It belongs to the interval of the
   * event time `at` (epoch ms; default: the current one), or to the next open one if that is closed.
   * An event that overtook another within the lag so gives its vote up to it: the amount at the time
   * of the earlier one, minus the amount at the time under which it was cast.
   * @throws RangeError for a table that is not its own, or a time that is not finite.
   */
  readonly contribute: (table: string, key: string, amount: number, at?: number) => void;
  /** A table of any detector, by name. */
  readonly shared: (table: string) => SharedTable;
  /**
   * `statistic` of every detector of this entity kind that offers one, about the entity's local day
   * that starts at `windowStart` (epoch ms), by detector name: always the same names in the same
   * order, 0 where there is no state. The list is filled anew by the next call: read it at once.
   */
  readonly statistics: (windowStart: number) => readonly (readonly [string, number])[];
}

/**
 * A pure, per-entity state machine over events. The runtime owns state: it routes, restores,
 * checkpoints, dedupes and bounds it. Contract members are methods; context callbacks are properties.
 */
export interface Detector<Params = unknown, State = unknown> {
  /** File name and configuration key. */
  readonly name: string;
  /** Part of every anomaly id; raise it when findings change. */
  readonly version: string;
  readonly title: string;
  /** MITRE ATT&CK technique ids. */
  readonly attack: readonly `T${string}`[];
  readonly blindSpots: string;
  /** Family of its evidence; `baseline` reports families per finding. */
  readonly family: EvidenceFamily | "per-finding";
  readonly params: TObject;
  /** Entity kinds it keeps state for; each must be served by a topic. */
  readonly entities: readonly EntityKind[];
  readonly tables: readonly TableSpec[];
  /** Off unless the configuration enables it: what it finds is not worth its cost to everyone. */
  readonly optIn?: true;

  /** Whether the event concerns it at all; decides whether state is created. */
  accepts(event: Event, kind: EntityKind): boolean;
  /** Whether this event may create state for an entity not seen before (a success, as a rule). */
  admits(event: Event, kind: EntityKind): boolean;
  init(): State;
  /** State is bytes in a checkpoint. `jsonCodec` in runtime/codec.ts is the default. */
  encode(state: State): Uint8Array;
  decode(bytes: Uint8Array): State;
  /** Reads bytes of an older version; undefined starts from `init`. */
  migrate(bytes: Uint8Array, fromVersion: string): State | undefined;
  step(state: State, event: Event, context: DetectorContext<Params>): void;
  wake?(state: State, context: DetectorContext<Params>): void;
  /**
   * How odd the local day that starts at `windowStart` (epoch ms, a day apart within half a day: a
   * change of clocks makes no other day) is by this rule: 0 = nothing happened, higher = odder, in a
   * unit of its own, for the ranking of the same entity learns how often it is as high. It answers
   * for the latest day of the entity and the one before, since the next day's first events come
   * before a day closes; other days are 0. It must not depend on the order in which events within
   * the lag arrived (a maximum, a set, a sum of integers), cost O(1) and change nothing.
   *
   * On one event, detectors that offer a statistic run before those that offer none: what the latter
   * read of it includes the event. A detector that ranks by statistics therefore offers none.
   */
  statistic?(state: State, windowStart: number): number;
}
