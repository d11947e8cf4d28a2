import { randomUUID } from "node:crypto";
import { errorText } from "../../platform/errors.ts";
import type { EventLog } from "../../platform/event-log/port.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { Control, Delta, Table } from "../../schemas/exchange.ts";
import { topics } from "../../schemas/topics.ts";
import type { TableSpec } from "../detector.ts";
import { batchesOf } from "../runtime/records.ts";
import { INTERVAL } from "./boundaries.ts";
import {
  addControl,
  addDelta,
  buildStep,
  createExchange,
  type Exchange,
  forgetFolded,
  nextStep,
  type Step,
} from "./exchange.ts";
import { follow, linesOf, pause, readToEnd } from "./reading.ts";
import { addTableRecord, createTables, lastBoundary, retainFrom } from "./tables.ts";

const GROUP = "metsuke-exchange";
/** How long a silent partition holds the others up, in ms; a fraction of the interval. */
const PATIENCE = INTERVAL / 15;
const RETRY_MS = 1000;

export interface ExchangeRoleOptions {
  readonly log: EventLog;
  readonly specs: readonly TableSpec[];
  /** `topic/partition` of every task that contributes. */
  readonly expected: readonly string[];
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Default 60 000 ms; must stay below 15 min. */
  readonly patience?: number;
  /** Wall clock for patience alone; default Date.now. */
  readonly now?: () => number;
}

export interface ExchangeRole {
  start(): Promise<void>;
  stop(): Promise<void>;
  health(): { readonly owner: boolean; readonly lastError: string | undefined };
}

/** Runs the exchange wherever the log assigns it: one owner of `deltas` at a time, late ones harmless. */
export function createExchangeRole(options: ExchangeRoleOptions): ExchangeRole {
  const stopping = new AbortController();
  const health: { owner: boolean; lastError: string | undefined } = {
    owner: false,
    lastError: undefined,
  };
  let current = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const failed = (error: unknown): void => {
    health.lastError = errorText(error);
    options.metrics.errors.inc({ component: "exchange", reason: "failed" });
    options.logger.error({ err: errorText(error) }, "exchange failed");
  };
  const handlers = {
    assigned(_topic: string, _partition: number, signal: AbortSignal) {
      current = new AbortController();
      health.owner = true;
      const until = AbortSignal.any([signal, stopping.signal, current.signal]);
      running = own(options, failed, until).finally(() => {
        health.owner = false;
      });
    },
    async revoked() {
      current.abort();
      await running;
    },
  };
  return {
    start: () => options.log.assign([topics.deltas.name], GROUP, handlers, stopping.signal),
    async stop() {
      stopping.abort();
      await running;
    },
    health: () => ({ ...health }),
  };
}

async function own(
  options: ExchangeRoleOptions,
  failed: (error: unknown) => void,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    const started = new AbortController();
    try {
      await runExchange(options, AbortSignal.any([signal, started.signal]));
    } catch (error) {
      failed(error);
      started.abort();
      await pause(RETRY_MS, signal);
    }
  }
}

/** One start of the exchange. */
interface Work {
  readonly options: ExchangeRoleOptions;
  readonly exchange: Exchange;
  readonly signal: AbortSignal;
  readonly writer: string;
  /** Try ids count up, so that no two attempts of one start share one. */
  tries: number;
  /** Step that was appended and is not read back yet. */
  pending: Step | undefined;
  pumping: boolean;
  /** Something came that may allow a step. */
  asked: boolean;
}

async function runExchange(options: ExchangeRoleOptions, signal: AbortSignal): Promise<void> {
  const { log, specs, expected } = options;
  const exchange = createExchange({
    tables: createTables(),
    specs,
    expected,
    patience: options.patience ?? PATIENCE,
  });
  const work: Work = {
    options,
    exchange,
    signal,
    writer: randomUUID(),
    tries: 0,
    pending: undefined,
    pumping: false,
    asked: false,
  };
  const range = (topic: string, from = 0) => ({ topic, partition: 0, from });
  // In this order: what was decided, then what may be decided from. Deciding on half of the deltas
  // would leave out partitions that had spoken.
  const tablesAt = await readToEnd(log, range("tables"), takers(work).tables, signal);
  const control = range("control", exchange.tables.control);
  const controlAt = await readToEnd(log, control, takers(work).control, signal);
  const deltasAt = await readToEnd(log, range("deltas"), takers(work).deltas, signal);
  if (signal.aborted) return;
  await Promise.all([
    followAll(work, { tables: tablesAt, control: controlAt, deltas: deltasAt }),
    tick(work),
  ]);
}

function takers(work: Work): Record<"tables" | "control" | "deltas", Parameters<typeof follow>[2]> {
  const { exchange } = work;
  return {
    tables: (record) => {
      for (const row of linesOf<Table>(record, "tables")) {
        if (addTableRecord(exchange.tables, row)) forgetFolded(exchange);
      }
      retainFrom(exchange.tables, lastBoundary(exchange.tables) ?? Number.NEGATIVE_INFINITY);
    },
    control: (record) => {
      for (const row of linesOf<Control>(record, "control")) {
        addControl(exchange, record.offset, row);
      }
    },
    deltas: (record) => {
      for (const row of linesOf<Delta>(record, "deltas")) addDelta(exchange, row);
    },
  };
}

async function followAll(
  work: Work,
  from: Record<"tables" | "control" | "deltas", number>,
): Promise<void> {
  const { log } = work.options;
  const take = takers(work);
  const one = (topic: keyof typeof from, pumps: boolean) =>
    follow(
      log,
      { topic, partition: 0, from: from[topic] },
      (record) => {
        take[topic](record);
        if (pumps) void pump(work);
      },
      work.signal,
    );
  await Promise.all([one("tables", true), one("control", false), one("deltas", true)]);
}

// Patience runs out without a record: somebody has to look.
async function tick(work: Work): Promise<void> {
  while (!work.signal.aborted) {
    await pump(work);
    await pause(RETRY_MS, work.signal);
  }
}

/** Writes the next version if it may be made and the one before has been read back. */
async function pump(work: Work): Promise<void> {
  work.asked = true;
  if (work.pumping) return;
  work.pumping = true;
  try {
    while (work.asked && !work.signal.aborted) {
      work.asked = false;
      await writeNext(work);
    }
  } catch (error) {
    // Tried again by the next record or tick, under another try id.
    work.options.metrics.errors.inc({ component: "exchange", reason: "append_failed" });
    work.options.logger.error({ err: errorText(error) }, "table version not appended");
  } finally {
    work.pumping = false;
  }
}

async function writeNext(work: Work): Promise<void> {
  const { exchange, options, pending } = work;
  const step = nextStep(exchange, (options.now ?? Date.now)());
  if (step === undefined || (pending?.kind === step.kind && pending.boundary === step.boundary)) {
    return;
  }
  work.tries += 1;
  const tables = buildStep(exchange, step, `${work.writer}-${work.tries}`);
  const outputs = { anomalies: [], scores: [], deltas: [], tables, failures: [] };
  await options.log.append(batchesOf(outputs, 0));
  work.pending = step;
}
