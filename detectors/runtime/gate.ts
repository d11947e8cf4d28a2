import type { Event } from "../../schemas/event.ts";
import { DAY, LAG } from "../exchange/boundaries.ts";
import {
  addFutureId,
  addId,
  createDedupe,
  type Dedupe,
  dedupeCells,
  expireIds,
  hasId,
  indexIds,
  restoreDedupeCell,
} from "./dedupe.ts";
import { createTimeReader } from "./event-time.ts";

/** Event time during which an id is remembered, in ms. */
export const HORIZON = DAY;
/** An event this much older than its arrival never starts the clock of a partition, in ms. */
const OLDEST_START = 400 * DAY;

/** What the gate decides about one event. */
export interface Verdict {
  /** The event was applied before: skip it. */
  readonly repeat: boolean;
  /** Epoch ms at which it is processed: event time, or for a future event its arrival. */
  readonly at: number;
  /** Event time that selects its table version: never behind the watermark; −Infinity = empty tables. */
  readonly asOf: number;
  readonly late: boolean;
  readonly future: boolean;
  /** Older than the dedupe horizon: rule-checked on a copy of the state, never learned. */
  readonly stale: boolean;
  /** Learned from history: its findings never act. */
  readonly historical: boolean;
}

/** Time and identity of one input order: clock, watermark, ids already applied. */
export interface Gate {
  /** Greatest accepted event time or heartbeat (epoch ms); −Infinity before the first. */
  clock: number;
  /** clock − lag. */
  watermark: number;
  /** Greatest event time (epoch ms) learned as history; −Infinity when none was. */
  historicalUntil: number;
  readonly dedupe: Dedupe;
  readonly readTime: (text: string) => number;
  expiredAt: number;
  /** Ingest process → its latest heartbeat and when the log took it (both epoch ms). */
  readonly heartbeats: Map<string, readonly [at: number, appendedAt: number]>;
  readonly counts: { repeats: number; late: number; future: number; stale: number };
}

/** `dedupeBytes` caps the id set; a full one shortens the horizon, never below the lag. */
export function createGate(dedupeBytes: number): Gate {
  return {
    clock: Number.NEGATIVE_INFINITY,
    watermark: Number.NEGATIVE_INFINITY,
    historicalUntil: Number.NEGATIVE_INFINITY,
    dedupe: createDedupe(dedupeBytes),
    readTime: createTimeReader(),
    expiredAt: Number.NEGATIVE_INFINITY,
    heartbeats: new Map(),
    counts: { repeats: 0, late: 0, future: 0, stale: 0 },
  };
}

/** Moves the clock to a heartbeat or an accepted event time; it never goes back. */
export function moveClock(gate: Gate, at: number): void {
  if (!(at > gate.clock)) return;
  gate.clock = at;
  gate.watermark = at - LAG;
  if (at - gate.expiredAt >= LAG) {
    gate.expiredAt = at;
    expireIds(gate.dedupe, horizonOf(gate));
  }
}

function horizonOf(gate: Gate): number {
  const floor = Math.min(gate.dedupe.floor, gate.watermark);
  return Math.max(gate.clock - HORIZON, floor);
}

/** An ingest process that was silent for so long no longer holds the clock back, in ms of log time. */
const SILENT = 10_000;

/** Takes a heartbeat as the log holds it: the slowest ingest process that still speaks sets the clock. */
export function hearBeat(
  gate: Gate,
  beat: { readonly ingest: string; readonly at: number; readonly appendedAt: number },
): void {
  gate.heartbeats.set(beat.ingest, [beat.at, beat.appendedAt]);
  let slowest = beat.at;
  for (const [ingest, [at, appendedAt]] of gate.heartbeats) {
    if (beat.appendedAt - appendedAt >= SILENT) gate.heartbeats.delete(ingest);
    else slowest = Math.min(slowest, at);
  }
  moveClock(gate, slowest);
}

const verdict = (at: number, flags: Partial<Verdict>): Verdict => ({
  repeat: false,
  at,
  asOf: Number.NEGATIVE_INFINITY,
  late: false,
  future: false,
  stale: false,
  historical: false,
  ...flags,
});

/**
 * Judges an event against its arrival (epoch ms) and the watermark, remembers its id and moves the
 * clock. An event without a readable time counts as a future one: it moves no clock.
 */
