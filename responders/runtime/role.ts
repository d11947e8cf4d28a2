import { randomUUID } from "node:crypto";
import { errorText } from "../../platform/errors.ts";
import type { EventLog } from "../../platform/event-log/port.ts";
import type { JobQueue } from "../../platform/jobs/port.ts";
import type { Logger } from "../../platform/logger.ts";
import type { Metrics } from "../../platform/metrics.ts";
import type { Action } from "../../schemas/action.ts";
import type { Casework } from "../../schemas/casework.ts";
import { topics } from "../../schemas/topics.ts";
import { type ActionProjection, createActionProjection } from "./action-projection.ts";
import { type CaseworkIndex, createCaseworkIndex } from "./casework-index.ts";
import type { ResponderInstance, TriageConfig } from "./config.ts";
import { appendDurably, follow } from "./follow.ts";
import { ACTIONS_FROM, type Owner, runOwner, TASK } from "./owner.ts";
import { caseworkBatch, decodeActions, decodeCasework } from "./records.ts";
import { createRequests, type OperatorRequests } from "./requests.ts";
import { decodeState } from "./state-codec.ts";
import { type StopFile, watchStopFile } from "./stop-file.ts";
import { createWorker } from "./worker.ts";

const GROUP = "respond";
const WAIT_FOR_LOG_MS = 10_000;

export interface RespondRoleOptions {
  readonly log: EventLog;
  readonly queue: JobQueue;
  readonly responders: readonly ResponderInstance[];
  readonly triageConfig: TriageConfig;
  /** Folder in which a file named STOP stops everything. */
  readonly dataDir: string;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Wall clock, epoch ms. */
  readonly now: () => number;
  /** A defect in a loop that has to run: the process should stop and resume from its checkpoint. */
  readonly failed: (error: unknown) => void;
}

export interface RespondHealth {
  /** This process triages; others only execute. */
  readonly owner: boolean;
  readonly stopped: boolean;
  readonly openActions: number;
}

export interface RespondRole extends OperatorRequests {
  start(): Promise<void>;
  /** Ends running attempts and triage, writes the last checkpoint, closes the queue. */
  stop(): Promise<void>;
  health(): RespondHealth;
  openActions(): readonly Action[];
}

interface Parts {
  readonly actions: ActionProjection;
  readonly index: CaseworkIndex;
  readonly stopFile: StopFile;
  readonly loops: readonly Promise<void>[];
}

/** Triage where this process owns `casework`, and workers everywhere. */
export function createRespondRole(options: RespondRoleOptions): RespondRole {
  const { log, queue } = options;
  const ending = new AbortController();
  let parts: Parts | undefined;
  let owner: Owner | undefined;

  const stopped = () => parts === undefined || parts.stopFile.present() || parts.index.stopped();

  return {
    async start() {
      const stopFile = watchStopFile(options.dataDir);
      await stopFile.look();
      const running = await startFollowing(options, stopFile, ending.signal);
      parts = running;
      queue.work(createWorker(workerPorts(options, running, ending.signal)));
      await log.assign(
        [topics.casework.name],
        GROUP,
        {
          assigned(_topic, _partition, signal) {
            const taken = runOwner({ ...options, config: options.triageConfig, stopFile }, signal);
            owner = taken;
            taken.done.catch(options.failed);
          },
          async revoked() {
            owner?.release();
            await owner?.done.catch(ignoreReported);
            owner = undefined;
          },
        },
        ending.signal,
      );
    },
    async stop() {
      await queue.close();
      ending.abort();
      parts?.stopFile.close();
      await Promise.all([...(parts?.loops ?? []), owner?.done.catch(ignoreReported)]);
    },
    health: () => ({
      owner: owner !== undefined,
      stopped: stopped(),
      openActions: (owner?.triage().openActions() ?? parts?.actions.open() ?? []).length,
    }),
    openActions: () => owner?.triage().openActions() ?? parts?.actions.open() ?? [],
    ...createRequests(options, ending.signal),
  };
}

/** `failed` has been told already. */
const ignoreReported = () => undefined;

async function startFollowing(
  { log, logger, metrics, failed }: RespondRoleOptions,
  stopFile: StopFile,
  signal: AbortSignal,
): Promise<Parts> {
  const restored = await log.restore(TASK);
  const state = decodeState(restored?.cells ?? new Map());
  const actions = createActionProjection([...state.open.values()].map(({ action }) => action));
  const index = createCaseworkIndex(state);
  const actionsFrom = restored?.cells.get(ACTIONS_FROM);
  const bad = (topic: string, error: unknown) => {
    metrics.errors.inc({ component: "respond", reason: topic });
    logger.error({ topic, err: error }, "record cannot be used");
  };
  const casework = follow({
    log,
    topic: topics.casework.name,
    from: restored?.offset ?? 0,
    signal,
    logger,
    handle(records) {
      for (const record of records.flatMap((stored) => decodeCasework(stored).records)) {
        index.fold(record);
      }
    },
  });
  const projected = follow({
    log,
    topic: topics.actions.name,
    from: actionsFrom === undefined ? 0 : Number(Buffer.from(actionsFrom).toString()),
    signal,
    logger,
    handle(records) {
      for (const stored of records) {
        const decoded = decodeActions(stored);
        for (const line of decoded.bad) bad(topics.actions.name, line);
        for (const action of decoded.records) actions.fold(action);
      }
    },
  });
  const loops = [casework, projected].map((loop) => loop.catch(failed));
  return { actions, index, stopFile, loops };
}

function workerPorts(
  { log, logger, now, responders, triageConfig }: RespondRoleOptions,
  { actions, index, stopFile }: Parts,
  signal: AbortSignal,
) {
  const requestMs = triageConfig.attempts.request_seconds * 1_000;
  const byName = new Map(responders.map((instance) => [instance.name, instance]));
  const timely = () => AbortSignal.any([signal, AbortSignal.timeout(WAIT_FOR_LOG_MS)]);
  return {
    logger,
    now,
    nonce: randomUUID,
    responder: (name: string) => byName.get(name),
    stopped: () => stopFile.present() || index.stopped(),
    timeLimit: () => AbortSignal.any([signal, AbortSignal.timeout(requestMs)]),
    prior: (action: string) => index.prior(action),
    async newest(id: string, step: string, attempt: number) {
      await actions.reached(id, step, attempt, timely());
      return actions.newest(id);
    },
    async claim(record: Extract<Casework, { kind: "observed" }>) {
      const mine = index.awaitNonce(record.nonce);
      const limit = timely();
      try {
        await appendDurably(log, [caseworkBatch(record)], limit);
        await Promise.race([mine.read, aborted(limit)]);
        const winner = index.winner(record.action, record.step, record.attempt);
        return winner === record.nonce;
      } catch (error) {
        logger.warn({ action: record.action, err: errorText(error) }, "attempt not claimed");
        return false;
      } finally {
        mine.cancel();
      }
    },
    conclude: (record: Casework) => appendDurably(log, [caseworkBatch(record)], signal),
  };
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
