import { MetsukeError } from "../../platform/errors.ts";
import type { EventLog } from "../../platform/event-log/port.ts";
import type { Casework } from "../../schemas/casework.ts";
import { appendDurably } from "./follow.ts";
import { caseworkBatch } from "./records.ts";

const WAIT_MS = 10_000;

/** What operators ask of triage. Durable when they resolve; METSUKE_LOG_UNAVAILABLE after 10 s without a log. */
export interface OperatorRequests {
  requestUndo(ids: readonly string[], by: string): Promise<void>;
  requestStop(by: string): Promise<void>;
  requestResume(by: string): Promise<void>;
}

type Request = Omit<Extract<Casework, { kind: "request" }>, "kind" | "at">;

export function createRequests(
  at: { readonly log: EventLog; readonly now: () => number; readonly dataDir: string },
  signal: AbortSignal,
): OperatorRequests {
  const send = async (request: Request): Promise<void> => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(WAIT_MS)]);
    const record = { kind: "request", at: at.now(), ...request } as const;
    try {
      await appendDurably(at.log, [caseworkBatch(record)], limit);
    } catch (error) {
      if (!limit.aborted) throw error;
      throw new MetsukeError(
        "METSUKE_LOG_UNAVAILABLE",
        `The ${request.request} was not recorded: the event log does not answer. A file named STOP in ${at.dataDir} stops everything all the same.`,
        { retryable: true, cause: error },
      );
    }
  };
  return {
    requestUndo: (ids, by) => send({ request: "undo", actions: [...ids], by }),
    requestStop: (by) => send({ request: "stop", actions: [], by }),
    requestResume: (by) => send({ request: "resume", actions: [], by }),
  };
}
