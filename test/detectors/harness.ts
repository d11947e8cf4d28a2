import { Value } from "typebox/value";
import type { DayScore, Detector, Finding, SharedTable } from "../../detectors/detector.ts";
import type { EntityKind } from "../../schemas/entity.ts";
import type { Event } from "../../schemas/event.ts";
import { entityOf } from "../../schemas/topics.ts";

/**
 * Drives detectors as the runtime does, in memory: one partition, wakes in time order, and shared
 * tables that an event sees only lag + interval after they were contributed to.
 */

export const LAG = 5 * 60_000;
export const INTERVAL = 15 * 60_000;
const DAY = 86_400_000;

export interface Found extends Finding {
  readonly detector: string;
  readonly entity: string;
  readonly kind: EntityKind;
  readonly at: number;
  readonly late: boolean;
}

export interface Scored extends DayScore {
  readonly entity: string;
  readonly kind: EntityKind;
}

export interface Run {
  readonly findings: Found[];
  readonly scores: Scored[];
  /** Greatest encoded state by detector name. */
  readonly bytes: Record<string, number>;
  /** Number of states by detector name and kind. */
  readonly states: Record<string, number>;
  /** `statistic` of a detector about an entity after all events. */
  readonly statistic: (of: `${string} ${EntityKind} ${string}`, windowStart: number) => number;
}

export interface RunOptions {
  /** Parameters by detector name, over the defaults. */
  readonly params?: Record<string, object>;
  readonly zoneOffsetMs?: number;
  readonly control?: Record<string, number>;
  /** Every state goes through encode and decode before each event. */
  readonly recode?: boolean;
}

interface Cell {
  readonly detector: Detector;
  readonly kind: EntityKind;
  readonly id: string;
  state: unknown;
  wake: number;
}

type Sums = Map<string, Map<string, number>>;

class Tables {
  private readonly pending = new Map<number, Sums>();
  private current: Sums = new Map();
  private views = new Map<string, SharedTable>();
  private made = 0;
  private readonly keep: Map<string, number>;
  constructor(detectors: readonly Detector[], control: Record<string, number>) {
    this.keep = new Map(detectors.flatMap((d) => d.tables.map((t) => [t.name, t.keepPerMille])));
    this.current.set("control", new Map(Object.entries(control)));
  }
  add(at: number, table: string, key: string, amount: number): void {
    if (!Number.isSafeInteger(amount)) throw new Error(`${table} ${key}: ${amount} is no integer`);
    if (!this.keep.has(table)) throw new Error(`table ${table} is not declared`);
    const boundary = Math.max(this.made + INTERVAL, (Math.floor(at / INTERVAL) + 1) * INTERVAL);
    const sums = this.pending.get(boundary) ?? new Map<string, Map<string, number>>();
    this.pending.set(boundary, sums);
    const entries = sums.get(table) ?? new Map<string, number>();
    sums.set(table, entries);
    entries.set(key, (entries.get(key) ?? 0) + amount);
  }
  /** Makes the version that an event at this time uses. */
  advance(at: number): void {
    const target = Math.floor((at - LAG - INTERVAL) / INTERVAL) * INTERVAL;
    if (target <= this.made) return;
    const due = [...this.pending.keys()].filter((b) => b <= target).toSorted((a, b) => a - b);
    for (const boundary of due) {
      this.decay(boundary);
      this.fold(this.pending.get(boundary) as Sums);
      this.pending.delete(boundary);
    }
    this.decay(target);
    this.views = new Map();
  }
  view(name: string): SharedTable {
    let view = this.views.get(name);
    if (view === undefined) {
      const entries = this.current.get(name) ?? new Map<string, number>();
      view = {
        boundary: this.made,
        get: (key) => entries.get(key) ?? 0,
        entries: (prefix = "") => [...entries].filter(([key]) => key.startsWith(prefix)),
      };
      this.views.set(name, view);
    }
    return view;
  }
  private decay(boundary: number): void {
    const days = this.made === 0 ? 0 : Math.floor(boundary / DAY) - Math.floor(this.made / DAY);
    this.made = boundary;
    for (const [name, entries] of this.current) {
      const keep = this.keep.get(name) ?? 1000;
      for (let day = 0; keep < 1000 && day < days; day++) {
        for (const [key, value] of entries) entries.set(key, Math.floor((value * keep) / 1000));
      }
    }
  }
  private fold(sums: Sums): void {
    for (const [name, added] of sums) {
      const entries = this.current.get(name) ?? new Map<string, number>();
      this.current.set(name, entries);
      for (const [key, value] of added) entries.set(key, (entries.get(key) ?? 0) + value);
    }
  }
}

