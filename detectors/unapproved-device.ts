import { type Static, Type } from "typebox";
import type { Event } from "../schemas/event.ts";
import type { Detector, DetectorContext, SharedTable } from "./detector.ts";
import { evidenceOf } from "./detector.ts";
import { dayStart, peakOf, raisePeak } from "./stats/days.ts";
import { dayOfUse, earlierDays, SHARERS_KEEP_PER_MILLE, touchHabit } from "./stats/habit.ts";
import { hash32 } from "./stats/hash.ts";
import { countFleet } from "./unapproved-device/fleet.ts";
import {
  type AccountState,
  decodeState,
  type DeviceState,
  deviceState,
  encodeState,
  fromVersion1,
  type UnapprovedState,
} from "./unapproved-device/state.ts";

const DAY = 86_400_000;
/** A device that stays in use after this many reports is tolerated: it is told once a month. */
const REPORTS = 3;
const REMINDER = 30;
/** Devices remembered of an account. */
const DEVICES = 8;
/** A managed device that misses policy is no stranger, in −ln of a share of fleets: one in two. */
const NONCOMPLIANT = Math.LN2;

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

type Context = DetectorContext<Params>;

interface Objection {
  readonly kind: "unlisted" | "unmanaged" | "noncompliant";
  readonly severity: number;
  readonly certain: boolean;
  readonly observed: string;
  readonly expected: string;
}

const sets = new WeakMap<readonly string[], ReadonlySet<string>>();

/** A list of parameters as a set, made once: it may name thousands, and is asked at every event. */
function setOf(list: readonly string[]): ReadonlySet<string> {
  let set = sets.get(list);
  if (set === undefined) sets.set(list, (set = new Set(list)));
  return set;
}

function listed(id: string, context: Context): boolean | undefined {
  const control = context.shared("control");
  const { approved } = context.params;
  if (approved.length > 0 && setOf(approved).has(id)) return true;
  if (control.get(`list:devices.approved:${id}`) > 0) return true;
  if (approved.length > 0) return false;
  return listsDevices(control) ? false : undefined;
}

const lists = new WeakMap<SharedTable, boolean>();

/** Whether operators list devices; looked up once per version of the table. */
function listsDevices(control: SharedTable): boolean {
  let found = lists.get(control);
  if (found === undefined) {
    found = [...control.entries("list:devices.approved:")].some(([, value]) => value > 0);
    lists.set(control, found);
  }
  return found;
}

function unmanaged(state: DeviceState, context: Context): Objection {
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
    // Pages by itself only where it is certain; the account's ranking weighs the rest.
    severity: certain ? 75 : usual ? 10 : 35,
    certain,
    observed: "device.managed is false",
    expected: `a managed device; ${others} of ${managed + others} other devices are unmanaged`,
  };
}

function objection(state: DeviceState, event: Event, context: Context): Objection | undefined {
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
 * How unusual the device is for the account: −ln of the share of unmanaged devices in the fleet (one
 * in two while there is none), less with each earlier day on which the account used it.
 */
function noteDevice(state: AccountState, event: Event, context: Context): void {
  const id = event["device.id"] ?? "";
  const day = Math.floor(context.at / DAY);
  const key = hash32(id);
  touchHabit(state.devices, key, dayOfUse(context.at), DEVICES);
  const rarity = rarityOf(id, event, context);
  if (rarity === 0) return;
  const value = rarity / (1 + earlierDays(state.devices, key, day));
  raisePeak(state.days, dayStart(context.at, context.zoneOffsetMs), value);
}

function rarityOf(id: string, event: Event, context: Context): number {
  const onList = listed(id, context);
  if (onList === true) return 0;
  const managed = event["device.managed"];
  if (onList === undefined && managed !== false) {
    return event["device.compliant"] === false ? NONCOMPLIANT : 0;
  }
  const fleet = context.shared("devices.fleet");
  const fit = fleet.get("managed") / 1000;
  // A list was made by somebody: what is not on it is as rare as it can be.
  const unfit = onList === false ? 0 : fleet.get("unmanaged") / 1000;
  return -Math.log((unfit + 0.5) / (fit + unfit + 1));
}

function stepDevice(state: DeviceState, event: Event, context: Context): void {
  const day = Math.floor(context.at / DAY);
  const found = day > state.reported ? objection(state, event, context) : undefined;
  countFleet(state, event, context);
  const tolerated = state.reports >= REPORTS && day < state.reported + REMINDER;
  if (found === undefined || (tolerated && found.kind !== "unlisted")) return;
  state.reported = day;
  state.reports++;
  report(found, event, context);
}

function report(found: Objection, event: Event, context: Context): void {
  const user = event["user.entity.id"];
  const ip = event["source.ip"];
  context.emit({
    windowStart: Math.floor(context.at / DAY) * DAY,
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
}

/** A success from an endpoint that the organisation does not manage or has not approved. */
export const unapprovedDevice: Detector<Params, UnapprovedState> = {
  name: "unapproved-device",
  version: "2",
  title: "Unapproved device",
  attack: ["T1078", "T1200"],
  blindSpots:
    "Sources that do not say whether a device is managed; a managed device in the wrong hands; fleets where unmanaged devices are normal.",
  family: "device",
  params,
  entities: ["device", "user", "service"],
  tables: [{ name: "devices.fleet", keepPerMille: SHARERS_KEEP_PER_MILLE }],
  accepts: (event) => event["device.id"] !== undefined && event["event.outcome"] === "success",
  admits: (event) => event["event.outcome"] === "success",
  init: () => ({}),
  encode: encodeState,
  decode: decodeState,
  migrate: (bytes, from) => (from === "1" ? fromVersion1(bytes) : undefined),
  step(state, event, context) {
    if (context.entity.type === "device") {
      stepDevice((state.device ??= deviceState()), event, context);
    } else {
      noteDevice((state.account ??= { devices: [], days: [] }), event, context);
    }
  },
  /**
   * Of accounts, how unusual the least usual unapproved device of the day was; of devices 0. The
   * share moves with every device of the fleet and the account's days with every day, so that equal
   * values are rare; where unmanaged devices are normal it is small for everybody.
   */
  statistic: (state, windowStart) =>
    state.account === undefined ? 0 : peakOf(state.account.days, windowStart),
};
