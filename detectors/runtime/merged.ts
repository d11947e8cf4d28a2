import { MetsukeError } from "../../platform/errors.ts";
import type { Control, Table } from "../../schemas/exchange.ts";
import type { Event } from "../../schemas/event.ts";
import type { Detector } from "../detector.ts";
import { boundaryAtOrBefore, DAY, INTERVAL, LAG, versionFor } from "../exchange/boundaries.ts";
import {
  addControl,
  addDelta,
  buildStep,
  createExchange,
  type Exchange,
  forgetFolded,
  nextStep,
  partitionKey,
} from "../exchange/exchange.ts";
import { addTableRecord, createTables, retainFrom } from "../exchange/tables.ts";
import { cutCells, cutCovered, restoreCut } from "./cells.ts";
import { advance, type Core, createCore, ENTITIES_PER_KIND, type Surroundings } from "./core.ts";
import { createGate, type Gate, judge, moveClock } from "./gate.ts";
import { createOutbox, drain, type Outbox, type Outputs } from "./outputs.ts";
import { planTables, planTopics } from "./plan.ts";
import { apply, runWake } from "./step.ts";
import { createZone } from "./zone.ts";

const DEDUPE_BYTES = 128 * 1024 * 1024;
/** Every local day that holds an instant has ended 25 hours later, in any zone, on any clock change. */
const LONGEST_DAY = DAY + 3_600_000;

export interface EngineOptions {
  readonly detectors: readonly Detector[];
  /** Parameters by detector name. */
  readonly params: Readonly<Record<string, unknown>>;
  /** IANA zone of the organisation. */
  readonly timezone: string;
  /** Entities kept per kind and task; default 1 000 000. */
  readonly entitiesPerKind?: number;
  /** Bytes of ids remembered to skip repeats; default 128 MiB. */
  readonly dedupeBytes?: number;
}

/** Tables, zone and parameters as the cores see them. */
export const surround = (options: EngineOptions): Surroundings => ({
  tables: createTables(),
  zone: createZone(options.timezone),
  params: options.params,
  owns: new Map(
    options.detectors.map((detector) => [
      detector,
      new Set(detector.tables.map((table) => table.name)),
    ]),
  ),
  entitiesPerKind: options.entitiesPerKind ?? ENTITIES_PER_KIND,
});

export const createInputGate = (options: EngineOptions): Gate =>
  createGate(options.dedupeBytes ?? DEDUPE_BYTES);

/**
 * The tasks of all topics over one input order, each event through all of them before the next,
 * with the exchange called synchronously: replay, and the default live mode.
 */
export interface Merged {
  readonly gate: Gate;
  readonly cores: readonly Core[];
  readonly around: Surroundings;
  readonly exchange: Exchange;
  readonly outbox: Outbox;
  /** Names the writer of table versions: unique per start. */
  readonly writer: string;
}

export function createMerged(options: EngineOptions, writer: string): Merged {
  const around = surround(options);
  const gate = createInputGate(options);
  const cores = planTopics(options.detectors).map((plan) =>
    createCore({ plan, partition: 0, gate, around }),
  );
  const exchange = createExchange({
    tables: around.tables,
    specs: planTables(options.detectors),
    expected: cores.map(partitionKey),
    patience: Number.POSITIVE_INFINITY,
  });
  // One outbox for all: what they give out keeps the order in which it arose.
  const outbox = createOutbox();
  return {
    gate,
    cores: cores.map((core) => ({ ...core, outbox })),
    around,
    exchange,
    outbox,
    writer,
  };
}

/** Handles one event that arrived at `arrival` (epoch ms); its outputs wait in the outbox. */
export function takeEvent(
  merged: Merged,
  event: Event,
  arrival: number,
  historical: boolean,
): void {
  const verdict = judge(merged.gate, event, arrival, historical);
  moveTo(merged, merged.gate.watermark);
  if (!verdict.repeat) for (const core of merged.cores) apply(core, event, verdict);
}

/** Handles one event that arrived at `arrival` (epoch ms). */
export function processEvent(
  merged: Merged,
  event: Event,
  arrival: number,
  historical = false,
): Outputs {
  takeEvent(merged, event, arrival, historical);
  return drain(merged.outbox);
}

/** Runs what is due after the gate's clock was moved from outside. */
export const takeClock = (merged: Merged): void => moveTo(merged, merged.gate.watermark);

/** All that was read up to `at` (epoch ms) has been processed. */
export function processHeartbeat(merged: Merged, at: number): Outputs {
  moveClock(merged.gate, at);
  takeClock(merged);
  return drain(merged.outbox);
}

/** End of a finite input: every open day is closed. */
export function endOfInput(merged: Merged): Outputs {
  if (!Number.isFinite(merged.gate.clock)) return drain(merged.outbox);
  return processHeartbeat(merged, merged.gate.clock + LONGEST_DAY + LAG);
}

function moveTo(merged: Merged, watermark: number): void {
  const first = merged.cores[0];
  if (first === undefined || !(watermark > first.reached)) return;
  let boundary = Number.isNaN(first.nextClose) ? boundaryAtOrBefore(watermark) : first.nextClose;
  for (; boundary <= watermark; boundary += INTERVAL) {
    for (const core of merged.cores) reach(core, boundary);
    exchangeNow(merged);
    retainFrom(merged.around.tables, versionFor(boundary));
  }
  for (const core of merged.cores) reach(core, watermark);
}

function reach(core: Core, watermark: number): void {
  const needed = advance(core, watermark, runWake);
  if (needed !== undefined) {
    throw new MetsukeError("METSUKE_INTERNAL", `table version ${needed} was never made`);
  }
}

function exchangeNow(merged: Merged): void {
  const { exchange, outbox } = merged;
  for (const delta of outbox.deltas) addDelta(exchange, delta);
  outbox.deltas = [];
  for (let step = nextStep(exchange, 0); step !== undefined; step = nextStep(exchange, 0)) {
    for (const record of buildStep(exchange, step, `${merged.writer}-${step.boundary}`)) {
      addTableRecord(exchange.tables, record);
      outbox.tables.push(record);
    }
    forgetFolded(exchange);
  }
  outbox.any = true;
}

/** A record of `tables` from an earlier run: its version is used instead of being made again. */
export const recallTable = (merged: Merged, record: Table): void => {
  addTableRecord(merged.around.tables, record);
};

/** A record of `control`: it counts from the next version on. */
export const processControl = (merged: Merged, offset: number, record: Control): void => {
  addControl(merged.exchange, offset, record);
};

export const mergedCells = (merged: Merged, full: boolean) => cutCells(merged, full);
export const mergedCovered = (merged: Merged): void => cutCovered(merged);
export const restoreMerged = (merged: Merged, cells: ReadonlyMap<string, Uint8Array>): void =>
  restoreCut(merged, cells);
