import type { ActionType } from "../../schemas/action.ts";
import type { Anomaly } from "../../schemas/anomaly.ts";
import type { EntityRef } from "../../schemas/entity.ts";
import type { RespondParams, TriageResponder } from "../runtime/config.ts";

/** Who would execute the action, and under which name the target is known there. */
export interface Executor {
  readonly responder: string;
  readonly account: string;
}

/** How many actions of this tenant and type hold a reservation, the candidate not counted. */
export interface CapCounts {
  readonly hour: number;
  readonly day: number;
  readonly source: number;
  readonly detector: number;
}

/** Everything a guard may look at. */
export interface Candidate {
  readonly type: ActionType;
  readonly target: EntityRef;
  /** The anomaly that called for the action. */
  readonly decisive: Anomaly;
  /**
   * Evidence of the last 24 hours in the incident that names the target, authenticated, not late
   * and of severity 20 or more; the decisive anomaly is in it when it is so itself.
   */
  readonly evidence: readonly Anomaly[];
  /** Families of that evidence, sorted. */
  readonly families: readonly string[];
  /** Those of them that no earlier lease of this kind on this target rests on. */
  readonly fresh: readonly Anomaly[];
  readonly params: RespondParams;
  /** Configured responders that can do this type of action. */
  readonly able: readonly TriageResponder[];
  /** Undefined when none of them knows the target's account. */
  readonly executor: Executor | undefined;
  readonly counts: CapCounts;
  readonly stopped: boolean;
}

/** Holds an action back. Pure: the dry run and the live run ask the same question. */
export interface Guard {
  readonly name: string;
  /** One sentence with the figures when it holds the action back, else undefined. */
  check(candidate: Candidate): string | undefined;
}

/** Actions that only tell people something are held to fewer rules. */
export const contains = (type: ActionType): boolean => type !== "notify";

/** Actions that keep a person out or get in his way. */
export const aimsAtAccount = (type: ActionType): boolean =>
  type === "lock_account" || type === "revoke_sessions" || type === "require_step_up";
