import type { Action } from "../../schemas/action.ts";
import { actionId } from "../../schemas/ids.ts";
import { contains } from "../guards/guard.ts";
import type { TriageConfig } from "./config.ts";
import type { Demand, Situation, Verdict } from "./decide.ts";
import { type Lease, type LifeLimits, start } from "./life.ts";
import { reserve } from "./reservations.ts";
import { tenantOf, timeText } from "./state.ts";

export const lifeLimits = ({ attempts }: TriageConfig): LifeLimits => ({
  attemptMs: attempts.attempt_seconds * 1_000,
  graceMs: attempts.grace_seconds * 1_000,
  maxAttempts: attempts.max_attempts,
});

const verbs = {
  notify: "Notify about",
  require_step_up: "Ask for a second factor of",
  revoke_sessions: "End the sessions of",
  lock_account: "Lock account",
  block_device: "Block device",
} as const;

function draft(situation: Situation, demand: Demand, { candidate }: Verdict): Action {
  const { incident } = situation;
  const { decisive, executor, evidence } = candidate;
  const { type, lease_minutes } = demand.action;
  const tenant = decisive["organization.id"];
  const incidentId = incident.record["incident.id"];
  const lease = (incident.leases[demand.key] ?? 0) + 1;
  incident.leases[demand.key] = lease;
  const others = evidence.map((anomaly) => anomaly["anomaly.id"]);
  const span = contains(type) ? ` for ${lease_minutes} min` : "";
  return {
    "action.id": actionId({ tenant, type, target: demand.target, incident: incidentId, lease }),
    "action.revision": 1,
    "organization.id": tenant,
    "@timestamp": decisive["@timestamp"],
    "action.type": type,
    "action.status": "planned",
    "action.step": "apply",
    "action.attempt": 0,
    "responder.name": executor?.responder ?? "",
    "target.type": demand.target.type,
    "target.id": demand.target.id,
    ...(executor === undefined ? {} : { "target.account": executor.account }),
    "incident.id": incidentId,
    "anomaly.ids": [...new Set([decisive["anomaly.id"], ...others])],
    "detector.name": decisive["detector.name"],
    "policy.line": demand.line,
    "lease.seconds": lease_minutes * 60,
    "event.ids": decisive["event.ids"].slice(0, 32),
    "updated.at": timeText(situation.at),
    message: `${verbs[type]} ${demand.target.id}${span}: ${decisive.message}`,
  };
}

/** Recorded once per incident, target and guard: a flood gives one record, not a thousand. */
export function suppressAction(situation: Situation, demand: Demand, verdict: Verdict): Action[] {
  const { held } = verdict;
  if (held === undefined) return [];
  const mark = `${demand.key}\u0000${held.name}`;
  if (situation.incident.suppressed.includes(mark)) return [];
  situation.incident.suppressed.push(mark);
  return [
    {
      ...draft(situation, demand, verdict),
      "action.status": "suppressed",
      "guard.name": held.name,
      "guard.reason": held.reason,
    },
  ];
}

/** What would be done. It runs on event time and takes its place under the caps like a real one. */
export function planAction(situation: Situation, demand: Demand, verdict: Verdict): Action[] {
  const endsAt =
    Date.parse(verdict.candidate.decisive["@timestamp"]) + demand.action.lease_minutes * 60_000;
  const action = {
    ...draft(situation, demand, verdict),
    ...(contains(demand.action.type) ? { "lease.expires": timeText(endsAt) } : {}),
  };
  open(situation, demand, verdict, { action, endsAt });
  return [action];
}

/** Authorises and starts the first attempt. */
export function startAction(situation: Situation, demand: Demand, verdict: Verdict): Action[] {
  const action: Action = {
    ...draft(situation, demand, verdict),
    "action.status": "authorised",
  };
  const lease = open(situation, demand, verdict, { action, endsAt: undefined });
  return [action, start(lease, situation.at, lifeLimits(situation.config))];
}

function open(
  { state }: Situation,
  { key }: Demand,
  { candidate: { decisive } }: Verdict,
  { action, endsAt }: { readonly action: Action; readonly endsAt: number | undefined },
): Lease {
  const lease: Lease = {
    order: state.nextOrder++,
    action,
    claim: undefined,
    claimed: false,
    quietUntil: 0,
    endsAt,
    giveUp: undefined,
  };
  if (contains(action["action.type"])) {
    reserve(tenantOf(state, action["organization.id"]), action, decisive);
  }
  state.open.set(key, lease);
  state.keyOf.set(action["action.id"], key);
  return lease;
}
