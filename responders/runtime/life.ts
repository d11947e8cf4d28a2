import type { Action } from "../../schemas/action.ts";
import type { CaseworkObserved, CaseworkOutcome } from "../../schemas/casework.ts";
import { contains } from "../guards/guard.ts";
import { timeText } from "./state.ts";

/**
 * The life of one action. `planned` and `suppressed` are written once; an executed one goes
 * authorised → attempting (apply) → confirmed | acknowledged → attempting (undo) → reverted.
 * `failed` only when no attempt was claimed: otherwise the effect may be there, and it is undone
 * until the target says so. Times come from casework records alone.
 */
export interface Lease {
  readonly order: number;
  action: Action;
  /** Who won the current attempt. */
  claim: string | undefined;
  /** Some attempt of this action was claimed: there may be an effect. */
  claimed: boolean;
  /** Epoch ms before which neither another attempt nor an undo may start. */
  quietUntil: number;
  /** Epoch ms at which a confirmed effect ends by itself. */
  endsAt: number | undefined;
  /** Why no further attempt to apply is made. */
  giveUp: string | undefined;
}

export interface LifeLimits {
  readonly attemptMs: number;
  readonly graceMs: number;
  readonly maxAttempts: number;
}

const MAX_BACKOFF_MS = 300_000;

const claimKey = (action: Action): string => `${action["action.step"]}-${action["action.attempt"]}`;

export const isClosed = ({ action }: Lease): boolean =>
  action["action.status"] === "failed" ||
  action["action.status"] === "reverted" ||
  action["action.status"] === "suppressed" ||
  action["action.status"] === "expired" ||
  (isEffective(action) && !contains(action["action.type"]));

export const isEffective = (action: Action): boolean =>
  action["action.status"] === "confirmed" || action["action.status"] === "acknowledged";

export const isUndoing = ({ action, giveUp }: Lease): boolean =>
  action["action.step"] === "undo" || giveUp !== undefined;

function revise(lease: Lease, at: number, patch: Partial<Action>): Action {
  lease.action = {
    ...lease.action,
    ...patch,
    "action.revision": lease.action["action.revision"] + 1,
    "updated.at": timeText(at),
  };
  return lease.action;
}

/** Starts the first attempt of an authorised action. */
export const start = (lease: Lease, at: number, limits: LifeLimits): Action =>
  attempt(lease, at, "apply", limits);

function attempt(lease: Lease, at: number, step: "apply" | "undo", limits: LifeLimits): Action {
  const again = lease.action["action.step"] === step ? lease.action["action.attempt"] : 0;
  const deadline = at + limits.attemptMs;
  const backoff = step === "undo" ? Math.min(again * limits.graceMs, MAX_BACKOFF_MS) : 0;
  lease.claim = undefined;
  lease.quietUntil = deadline + limits.graceMs + backoff;
  return revise(lease, at, {
    "action.status": "attempting",
    "action.step": step,
    "action.attempt": again + 1,
    "action.deadline": timeText(deadline),
  });
}

/** The first to observe an attempt has it; the first observation of all is the prior state. */
export function observed(lease: Lease, record: CaseworkObserved): Action | undefined {
  const { action } = lease;
  if (action["action.status"] === "planned") return undefined;
  const current =
    action["action.status"] === "attempting" &&
    claimKey(action) === `${record.step}-${record.attempt}`;
  if (current && lease.claim === undefined) lease.claim = record.nonce;
  lease.claimed = true;
  if (action["action.prior_state"] !== undefined) return undefined;
  return revise(lease, record.at, { "action.prior_state": record.prior });
}

