import type { Action } from "../../../schemas/action.ts";
import type { Anomaly } from "../../../schemas/anomaly.ts";
import type { Casework } from "../../../schemas/casework.ts";
import type { Incident } from "../../../schemas/incident.ts";
import { hash128 } from "../../../schemas/ids.ts";
import {
  type RespondParams,
  triageConfig,
  type TriageResponder,
} from "../../../responders/runtime/config.ts";
import { createTriage, type Decisions, type Triage } from "../../../responders/runtime/triage.ts";

export const T0 = Date.parse("2026-03-02T09:00:00.000Z");
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 86_400_000;
export const iso = (ms: number) => new Date(ms).toISOString();

export function anomaly(at: number, patch: Partial<Anomaly> = {}): Anomaly {
  const user = patch["entity.id"] ?? "alice";
  const detector = patch["detector.name"] ?? "impossible-travel";
  return {
    "anomaly.id": hash128(detector, user, String(at)),
    "@timestamp": iso(at),
    "organization.id": "default",
    "detector.name": detector,
    "detector.version": "1",
    "threat.technique.id": ["T1078"],
    "entity.type": "user",
    "entity.id": user,
    "related.entities": [],
    "anomaly.p": null,
    "anomaly.score": 10,
    "anomaly.severity": 80,
    "anomaly.certain": detector === "impossible-travel" || detector === "unapproved-device",
    "anomaly.families": [families[detector] ?? "access"],
    "anomaly.window.start": iso(at),
    "anomaly.late": false,
    "event.ids": ["e1"],
    "evidence.authenticated": true,
    "evidence.success": detector !== "login-burst",
    "evidence.datasets": ["demo.login"],
    "baseline.age_days": 30,
    "population.entity_days": 20_000,
    "population.active_users": 60,
    message: `${detector} about ${user}.`,
    explanation: [],
    ...patch,
  };
}

const families: Record<string, Anomaly["anomaly.families"][number]> = {
  "impossible-travel": "place",
  "unapproved-device": "device",
  "login-burst": "failures",
  baseline: "access",
};

export const travel = (at: number, patch: Partial<Anomaly> = {}) => anomaly(at, patch);
export const burst = (at: number, patch: Partial<Anomaly> = {}) =>
  anomaly(at, { "detector.name": "login-burst", ...patch });
export const device = (at: number, patch: Partial<Anomaly> = {}) =>
  anomaly(at, {
    "detector.name": "unapproved-device",
    "entity.type": "device",
    "entity.id": "laptop-9",
    "related.entities": [{ type: "user", id: "alice" }],
    ...patch,
  });
export const unlikely = (at: number, patch: Partial<Anomaly> = {}) =>
  anomaly(at, {
    "detector.name": "baseline",
    "anomaly.certain": false,
    "anomaly.p": 1e-5,
    ...patch,
  });

/** Both families that a lock needs. */
export const takeover = (at: number, user = "alice"): Anomaly[] => [
  burst(at, { "entity.id": user }),
  travel(at + MINUTE, { "entity.id": user }),
];

export const scim: TriageResponder = {
  name: "scim",
  actions: ["lock_account", "revoke_sessions", "block_device"],
  native_datasets: ["demo.login"],
};

export const LIVE: Partial<RespondParams> = { live: ["lock_account", "block_device"] };

export function triageOf(
  params: Partial<RespondParams> = {},
  responders: readonly TriageResponder[] = [],
) {
  return createTriage(triageConfig(params, { responders }));
}

export const found = (value: Anomaly, at = Date.parse(value["@timestamp"])): Casework => ({
  kind: "anomaly",
  at,
  anomaly: value,
});

export function feed(triage: Triage, ...records: readonly (Casework | Anomaly)[]): Decisions {
  const all = records.map((record) => triage.apply("kind" in record ? record : found(record)));
  return {
    incidents: all.flatMap((each) => each.incidents),
    actions: all.flatMap((each) => each.actions),
  };
}

export const tick = (at: number): Casework => ({ kind: "tick", at });
export const observe = (action: Action, nonce: string, at: number, prior = {}): Casework => ({
  kind: "observed",
  at,
  action: action["action.id"],
  step: action["action.step"],
  attempt: action["action.attempt"],
  nonce,
  prior,
});
export const outcome = (
  action: Action,
  nonce: string,
  at: number,
  status: "confirmed" | "acknowledged" | "failed" | "retry" = "confirmed",
): Casework => ({
  kind: "outcome",
  at,
  action: action["action.id"],
  step: action["action.step"],
  attempt: action["action.attempt"],
  nonce,
  status,
  detail: status,
});
export const request = (
  what: "undo" | "stop" | "resume",
  at: number,
  actions: string[] = [],
  by = "olga",
): Casework => ({ kind: "request", at, request: what, actions, by });

/** Last record of each action, as readers fold them. */
export function latest(actions: readonly Action[]): Action[] {
  const newest = new Map<string, Action>();
  for (const action of actions) {
    const known = newest.get(action["action.id"]);
    if (known === undefined || known["action.revision"] < action["action.revision"]) {
      newest.set(action["action.id"], action);
    }
  }
  return [...newest.values()];
}

/** Last record of each incident, as readers fold them. */
export const latestIncidents = (incidents: readonly Incident[]): Incident[] => [
  ...new Map(incidents.map((incident) => [incident["incident.id"], incident])).values(),
];
