import type { Casework } from "../../schemas/casework.ts";
import type { TargetState } from "../responder.ts";
import type { TriageState } from "./state.ts";
import { STOP_FILE } from "./triage.ts";

const MAX_ACTIONS = 50_000;

interface Claims {
  /** State of the target at the first observation of all: what an undo restores. */
  prior: TargetState;
  /** `step-attempt` → nonce of the first to observe it. */
  readonly winners: Map<string, string>;
}

/** What a worker needs to know of `casework`: who won which attempt, and whether all is stopped. */
export interface CaseworkIndex {
  fold(record: Casework): void;
  /** Resolves once the record with this nonce has been read; ask before it is appended. */
  awaitNonce(nonce: string): { readonly read: Promise<void>; cancel(): void };
  winner(action: string, step: string, attempt: number): string | undefined;
  prior(action: string): TargetState | undefined;
  stopped(): boolean;
}

/** `restored` is triage's checkpoint: it stands for every record before its offset. */
export function createCaseworkIndex(restored: TriageState): CaseworkIndex {
  const claims = new Map<string, Claims>();
  const waiting = new Map<string, () => void>();
  const stops = { ...restored.stops };
  for (const { action, claim } of restored.open.values()) {
    const prior = action["action.prior_state"];
    if (prior === undefined) continue;
    const winners = new Map<string, string>();
    const attempt = `${action["action.step"]}-${action["action.attempt"]}`;
    if (claim !== undefined) winners.set(attempt, claim);
    claims.set(action["action.id"], { prior, winners });
  }
  return {
    fold(record) {
      if (record.kind === "request" && record.request !== "undo") {
        stops[record.by === STOP_FILE ? "file" : "request"] = record.request === "stop";
      }
      if (record.kind !== "observed") return;
      const attempt = `${record.step}-${record.attempt}`;
      const known = claims.get(record.action);
      if (known === undefined) {
        claims.set(record.action, {
          prior: record.prior,
          winners: new Map([[attempt, record.nonce]]),
        });
        forgetOldest(claims);
      } else if (!known.winners.has(attempt)) known.winners.set(attempt, record.nonce);
      waiting.get(record.nonce)?.();
    },
    awaitNonce(nonce) {
      const read = new Promise<void>((resolve) => {
        waiting.set(nonce, () => {
          waiting.delete(nonce);
          resolve();
        });
      });
      return { read, cancel: () => void waiting.delete(nonce) };
    },
    winner: (action, step, attempt) => claims.get(action)?.winners.get(`${step}-${attempt}`),
    prior: (action) => claims.get(action)?.prior,
    stopped: () => stops.request || stops.file,
  };
}

function forgetOldest(claims: Map<string, Claims>): void {
  if (claims.size <= MAX_ACTIONS) return;
  for (const action of claims.keys()) {
    claims.delete(action);
    return;
  }
}
