import { type Static, Type } from "typebox";
import type { Event } from "../schemas/event.ts";
import type { Detector, DetectorContext } from "./detector.ts";
import { evidenceOf } from "./detector.ts";
import { jsonCodec } from "./runtime/codec.ts";
import { packHabits, unpackHabits } from "./runtime/packed.ts";
import { dayStart, type Peak, peakOf, raisePeak } from "./stats/days.ts";
import {
  dayOfUse,
  earlierDays,
  type Habit,
  sharerAmount,
  SHARERS_KEEP_PER_MILLE,
  touchHabit,
} from "./stats/habit.ts";
import { hash32 } from "./stats/hash.ts";

const DAY = 86_400_000;
/** A device that stays in use after this many reports is tolerated: it is told once a month. */
const REPORTS = 3;
const REMINDER = 30;
/** Devices remembered of an account. */
const DEVICES = 8;
/** A managed device that misses policy is no stranger, in −ln of a share of fleets: one in two. */
const NONCOMPLIANT = Math.LN2;
const NEW = sharerAmount("new");
const AGAIN = sharerAmount("daily");

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

/** What a device added to the fleet's table on its latest day. */
interface Vote {
  /** Epoch ms of the day's first event. */
  readonly at: number;
  readonly amount: number;
  /** Whether it was counted on the day before too. */
  readonly before: boolean;
}

/** What is kept about a device, which is where findings come from. */
interface DeviceState {
  /** Day (epoch day) last reported, last counted for the fleet; -1 before the first. */
  reported: number;
  counted: number;
  managed: boolean;
  vote: Vote;
  /** Days on which it was reported. */
  reports: number;
}

/** What is kept about an account: its devices and how unusual the least usual of a day was. */
interface AccountState {
  devices: Habit[];
  days: Peak[];
}

interface State {
  device?: DeviceState;
  account?: AccountState;
}

type PackedState =
  | readonly []
  | readonly [
      reported: number,
      counted: number,
      managed: boolean,
      reports: number,
      ...vote: [at: number, amount: number, before: boolean],
    ]
  | readonly [devices: string, days: (readonly [start: number, greatest: number])[]];

const json = jsonCodec<PackedState>();

function pack({ device, account }: State): PackedState {
  if (device !== undefined) {
    const { reported, counted, managed, reports, vote } = device;
    return [reported, counted, managed, reports, vote.at, vote.amount, vote.before];
  }
  if (account === undefined) return [];
  return [
    packHabits(account.devices),
    account.days.map(({ start, greatest }) => [start, greatest]),
  ];
}

function unpack(packed: PackedState): State {
  if (packed.length === 0) return {};
  if (packed.length === 7) {
    const [reported, counted, managed, reports, at, amount, before] = packed;
    return { device: { reported, counted, managed, reports, vote: { at, amount, before } } };
  }
  const days = packed[1].map(([start, greatest]): Peak => ({ start, greatest }));
  return { account: { devices: unpackHabits(packed[0]), days } };
}

const NO_VOTE: Vote = { at: 0, amount: 0, before: false };
const deviceState = (): DeviceState => ({
  reported: -1,
  counted: -1,
  managed: true,
  vote: NO_VOTE,
  reports: 0,
});

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
 * Fleet table: 1000 for a device's first day and 33 for each further one (SHARERS_KEEP_PER_MILLE);
 * `again` counts the days on which a managed device came back. A vote is cast at the first event of
 * its day: one that was overtaken takes it back to its own time.
 */
function countFleet(state: DeviceState, event: Event, context: Context): void {
  const { at } = context;
  const day = Math.floor(at / DAY);
  const managed = event["device.managed"];
  if (managed === undefined) return;
  if (day > state.counted) {
    const amount = state.counted < 0 || state.managed !== managed ? NEW : AGAIN;
    const vote = { at, amount, before: state.counted === day - 1 };
    Object.assign(state, { counted: day, managed, vote });
    cast(vote, managed, 1, context);
    return;
  }
  const { vote } = state;
  if (managed !== state.managed || at >= vote.at) return;
  if (day < state.counted) {
    if (day < state.counted - 1 || vote.before) return;
    // Its day goes first: the later one only came back.
    const earlier = { at, amount: vote.amount };
    cast(vote, managed, -1, context);
    state.vote = { at: vote.at, amount: AGAIN, before: true };
    cast(earlier, managed, 1, context);
    cast(state.vote, managed, 1, context);
    return;
  }
  cast(vote, managed, -1, context);
  state.vote = { ...vote, at };
  cast(state.vote, managed, 1, context);
}

function cast(
  { at, amount }: Pick<Vote, "at" | "amount">,
  managed: boolean,
  sign: 1 | -1,
  { contribute }: Context,
): void {
  contribute("devices.fleet", managed ? "managed" : "unmanaged", sign * amount, at);
  if (managed && amount === AGAIN) contribute("devices.fleet", "again", sign, at);
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
export const unapprovedDevice: Detector<Params, State> = {
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
  encode: (state) => json.encode(pack(state)),
  decode: (bytes) => unpack(json.decode(bytes)),
  // Version 1 knew devices only.
  migrate: (bytes, from) =>
    from === "1"
      ? { device: { ...jsonCodec<Omit<DeviceState, "vote">>().decode(bytes), vote: NO_VOTE } }
      : undefined,
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
