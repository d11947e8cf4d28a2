import { type Static, Type } from "typebox";
import type { Event } from "../schemas/event.ts";
import type { Detector, DetectorContext } from "./detector.ts";
import { evidenceOf } from "./detector.ts";
import { jsonCodec } from "./runtime/codec.ts";
import { SHARERS_KEEP_PER_MILLE } from "./stats/habit.ts";

const DAY = 86_400_000;
/** A device that stays in use after this many reports is tolerated: it is told once a month. */
const REPORTS = 3;
const REMINDER = 30;

const params = Type.Object(
  {
    approved: Type.Array(Type.String(), {
      default: [],
      description: "Device ids that are approved; empty means the list is not in use.",
    }),
    fleet_min: Type.Integer({
      default: 10,
      minimum: 1,
      description: "Managed devices that must be known before an unmanaged one is certain.",
    }),
    unmanaged_share: Type.Number({
      default: 0.02,
      minimum: 0,
      maximum: 1,
      description: "From this share of the fleet on, unmanaged devices are normal here.",
    }),
  },
  { additionalProperties: false },
);
type Params = Static<typeof params>;

interface State {
  /** Day (epoch day) last reported, last counted for the fleet; -1 before the first. */
  reported: number;
  counted: number;
  managed: boolean;
  /** Days on which it was reported. */
  reports: number;
}

type Context = DetectorContext<Params>;

interface Objection {
  readonly kind: "unlisted" | "unmanaged" | "noncompliant";
  readonly severity: number;
  readonly certain: boolean;
  readonly observed: string;
  readonly expected: string;
}

function listed(id: string, context: Context): boolean | undefined {
  const control = context.shared("control");
  if (control.get(`list:devices.approved:${id}`) > 0 || context.params.approved.includes(id)) {
    return true;
  }
  if (context.params.approved.length > 0) return false;
  for (const [, value] of control.entries("list:devices.approved:")) if (value > 0) return false;
  return undefined;
}

function unmanaged(state: State, context: Context): Objection {
  const fleet = context.shared("devices.fleet");
  const managed = Math.round(fleet.get("managed") / 1000);
  // The device at hand must not vouch for itself.
  const own = state.counted >= 0 && !state.managed ? 1 : 0;
  const others = Math.max(0, Math.round(fleet.get("unmanaged") / 1000) - own);
  const share = others / Math.max(1, managed + others);
  // In the first days nobody knows yet what is usual: the fleet must have come back twice.
  const enough = managed >= context.params.fleet_min && fleet.get("again") >= 2 * managed;
  const usual = others > 1 && share >= context.params.unmanaged_share;
  const certain = enough && !usual;
  return {
    kind: "unmanaged",
    severity: certain ? 75 : usual ? 10 : 40,
    certain,
    observed: "device.managed is false",
    expected: `a managed device; ${others} of ${managed + others} other devices are unmanaged`,
  };
}

function objection(state: State, event: Event, context: Context): Objection | undefined {
  const onList = listed(context.entity.id, context);
  if (onList === true) return undefined;
  if (onList === false) {
    return {
      kind: "unlisted",
      severity: 75,
      certain: true,
      observed: "not on the list of approved devices",
      expected: "a device on the list",
    };
  }
  if (event["device.managed"] === false) return unmanaged(state, context);
  if (event["device.compliant"] === false) {
    return {
      kind: "noncompliant",
      severity: 30,
      certain: false,
      observed: "device.compliant is false",
      expected: "a device that meets policy",
    };
  }
  return undefined;
}

/**
 * Fleet table: 1000 for a device's first day and 33 for each further one (SHARERS_KEEP_PER_MILLE);
 * `again` counts the days on which a managed device came back.
 */
function countFleet(state: State, event: Event, context: Context): void {
  const day = Math.floor(context.at / DAY);
  const managed = event["device.managed"];
  if (managed === undefined || day <= state.counted) return;
  const amount = state.counted < 0 || state.managed !== managed ? 1000 : 33;
  context.contribute("devices.fleet", managed ? "managed" : "unmanaged", amount);
  if (amount !== 1000 && managed) context.contribute("devices.fleet", "again", 1);
  state.counted = day;
  state.managed = managed;
}

/** A success from an endpoint that the organisation does not manage or has not approved. */
export const unapprovedDevice: Detector<Params, State> = {
  name: "unapproved-device",
  version: "1",
  title: "Unapproved device",
  attack: ["T1078", "T1200"],
  blindSpots:
    "Sources that do not say whether a device is managed; a managed device in the wrong hands; fleets where unmanaged devices are normal.",
  family: "device",
  params,
  entities: ["device"],
  tables: [{ name: "devices.fleet", keepPerMille: SHARERS_KEEP_PER_MILLE }],
  accepts: (event) => event["device.id"] !== undefined && event["event.outcome"] === "success",
  admits: (event) => event["event.outcome"] === "success",
  init: () => ({ reported: -1, counted: -1, managed: true, reports: 0 }),
  ...jsonCodec<State>(),
  migrate: () => undefined,
  step(state, event, context) {
    const day = Math.floor(context.at / DAY);
    const found = day > state.reported ? objection(state, event, context) : undefined;
    countFleet(state, event, context);
    const tolerated = state.reports >= REPORTS && day < state.reported + REMINDER;
    if (found === undefined || (tolerated && found.kind !== "unlisted")) return;
    state.reported = day;
    state.reports++;
    const user = event["user.entity.id"];
    const ip = event["source.ip"];
    context.emit({
      windowStart: day * DAY,
      discriminator: found.kind,
      p: null,
      score: found.certain ? 8 : found.severity / 10,
      severity: found.severity,
      certain: found.certain,
      families: ["device"],
      evidence: [evidenceOf(event)],
      related:
        user === undefined
          ? []
          : [{ type: event["user.entity.type"] === "service" ? "service" : "user", id: user }],
      ...(ip === undefined ? {} : { sourceIp: ip }),
      message: `${user ?? "Somebody"} signed in from device ${context.entity.id}, ${found.observed}; expected ${found.expected}.`,
      explanation: [
        { feature: "device", observed: found.observed, expected: found.expected, share: 1 },
      ],
    });
  },
};
