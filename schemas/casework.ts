import { type Static, Type } from "typebox";
import { Anomaly } from "./anomaly.ts";

/**
 * The one ordered input that triage decides from. Everything in it is a fact that somebody
 * recorded: anomalies by detectors, observations and outcomes by workers, requests by operators,
 * ticks by the respond role. Times here (`at`, epoch ms) are those of the writer; in replay, event time.
 */
const at = Type.Number({ description: "Epoch milliseconds." });
const attemptKey = { action: Type.String(), step: Type.String(), attempt: Type.Integer() };

export const CaseworkAnomaly = Type.Object({
  kind: Type.Literal("anomaly"),
  at,
  anomaly: Anomaly,
});

/** A worker saw the target's state and claims this attempt; the first one in the log holds. */
export const CaseworkObserved = Type.Object({
  kind: Type.Literal("observed"),
  at,
  ...attemptKey,
  nonce: Type.String(),
  prior: Type.Record(Type.String(), Type.Unknown()),
});

export const CaseworkOutcome = Type.Object({
  kind: Type.Literal("outcome"),
  at,
  ...attemptKey,
  nonce: Type.String(),
  status: Type.Union([
    Type.Literal("confirmed"),
    Type.Literal("acknowledged"),
    Type.Literal("failed"),
    Type.Literal("retry"),
  ]),
  detail: Type.String(),
});

export const CaseworkRequest = Type.Object({
  kind: Type.Literal("request"),
  at,
  request: Type.Union([Type.Literal("undo"), Type.Literal("stop"), Type.Literal("resume")]),
  /** Actions an undo names; empty for stop and resume. */
  actions: Type.Array(Type.String()),
  by: Type.String(),
});

export const CaseworkTick = Type.Object({ kind: Type.Literal("tick"), at });

export const Casework = Type.Union([
  CaseworkAnomaly,
  CaseworkObserved,
  CaseworkOutcome,
  CaseworkRequest,
  CaseworkTick,
]);
export type Casework = Static<typeof Casework>;
export type CaseworkObserved = Static<typeof CaseworkObserved>;
export type CaseworkOutcome = Static<typeof CaseworkOutcome>;
