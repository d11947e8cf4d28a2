import { randomUUID } from "node:crypto";
import { errorText } from "../../platform/errors.ts";
import type { EventLog } from "../../platform/event-log/port.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Metrics } from "../../platform/metrics.ts";
import { pause, persist } from "../exchange/reading.ts";
import { type Cutting, cutCells, cutCovered } from "./cells.ts";
import type { EngineOptions } from "./merged.ts";
import type { Outputs } from "./outputs.ts";
import { batchesOf } from "./records.ts";

export interface DriverOptions extends EngineOptions {
  readonly log: EventLog;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Wall time between two checkpoints of a task in ms; default 30 000. */
  readonly checkpointMs?: number;
  /** Events after which a checkpoint comes earlier; default 200 000. */
  readonly checkpointEvents?: number;
  /** Wall clock, for the pace of checkpoints, patience and the writer's time alone; default Date.now. */
  readonly now?: () => number;
}

export interface TaskHealth {
  /** For example `detect/events/0`. */
  readonly task: string;
  /** Why it does not move, undefined while it does. */
  readonly paused: string | undefined;
  /** Watermark in epoch ms, undefined before the first event. */
  readonly watermark: number | undefined;
  /** Next input offset. */
  readonly offset: number;
}

export interface DetectHealth {
  readonly ok: boolean;
  readonly lastError: string | undefined;
  readonly tasks: readonly TaskHealth[];
}

export interface Driver {
  /** Restores, then runs until {@link Driver.stop}; resolves once it runs. */
  start(): Promise<void>;
  /** Finishes what is in hand, writes a last checkpoint. */
  stop(): Promise<void>;
  health(): DetectHealth;
}

/** What a task's loop reports to the outside. */
export interface Status {
  readonly task: string;
  paused: string | undefined;
  lastError: string | undefined;
  offset: number;
}

/** Full cuts among all: a chain stays short. */
const FULL_EVERY = 60;
const CHECKPOINT_MS = 30_000;
const CHECKPOINT_EVENTS = 200_000;

/** One start of one task: its outputs and its cuts. */
export interface Run {
  readonly options: DriverOptions;
  readonly status: Status;
  readonly cutting: Cutting;
  readonly signal: AbortSignal;
  readonly epoch: string;
  number: number;
  hasFull: boolean;
  lastCut: number;
  events: number;
}

const clockOf = (options: DriverOptions): number => (options.now ?? Date.now)();

export const createRun = (
  options: DriverOptions,
  of: { readonly status: Status; readonly cutting: Cutting; readonly signal: AbortSignal },
): Run => ({
  ...of,
  options,
  // Unique per start, not per owner: a late writer of an earlier start cannot be taken for this one.
  epoch: randomUUID(),
  number: 0,
  hasFull: false,
  lastCut: clockOf(options),
  events: 0,
});

export const createStatus = (task: string): Status => ({
  task,
  paused: undefined,
  lastError: undefined,
  offset: 0,
});

/** Notes an error where health, log and metrics show it. */
export function report(run: Pick<Run, "options" | "status">, reason: string, error: unknown): void {
  const { status, options } = run;
  status.lastError = errorText(error);
  options.metrics.errors.inc({ component: "detect", reason });
  options.logger.error({ task: status.task, err: errorText(error) }, reason);
}

/** Makes outputs durable, trying until it works; false when the run was stopped before. */
export async function flush(run: Run, outputs: Outputs): Promise<boolean> {
  const { options, status } = run;
  for (const { detector, event, error } of outputs.failures) {
    report(run, "detector_failed", new Error(`${detector}, event ${event}: ${error}`));
  }
  const batches = batchesOf(outputs, clockOf(options));
  if (batches.length === 0) return true;
  const failed = (error: unknown) => {
    status.paused = "the log does not take outputs";
    report(run, "append_failed", error);
  };
  const done = await persist(() => appendInOrder(options.log, batches), failed, run.signal);
  status.paused = undefined;
  let records = 0;
  for (const batch of batches) records += batch.records.length;
  options.metrics.sent.inc({ component: "detect" }, records);
  return done;
}

// Versions come before the anomalies that rest on them, in case only a part becomes durable.
async function appendInOrder(
  log: EventLog,
  batches: readonly Parameters<EventLog["append"]>[0][number][],
): Promise<void> {
  const tables = batches.filter((batch) => batch.topic === "tables");
  const others = batches.filter((batch) => batch.topic !== "tables");
  if (tables.length > 0) await log.append(tables);
  if (others.length > 0) await log.append(others);
}

export function isCutDue(run: Run): boolean {
  const { options } = run;
  return (
    run.events >= (options.checkpointEvents ?? CHECKPOINT_EVENTS) ||
    clockOf(options) - run.lastCut >= (options.checkpointMs ?? CHECKPOINT_MS)
  );
}

/** Writes a cut at the run's offset. What it covers stays dirty if it fails; the next one brings it. */
export async function cut(run: Run): Promise<void> {
  const { options, status, cutting } = run;
  const full = !run.hasFull || run.number % FULL_EVERY === 0;
  const { epoch, number } = run;
  run.number += 1;
  run.events = 0;
  run.lastCut = clockOf(options);
  try {
    const cells = cutCells(cutting, full);
    await options.log.checkpoint(status.task, {
      epoch,
      number,
      full,
      offset: status.offset,
      cells,
    });
    cutCovered(cutting);
    run.hasFull = true;
  } catch (error) {
    report(run, "checkpoint_failed", error);
  }
}

const RESTART_MS = 1000;

/**
 * Runs a task until the signal aborts. One that fails is started again from its checkpoint: state in
 * memory may be half changed, the log is not.
 */
export async function supervise(
  options: DriverOptions,
  status: Status,
  once: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    // Whatever the failed start left running ends with it.
    const started = new AbortController();
    try {
      await once(AbortSignal.any([signal, started.signal]));
    } catch (error) {
      status.paused = errorText(error);
      report({ options, status }, "task_failed", error);
      started.abort();
      await pause(RESTART_MS, signal);
      status.paused = undefined;
    }
  }
}

export const healthOf = (
  tasks: readonly (readonly [Status, Cutting | undefined])[],
): DetectHealth => ({
  ok: tasks.every(([status]) => status.paused === undefined),
  lastError: tasks.find(([status]) => status.lastError !== undefined)?.[0].lastError,
  tasks: tasks.map(([status, cutting]) => ({
    task: status.task,
    paused: status.paused,
    watermark: finiteOr(cutting?.gate.watermark),
    offset: status.offset,
  })),
});

const finiteOr = (value: number | undefined): number | undefined =>
  value !== undefined && Number.isFinite(value) ? value : undefined;