export function judge(gate: Gate, event: Event, arrival: number, historical: boolean): Verdict {
  const time = gate.readTime(event["@timestamp"]);
  if (!(time <= arrival + LAG)) {
    return judgeFuture(gate, event, { time, arrival, historical });
  }
  const started = gate.clock !== Number.NEGATIVE_INFINITY;
  const horizon = started ? horizonOf(gate) : arrival - OLDEST_START;
  if (time < horizon) {
    gate.counts.stale += 1;
    gate.counts.late += 1;
    return verdict(time, { asOf: gate.watermark, late: true, stale: true, historical });
  }
  const id = event["event.id"];
  if (hasId(gate.dedupe, id, horizon)) {
    gate.counts.repeats += 1;
    return verdict(time, { repeat: true });
  }
  addId(gate.dedupe, id, time);
  const late = time < gate.watermark;
  if (late) gate.counts.late += 1;
  else moveClock(gate, time);
  if (historical) gate.historicalUntil = Math.max(gate.historicalUntil, time);
  const asOf = Math.max(time, gate.watermark);
  return { repeat: false, at: time, asOf, late, future: false, stale: false, historical };
}

function judgeFuture(
  gate: Gate,
  event: Event,
  of: { readonly time: number; readonly arrival: number; readonly historical: boolean },
): Verdict {
  const { time, arrival, historical } = of;
  const started = gate.clock !== Number.NEGATIVE_INFINITY;
  const at = started ? Math.min(arrival, gate.clock) : arrival;
  const id = event["event.id"];
  if (hasId(gate.dedupe, id, started ? horizonOf(gate) : Number.NEGATIVE_INFINITY)) {
    gate.counts.repeats += 1;
    return verdict(at, { repeat: true, future: true });
  }
  addFutureId(gate.dedupe, id, Number.isFinite(time) ? Math.max(time, at) : at);
  gate.counts.future += 1;
  const asOf = started ? Math.max(at, gate.watermark) : Number.NEGATIVE_INFINITY;
  return verdict(at, { asOf, late: at < gate.watermark, future: true, historical });
}

/** Cells that changed since the cut before, or all; {@link gateCovered} after the marker is durable. */
export function* gateCells(
  gate: Gate,
  full: boolean,
): Iterable<readonly [string, Uint8Array | null]> {
  const { clock, historicalUntil, expiredAt } = gate;
  const meta = { clock, historicalUntil, expiredAt, floor: gate.dedupe.floor };
  const finite = Object.entries(meta).filter(([, value]) => Number.isFinite(value));
  const numbersAndBeats = { ...Object.fromEntries(finite), heartbeats: [...gate.heartbeats] };
  yield ["g", Buffer.from(JSON.stringify(numbersAndBeats))];
  const numbers = full
    ? gate.dedupe.segments.map((segment) => segment.number)
    : [...gate.dedupe.dirty];
  yield* dedupeCells(gate.dedupe, numbers, full || gate.dedupe.futureDirty);
}

export function gateCovered(gate: Gate): void {
  gate.dedupe.dirty.clear();
  gate.dedupe.futureDirty = false;
}

export function restoreGate(gate: Gate, cells: Iterable<readonly [string, Uint8Array]>): void {
  for (const [key, bytes] of cells) {
    if (key === "g") restoreMeta(gate, bytes);
    else if (key === "df" || key.startsWith("d/")) restoreDedupeCell(gate.dedupe, key, bytes);
  }
  indexIds(gate.dedupe);
}

interface Meta {
  readonly clock?: number;
  readonly historicalUntil?: number;
  readonly expiredAt?: number;
  readonly floor?: number;
  readonly heartbeats: readonly (readonly [string, readonly [number, number]])[];
}

function restoreMeta(gate: Gate, bytes: Uint8Array): void {
  const { heartbeats, ...meta }: Meta = JSON.parse(Buffer.from(bytes).toString());
  const of = (key: keyof typeof meta): number => meta[key] ?? Number.NEGATIVE_INFINITY;
  for (const [ingest, beat] of heartbeats) gate.heartbeats.set(ingest, beat);
  gate.clock = of("clock");
  gate.watermark = gate.clock - LAG;
  gate.historicalUntil = of("historicalUntil");
  gate.expiredAt = of("expiredAt");
  gate.dedupe.floor = of("floor");
}

/** When an event arrived (epoch ms): as ingest says, else when the log took it. */
export function arrivalOf(gate: Gate, ingested: string | undefined, appendedAt: number): number {
  const said = ingested === undefined ? Number.NaN : gate.readTime(ingested);
  return Number.isNaN(said) ? appendedAt : said;
}
