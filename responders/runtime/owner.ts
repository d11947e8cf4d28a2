import { randomUUID } from "node:crypto";
import { errorText } from "../../platform/errors.ts";
import type { EventLog, StoredRecord } from "../../platform/event-log/port.ts";
import type { JobQueue } from "../../platform/jobs/port.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { Action } from "../../schemas/action.ts";
import { jobId } from "../../schemas/ids.ts";
import { topics } from "../../schemas/topics.ts";
import type { TriageConfig } from "./config.ts";
import { appendDurably, follow } from "./follow.ts";
import { caseworkBatch, decisionBatches, decodeCasework } from "./records.ts";
import type { StopFile } from "./stop-file.ts";
import { createTriage, STOP_FILE, type Triage } from "./triage.ts";

export const TASK = "triage/casework/0";
/** Cell beside triage's own: offset of `actions` from which on records are newer than the cut. */
export const ACTIONS_FROM = "actions-from";

const TICK_MS = 1_000;
const RECONCILE_MS = 10_000;
const CHECKPOINT_MS = 30_000;

export interface OwnerPorts {
  readonly log: EventLog;
  readonly queue: JobQueue;
  readonly config: TriageConfig;
  readonly stopFile: StopFile;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly now: () => number;
}

/** The one that triages a `casework` partition until `signal` aborts. */
export interface Owner {
  /** Resolves when the task has drained and its last cut is written; rejects on a defect. */
  readonly done: Promise<void>;
  release(): void;
  triage(): Triage;
}

export function runOwner(ports: OwnerPorts, signal: AbortSignal): Owner {
  const triage = createTriage(ports.config);
  const released = new AbortController();
  const ended = AbortSignal.any([signal, released.signal]);
  return {
    done: own(ports, triage, ended),
    release: () => released.abort(),
    triage: () => triage,
  };
}

async function own(ports: OwnerPorts, triage: Triage, signal: AbortSignal): Promise<void> {
  const { log, logger } = ports;
  const restored = await log.restore(TASK);
  if (restored !== undefined) triage.restore(restored.cells);
  const cuts = createCuts(ports, triage, restored?.offset ?? 0);
  enqueue(ports, triage.openActions());
  const timers = startTimers(ports, triage, signal);
  try {
    await follow({
      log,
      topic: topics.casework.name,
      from: restored?.offset ?? 0,
      signal,
      logger,
      async handle(records) {
        await fold(ports, triage, records, signal);
        cuts.reached((records.at(-1)?.offset ?? 0) + 1);
        if (cuts.due()) await cuts.write();
      },
    });
  } catch (error) {
    // Decided but not durable: the state is ahead of the log, so no cut; the next owner decides anew.
    if (signal.aborted) return;
    throw error;
  } finally {
    timers.stop();
  }
  await cuts.write();
}

/** Decides, makes the decisions durable, and only then hands out work. */
async function fold(
  ports: OwnerPorts,
  triage: Triage,
  records: readonly StoredRecord[],
  signal: AbortSignal,
): Promise<void> {
  const { log, logger, metrics, queue } = ports;
  const decisions = records.flatMap((stored) => {
    const decoded = decodeCasework(stored);
    for (const bad of decoded.bad) {
      metrics.rejected.inc({ component: "respond", reason: "casework" });
      logger.error(bad, "casework record cannot be used");
    }
    metrics.received.inc({ component: "respond" }, decoded.records.length);
    return decoded.records.map((record) => triage.apply(record));
  });
  const batches = decisionBatches(decisions);
  if (batches.length > 0) await appendDurably(log, batches, signal);
  const actions = decisions.flatMap((each) => each.actions);
  for (const action of actions) {
    metrics.actions.inc({ type: action["action.type"], status: action["action.status"] });
  }
  metrics.sent.inc({ component: "respond" }, actions.length);
  enqueue({ queue, logger, metrics }, current(triage, actions));
}

/** Attempts among them that are still the newest of their action. */
const current = (triage: Triage, actions: readonly Action[]): Action[] => {
  const changed = new Set(actions.map((action) => action["action.id"]));
  return changed.size === 0
    ? []
    : triage.openActions().filter((action) => changed.has(action["action.id"]));
};

/** A queue that is away loses nothing: the reconciler asks again. */
function enqueue(
  { queue, logger, metrics }: Pick<OwnerPorts, "queue" | "logger" | "metrics">,
  actions: readonly Action[],
): void {
  for (const action of actions) {
    if (action["action.status"] !== "attempting") continue;
    const id = jobId(action["action.id"], action["action.step"], action["action.attempt"]);
    queue.enqueue(id, 0).catch((error: unknown) => {
      metrics.errors.inc({ component: "respond", reason: "jobs" });
      logger.warn({ job: id, err: errorText(error) }, "job not enqueued, tried again later");
    });
  }
}

function startTimers(ports: OwnerPorts, triage: Triage, signal: AbortSignal) {
  const { log, logger, now, stopFile } = ports;
  let appending = false;
  const tell = async () => {
    // One at a time: while the log is away ticks must not pile up.
    if (appending) return;
    appending = true;
    try {
      const file = stopFile.present();
      if (file !== triage.stops().file) {
        const request = file ? "stop" : "resume";
        await log.append([
          caseworkBatch({ kind: "request", at: now(), request, actions: [], by: STOP_FILE }),
        ]);
      }
      if (triage.openActions().length > 0) {
        await log.append([caseworkBatch({ kind: "tick", at: now() })]);
      }
    } catch (error) {
      if (!signal.aborted) logger.warn({ err: errorText(error) }, "tick not written");
    } finally {
      appending = false;
    }
  };
  const tick = setInterval(() => void tell(), TICK_MS);
  const reconcile = setInterval(() => enqueue(ports, triage.openActions()), RECONCILE_MS);
  return {
    stop() {
      clearInterval(tick);
      clearInterval(reconcile);
    },
  };
}

function createCuts({ log, logger, now }: OwnerPorts, triage: Triage, from: number) {
  const epoch = randomUUID();
  let number = 0;
  let offset = from;
  let written = from;
  let last = now();
  return {
    reached(next: number) {
      offset = next;
    },
    due: () => now() - last >= CHECKPOINT_MS && offset > written,
    /** A cut that cannot be written is tried again later: the chain before it still holds. */
    async write() {
      last = now();
      if (offset === written) return;
      try {
        const { next } = await log.bounds(topics.actions.name, 0);
        const position: readonly [string, Uint8Array] = [ACTIONS_FROM, Buffer.from(String(next))];
        const cells = [...triage.encode(), position];
        await log.checkpoint(TASK, { epoch, number, full: true, offset, cells });
        number += 1;
        written = offset;
      } catch (error) {
        logger.warn({ err: errorText(error) }, "checkpoint not written");
      }
    },
  };
}
