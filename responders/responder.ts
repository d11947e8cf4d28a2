import type { TObject } from "typebox";
import type { Action, ActionType } from "../schemas/action.ts";

/** What would be done, decided without I/O: a dry run shows it, an approver signs it. */
export interface Plan {
  readonly type: ActionType;
  /** Account or device name in the target system. */
  readonly account: string;
  readonly summary: string;
}

/** State of the target as the target system tells it; undo restores it. Plain JSON. */
export type TargetState = Readonly<Record<string, unknown>>;

export type Outcome =
  | { readonly status: "done"; readonly receipt: string }
  | { readonly status: "retry"; readonly reason: string; readonly afterMs?: number }
  | { readonly status: "failed"; readonly reason: string };

export interface ResponderContext<Params> {
  readonly params: Params;
  /** Aborts at the hard time limit of the attempt. */
  readonly signal: AbortSignal;
}

export type Observation =
  | { readonly status: "found"; readonly state: TargetState }
  | { readonly status: "missing"; readonly reason: string }
  | { readonly status: "retry"; readonly reason: string };

/**
 * One identity system. The runtime does policy, guards, leases, attempts, time limits, retries and
 * the records; a responder only plans, looks, acts, looks again and restores.
 */
export interface Responder<Params = unknown> {
  readonly name: string;
  readonly title: string;
  readonly effect: "notify" | "contain";
  /** Rights it must hold at the target, for the reference page. */
  readonly needs: string;
  readonly params: TObject;
  readonly actions: readonly ActionType[];
  /** `read_back` alone may say confirmed. */
  readonly verification: "read_back" | "acknowledged" | "none";

  /** Pure and stable; undefined when it cannot do this action for this target. */
  plan(action: Action, params: Params): Plan | undefined;
  observe(plan: Plan, context: ResponderContext<Params>): Promise<Observation>;
  /** Sets a state, never toggles; already in the wanted state is `done`. */
  apply(plan: Plan, action: Action, context: ResponderContext<Params>): Promise<Outcome>;
  /** Reads back: done only when the wanted state is what the target says. */
  verify(
    plan: Plan,
    wanted: "applied" | "undone",
    prior: TargetState,
    context: ResponderContext<Params>,
  ): Promise<Outcome>;
  /** Restores the prior state. Twice is the same as once. */
  undo(plan: Plan, prior: TargetState, context: ResponderContext<Params>): Promise<Outcome>;
}
