import { type Static, Type } from "typebox";
import { EntityKind } from "./entity.ts";
import { integer, json, text, texts, time, word } from "./fields.ts";

export const ActionType = Type.Union([
  Type.Literal("notify"),
  Type.Literal("require_step_up"),
  Type.Literal("revoke_sessions"),
  Type.Literal("lock_account"),
  Type.Literal("block_device"),
]);
export type ActionType = Static<typeof ActionType>;

export const ActionStatus = Type.Union([
  Type.Literal("planned"),
  Type.Literal("suppressed"),
  Type.Literal("awaiting_approval"),
  Type.Literal("authorised"),
  Type.Literal("attempting"),
  Type.Literal("confirmed"),
  Type.Literal("acknowledged"),
  Type.Literal("failed"),
  Type.Literal("expired"),
  Type.Literal("reverted"),
]);
export type ActionStatus = Static<typeof ActionStatus>;

/**
 * What a responder does to a target: a lease whose life is a series of records that share
 * `action.id`; the greatest `action.revision` counts. Triage alone writes them.
 */
export const Action = Type.Object(
  {
    "action.id": text("hash(tenant, type, target, incident, lease number)."),
    "action.revision": integer("Grows with every state; readers keep the greatest."),
    "organization.id": word("Tenant."),
    "@timestamp": time("Event time of the anomaly that called for it."),
    "action.type": {
      ...ActionType,
      description: "What is done.",
      column: "LowCardinality(String)",
    },
    "action.status": { ...ActionStatus, description: "State.", column: "LowCardinality(String)" },
    "action.step": Type.Union([Type.Literal("apply"), Type.Literal("undo")], {
      description: "Direction of the current attempt.",
      column: "LowCardinality(String)",
    }),
    "action.attempt": integer("Attempt number within the step, from 1; 0 before the first."),
    "action.deadline": Type.Optional(time("When the current attempt ends.")),
    "responder.name": word("Responder that executes it; empty when none is configured."),
    "target.type": {
      ...EntityKind,
      description: "Kind of target.",
      column: "LowCardinality(String)",
    },
    "target.id": text("Entity acted upon."),
    "target.account": Type.Optional(text("Its name in the responder's system, after linking.")),
    "incident.id": text("Incident it belongs to."),
    "anomaly.ids": texts("Anomalies it rests on."),
    "detector.name": word("Detector that decided."),
    "policy.line": word("Policy line that called for it."),
    "guard.name": Type.Optional(word("Guard that held it back.")),
    "guard.reason": Type.Optional(text("Why, in one sentence.")),
    "lease.started": Type.Optional(time("When the effect was confirmed.")),
    "lease.expires": Type.Optional(time("When it ends by itself.")),
    "lease.seconds": integer("How long the lease runs."),
    "action.prior_state": Type.Optional(
      json(
        Type.Record(Type.String(), Type.Unknown()),
        "State of the target before the first attempt.",
      ),
    ),
    "action.outcome": Type.Optional(text("What the target system answered, in words.")),
    "event.ids": texts("Evidence of the decisive anomaly, at most 32."),
    "requested.by": Type.Optional(text("Operator who asked for the last change.")),
    "updated.at": time("Time of the casework record that led to this state."),
    message: text("One sentence: what is done to whom and why."),
  },
  { $id: "action", title: "Action", additionalProperties: false },
);
export type Action = Static<typeof Action>;