export function run(
  detectors: readonly Detector[],
  events: Iterable<Event>,
  options: RunOptions = {},
): Run {
  const tables = new Tables(detectors, options.control ?? {});
  const cells = new Map<string, Cell>();
  const result: Run = {
    findings: [],
    scores: [],
    bytes: {},
    states: {},
    statistic: (of, windowStart) => {
      const cell = cells.get(of);
      return cell === undefined ? 0 : (cell.detector.statistic?.(cell.state, windowStart) ?? 0);
    },
  };
  const params = new Map(
    detectors.map((d) => [d.name, Value.Default(d.params, { ...options.params?.[d.name] })]),
  );
  // As the runtime: what offers a statistic runs before what reads it.
  const ordered = [
    ...detectors.filter((one) => one.statistic !== undefined),
    ...detectors.filter((one) => one.statistic === undefined),
  ];
  let greatest = 0;

  const context = (cell: Cell, at: number, late: boolean) => ({
    params: params.get(cell.detector.name),
    tenant: "default",
    entity: { type: cell.kind, id: cell.id },
    at,
    late,
    zoneOffsetMs: options.zoneOffsetMs ?? 0,
    emit: (finding: Finding) =>
      void result.findings.push({
        ...finding,
        detector: cell.detector.name,
        entity: cell.id,
        kind: cell.kind,
        at,
        late,
      }),
    score: (score: DayScore) =>
      void result.scores.push({ ...score, entity: cell.id, kind: cell.kind }),
    wakeAt: (when: number) => {
      cell.wake = when;
    },
    contribute: (table: string, key: string, amount: number, when = at) =>
      tables.add(when, table, key, amount),
    shared: (table: string) => tables.view(table),
    statistics: (windowStart: number) => {
      const offers = ordered.filter(
        (one) => one.statistic !== undefined && one.entities.includes(cell.kind),
      );
      return offers.map((one): [string, number] => {
        const other = cells.get(`${one.name} ${cell.kind} ${cell.id}`);
        return [
          one.name,
          other === undefined ? 0 : (one.statistic?.(other.state, windowStart) ?? 0),
        ];
      });
    },
  });
  const recode = (cell: Cell): void => {
    const bytes = cell.detector.encode(cell.state);
    const { name } = cell.detector;
    result.bytes[name] = Math.max(result.bytes[name] ?? 0, bytes.length);
    if (options.recode === true) cell.state = cell.detector.decode(Uint8Array.from(bytes));
  };
  const wakes = (until: number): void => {
    const due = [...cells.values()]
      .filter((cell) => cell.wake <= until)
      .toSorted((a, b) => a.wake - b.wake);
    for (const cell of due) {
      const at = cell.wake;
      cell.wake = Number.POSITIVE_INFINITY;
      tables.advance(at);
      cell.detector.wake?.(cell.state, context(cell, at, false));
      recode(cell);
    }
    if (due.length > 0) wakes(until);
  };
  const route = (detector: Detector, event: Event, at: number): void => {
    for (const kind of detector.entities) {
      const id = entityOf(event, kind);
      if (id === undefined || !detector.accepts(event, kind)) continue;
      const key = `${detector.name} ${kind} ${id}`;
      let cell = cells.get(key);
      if (cell === undefined) {
        if (!detector.admits(event, kind)) continue;
        cell = { detector, kind, id, state: detector.init(), wake: Number.POSITIVE_INFINITY };
        cells.set(key, cell);
        const label = `${detector.name} ${kind}`;
        result.states[label] = (result.states[label] ?? 0) + 1;
      }
      if (options.recode === true) recode(cell);
      detector.step(cell.state, event, context(cell, at, at < greatest - LAG));
    }
  };

  let nextSweep = 0;
  for (const event of events) {
    const at = Date.parse(event["@timestamp"]);
    if (at > greatest) {
      greatest = at;
      if (greatest >= nextSweep) {
        // Wakes are set at local midnight plus lag; a minute's grain keeps their order.
        wakes(greatest - LAG);
        nextSweep = greatest + 60_000;
      }
    }
    tables.advance(at);
    for (const detector of ordered) route(detector, event, at);
  }
  wakes(greatest + 2 * DAY);
  for (const cell of cells.values()) recode(cell);
  return result;
}

let counter = 0;

/** One event with what every event has; times as minutes after `start`. */
export function event(at: number, fields: Partial<Event>): Event {
  counter++;
  return {
    "@timestamp": new Date(at).toISOString(),
    "event.id": counter.toString(16).padStart(32, "0"),
    "event.dataset": "test",
    "sender.authenticated": true,
    ...fields,
  };
}

export const identityOf = (found: Found): string =>
  `${found.detector} ${found.kind} ${found.entity} ${found.windowStart} ${found.discriminator ?? ""}`;
