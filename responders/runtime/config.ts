import { type Static, Type } from "typebox";
import { Value } from "typebox/value";
import { MetsukeError } from "../../platform/errors.ts";
import { ActionType } from "../../schemas/action.ts";
import { defaultPolicy, type Policy } from "../policy.ts";
import type { Responder } from "../responder.ts";

const closed = { additionalProperties: false } as const;
const count = (fallback: number, description: string) =>
  Type.Integer({ minimum: 0, default: fallback, description });
const share = (fallback: number, description: string) =>
  Type.Number({ minimum: 0, maximum: 1, default: fallback, description });
const seconds = (fallback: number, description: string) =>
  Type.Number({ minimum: 0.1, maximum: 3_600, default: fallback, description });

export const Caps = Type.Object(
  {
    hour_min: count(3, "Actions of a type an hour that are always allowed."),
    hour_share: share(0.01, "Or this share of the users active in 14 days, if that is more."),
    day_min: count(10, "Actions of a type a day that are always allowed."),
    day_share: share(0.03, "Or this share of the users active in 14 days, if that is more."),
    source_hour: count(3, "Actions an hour that one source address may cause."),
    detector_hour: count(3, "Actions an hour that one detector version may cause."),
  },
  { ...closed, default: {} },
);

export const Maturity = Type.Object(
  {
    baseline_days: count(14, "Active days an entity's baseline needs before it acts."),
    notify_entity_days: count(500, "Entity-days learned before calibrated scores notify."),
    act_entity_days: count(10_000, "Entity-days learned before calibrated scores act."),
  },
  { ...closed, default: {} },
);

export const Attempts = Type.Object(
  {
    attempt_seconds: seconds(10, "How long an attempt may wait before it starts its effect."),
    grace_seconds: seconds(8, "Quiet time after an attempt's deadline before the next one."),
    request_seconds: seconds(6, "Hard limit of the requests of one attempt; under the grace."),
    max_attempts: Type.Integer({
      minimum: 1,
      maximum: 100,
      default: 10,
      description: "Attempts to apply before giving up; an undo never gives up.",
    }),
  },
  { ...closed, default: {} },
);

export const Link = Type.Object(
  {
    user: Type.String({ description: "Resolved user (or device id) as in `user.entity.id`." }),
    responder: Type.String({ description: "Name of the responder." }),
    account: Type.String({ description: "Its name in that responder's system." }),
  },
  closed,
);

/** The part of the configuration that triage decides by. */
export const RespondParams = Type.Object(
  {
    live: Type.Array(ActionType, {
      default: ["notify"],
      description: "Action types that are executed; all others end as `planned`.",
    }),
    budget_per_day: count(
      10,
      "Pages a day that people are ready to see; never more than twice as many, 0 pages nobody.",
    ),
    protected: Type.Array(Type.String(), {
      default: [],
      description: "Accounts and devices that are never acted upon; case does not matter.",
    }),
    allow_services: Type.Array(Type.String(), {
      default: [],
      description: "Service accounts that may be acted upon although they are services.",
    }),
    links: Type.Array(Link, {
      default: [],
      description: "Accounts of one person in several identity systems.",
    }),
    caps: Caps,
    maturity: Maturity,
    attempts: Attempts,
  },
  closed,
);
export type RespondParams = Static<typeof RespondParams>;

/** What triage knows of a configured responder. */
export interface TriageResponder {
  readonly name: string;
  readonly actions: readonly ActionType[];
  /** Datasets whose user names are this system's own account names. */
  readonly native_datasets: readonly string[];
}

/** A responder with its parameters, as configured. */
export interface ResponderInstance {
  /** Name in the configuration; what `responder.name` of an action says. */
  readonly name: string;
  readonly responder: Responder;
  readonly params: unknown;
  readonly native_datasets: readonly string[];
}

export interface TriageConfig extends RespondParams {
  /** IANA zone by whose days the page budget counts. */
  readonly timezone: string;
  readonly policy: Policy;
  readonly responders: readonly TriageResponder[];
}

export const triageResponders = (instances: readonly ResponderInstance[]): TriageResponder[] =>
  instances.map(({ name, responder, native_datasets }) => ({
    name,
    actions: responder.actions,
    native_datasets,
  }));

/**
 * Fills defaults. Throws METSUKE_CONFIG_INVALID when the hard limit of requests is not under the
 * grace: an answer could then arrive while the next attempt runs.
 */
export function triageConfig(
  params: Partial<RespondParams> = {},
  rest: Partial<Pick<TriageConfig, "policy" | "responders" | "timezone">> = {},
): TriageConfig {
  const filled = Value.Default(RespondParams, Value.Clone(params)) as RespondParams;
  const { request_seconds, grace_seconds } = filled.attempts;
  if (request_seconds >= grace_seconds) {
    throw new MetsukeError(
      "METSUKE_CONFIG_INVALID",
      `attempts.request_seconds (${request_seconds}) must be less than attempts.grace_seconds (${grace_seconds})`,
    );
  }
  const { policy = defaultPolicy(), responders = [], timezone = "UTC" } = rest;
  return { ...filled, policy, responders, timezone };
}