/** What a worker found; anything but the claimed, current attempt's answer is too late to count. */
export function concluded(lease: Lease, record: CaseworkOutcome): Action | undefined {
  const { action } = lease;
  if (action["action.status"] !== "attempting") return undefined;
  if (claimKey(action) !== `${record.step}-${record.attempt}`) return undefined;
  const done = record.status === "confirmed" || record.status === "acknowledged";
  if (lease.claim === undefined ? done : lease.claim !== record.nonce) return undefined;
  if (done) return succeeded(lease, record);
  // The claim may still come: what nobody has claimed ends only after deadline and grace.
  if (record.status === "failed" && action["action.step"] === "apply") {
    lease.giveUp ??= record.detail;
  }
  return revise(lease, record.at, { "action.outcome": record.detail });
}

function succeeded(lease: Lease, record: CaseworkOutcome): Action {
  const outcome = { "action.outcome": record.detail };
  if (lease.action["action.step"] === "undo") {
    return revise(lease, record.at, { ...outcome, "action.status": "reverted" });
  }
  const status = record.status === "confirmed" ? "confirmed" : "acknowledged";
  if (!contains(lease.action["action.type"])) {
    return revise(lease, record.at, { ...outcome, "action.status": status });
  }
  lease.endsAt = record.at + lease.action["lease.seconds"] * 1_000;
  return revise(lease, record.at, {
    ...outcome,
    "action.status": status,
    "lease.started": timeText(record.at),
    "lease.expires": timeText(lease.endsAt),
  });
}

/** An operator wants it undone: at once when it is quiet, else when deadline and grace are over. */
export function undoRequested(
  lease: Lease,
  request: { readonly at: number; readonly by: string },
  limits: LifeLimits,
): Action[] {
  const { action } = lease;
  if (action["action.status"] === "planned" || isUndoing(lease)) return [];
  lease.giveUp = `Undo asked for by ${request.by}.`;
  const records = [revise(lease, request.at, { "requested.by": request.by })];
  const next = ticked(lease, request.at, { ...limits, stopped: false });
  if (next !== undefined) records.push(next);
  return records;
}

/** What the passing of time leads to. A stop ends attempts to apply, never an undo. */
export function ticked(
  lease: Lease,
  at: number,
  limits: LifeLimits & { readonly stopped: boolean },
): Action | undefined {
  const { action } = lease;
  if (at < lease.quietUntil) return undefined;
  if (isEffective(action)) {
    const over = lease.giveUp !== undefined || (lease.endsAt !== undefined && at >= lease.endsAt);
    return over ? attempt(lease, at, "undo", limits) : undefined;
  }
  if (action["action.status"] !== "attempting") return undefined;
  if (action["action.step"] === "undo") return attempt(lease, at, "undo", limits);
  const reason = endOfApply(lease, limits);
  if (reason === undefined) return attempt(lease, at, "apply", limits);
  lease.giveUp = reason;
  const nothingToUndo = !lease.claimed || !contains(action["action.type"]);
  return nothingToUndo
    ? revise(lease, at, { "action.status": "failed", "action.outcome": reason })
    : attempt(lease, at, "undo", limits);
}

function endOfApply(
  { giveUp, action }: Lease,
  limits: LifeLimits & { readonly stopped: boolean },
): string | undefined {
  if (giveUp !== undefined) return giveUp;
  if (limits.stopped && contains(action["action.type"])) return "The global stop was set.";
  return action["action.attempt"] >= limits.maxAttempts
    ? `Given up after ${action["action.attempt"]} attempts: ${action["action.outcome"] ?? "no worker answered"}`
    : undefined;
}

/** Further evidence for an effect that is there, under way or planned: the lease ends later. */
export function extended(
  lease: Lease,
  anomaly: { readonly id: string; readonly endsAt: number },
  at: number,
): Action {
  const ids = [...lease.action["anomaly.ids"], anomaly.id].slice(0, 256);
  const patch = { "anomaly.ids": [...new Set(ids)] };
  if (lease.endsAt === undefined || anomaly.endsAt <= lease.endsAt) {
    return revise(lease, at, patch);
  }
  lease.endsAt = anomaly.endsAt;
  return revise(lease, at, { ...patch, "lease.expires": timeText(anomaly.endsAt) });
}
