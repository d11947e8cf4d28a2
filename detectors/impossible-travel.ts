import { type Static, Type } from "typebox";
import type { Event } from "../schemas/event.ts";
import type { Detector, DetectorContext } from "./detector.ts";
import { evidenceOf } from "./detector.ts";
import { isPrivate, isSignIn, networkOf, withoutVersions } from "./network.ts";
import {
  fromVersion1,
  type PackedTravel,
  packTravel,
  unpackTravel,
  type Version1,
} from "./impossible-travel/bytes.ts";
import type { Seen, TravelState } from "./impossible-travel/state.ts";
import { follow, noTrail } from "./impossible-travel/trail.ts";
import { jsonCodec } from "./runtime/codec.ts";
import { peakOf } from "./stats/days.ts";
import { areaDistanceKm } from "./stats/geo.ts";
import {
  dayOfUse,
  earlierDays,
  sharerAmount,
  SHARERS_KEEP_PER_MILLE,
  touchHabit,
} from "./stats/habit.ts";
import { hash32 } from "./stats/hash.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const PLACES = 4;

const params = Type.Object(
  {
    max_kmh: Type.Number({
      default: 1000,
      minimum: 1,
      description: "Fastest speed a person travels.",
    }),
    min_km: Type.Number({
      default: 500,
      minimum: 0,
      description: "Shorter jumps are geolocation error.",
    }),
    default_radius_km: Type.Number({
      default: 50,
      minimum: 0,
      description: "Radius of a place that comes without one.",
    }),
    shared_accounts: Type.Integer({
      default: 5,
      minimum: 2,
      description: "An address with this many accounts is an exit that many share.",
    }),
    known_days: Type.Integer({
      default: 2,
      minimum: 1,
      description: "Earlier days after which a network or device is the account's own.",
    }),
    history_days: Type.Integer({
      default: 3,
      minimum: 0,
      description: "Earlier active days an account needs before a finding counts as certain.",
    }),
  },
  { additionalProperties: false },
);
type Params = Static<typeof params>;

const json = jsonCodec<PackedTravel>();

type Context = DetectorContext<Params>;

function seenOf(event: Event, context: Context): Seen | undefined {
  const lat = event["source.geo.location.lat"];
  const lon = event["source.geo.location.lon"];
  const ip = event["source.ip"] ?? "";
  if (lat === undefined || lon === undefined) return undefined;
  if (!(Math.abs(lat) <= 90 && Math.abs(lon) <= 180)) return undefined;
  const country = event["source.geo.country_iso_code"] ?? "";
  const spot = event["source.geo.city_name"] ?? event["source.geo.name"];
  // Where no device is named, the program stands for it: weaker, so it never excuses, only doubts.
  const device = event["device.id"];
  const agent = event["user_agent.original"];
  return {
    at: context.at,
    lat,
    lon,
    radius: Math.max(0, event["source.geo.radius_km"] ?? context.params.default_radius_km),
    country: country.slice(0, 2),
    label: [spot?.slice(0, 32), country.slice(0, 2)].filter(Boolean).join(", ") || `${lat}, ${lon}`,
    ip: ip.slice(0, 45),
    network: hash32(networkOf(event) ?? ""),
    device: device === undefined ? 0 : hash32(device),
    agent: device !== undefined || agent === undefined ? 0 : hash32(withoutVersions(agent), 1),
    as: event["source.as.number"] === undefined ? "" : `AS${event["source.as.number"]}`,
    evidence: evidenceOf(event),
  };
}

/** A private address is a place only where the configuration names its site. */
const isSomewhere = (event: Event): boolean =>
  event["source.geo.name"] !== undefined || !isPrivate(event["source.ip"] ?? "");

/** Why a place is no sign of a thief; undefined when nothing says so. */
function excuse(state: TravelState, place: Seen, context: Context): string | undefined {
  const day = Math.floor(context.at / DAY);
  const { known_days: known } = context.params;
  // A sharer counts 1000 on the first day and less until the next: 800 is one within the week.
  const shared = 800 * context.params.shared_accounts;
  if (earlierDays(state.networks, place.network, day) >= known) return "network";
  const sharers = context.shared("travel.addresses");
  if (place.ip !== "" && sharers.get(place.ip) >= shared) return "shared";
  if (place.as !== "" && context.shared("travel.jumps").get(place.as) >= shared) {
    return "provider";
  }
  if (place.device !== 0 && earlierDays(state.devices, place.device, day) >= known) return "device";
  return undefined;
}

/** Of a place by itself, at its own time: 0 = explained, ½ = the account's program or home country. */
function doubtOf(state: TravelState, place: Seen, context: Context): number {
  if (excuse(state, place, context) !== undefined) return 0;
  const day = Math.floor(context.at / DAY);
  const { known_days: known } = context.params;
  if (place.agent !== 0 && earlierDays(state.devices, place.agent, day) >= known) return 0.5;
  const country = hash32(place.country, 2);
  return place.country !== "" && earlierDays(state.networks, country, day) >= known ? 0.5 : 1;
}

interface Verdict {
  readonly severity: number;
  readonly certain: boolean;
  readonly why: string;
}

function judge(
  state: TravelState,
  pair: readonly [Seen, Seen],
  context: Context,
): Verdict | undefined {
  const [before, after] = pair;
  const excuses = [excuse(state, before, context), excuse(state, after, context)];
  const open = excuses.filter((entry) => entry === undefined).length;
  if (open === 0) return undefined;
  if (before.device !== 0 && before.device === after.device) {
    return { severity: 25, certain: false, why: "the same device at both ends suggests a tunnel" };
  }
  const day = Math.floor(context.at / DAY);
  const familiar = (place: Seen): boolean =>
    place.agent !== 0 && earlierDays(state.devices, place.agent, day) >= context.params.known_days;
  if (open === 1 && pair.every((place, end) => excuses[end] !== undefined || familiar(place))) {
    return {
      severity: 38,
      certain: false,
      why: "the program is one this account has used for days",
    };
  }
  // A phone leaves through its carrier at home wherever its owner is: place at home, known device away.
  const atHome = (place: Seen): boolean =>
    earlierDays(state.networks, hash32(place.country, 2), day) >= context.params.known_days;
  if (
    open === 1 &&
    excuses.includes("device") &&
    pair.some((p, end) => excuses[end] === undefined && atHome(p))
  ) {
    return {
      severity: 36,
      certain: false,
      why: "a known device roams, the other end is home country",
    };
  }
  if (before.country !== "" && before.country === after.country) {
    return { severity: 35, certain: false, why: "both ends lie in one country" };
  }
  if (state.days - 1 < context.params.history_days) {
    return { severity: 38, certain: false, why: "the account has no earlier day to compare with" };
  }
  return { severity: 80, certain: true, why: "no own network, device or shared exit explains it" };
}

function compare(state: TravelState, pair: readonly [Seen, Seen], context: Context): void {
  const [before, after] = pair;
  const hours = (after.at - before.at) / HOUR;
  if (hours > 24) return;
  const km = areaDistanceKm(before, after);
  const { max_kmh: fastest, min_km: least } = context.params;
  // One minute is the least time: two clocks never agree better.
  const speed = km / Math.max(hours, 1 / 60);
  if (!(km > least && speed > fastest)) return;
  const verdict = judge(state, pair, context);
  for (const place of pair) noteJump(state, place, context);
  if (verdict === undefined) return;
  const [first, second] = [before.country, after.country].toSorted();
  context.emit({
    windowStart: Math.floor(after.at / DAY) * DAY,
    discriminator: `${first}-${second}`,
    p: null,
    score: Math.min(20, Math.log2(1 + speed / fastest) + (verdict.certain ? 6 : 0)),
    severity: verdict.severity,
    certain: verdict.certain,
    families: ["place"],
    evidence: [before.evidence, after.evidence],
    related: after.ip === "" ? [] : [{ type: "source", id: after.ip }],
    ...(after.ip === "" ? {} : { sourceIp: after.ip }),
    baselineAgeDays: state.days - 1,
    message:
      `Signed in from ${after.label} ${hours.toFixed(1)} h after ${before.label}, at least ` +
      `${Math.round(km)} km away (${Math.round(speed)} km/h); people travel at up to ${fastest} km/h; ${verdict.why}.`,
    explanation: [
      {
        feature: "travel speed",
        observed: `${Math.round(km)} km in ${hours.toFixed(1)} h: ${Math.round(speed)} km/h`,
        expected: `at most ${fastest} km/h, or at most ${least} km`,
        share: 1,
      },
    ],
  });
}

/** Exits of a tunnel show as a provider into which several accounts jump. */
function noteJump(state: TravelState, place: Seen, context: Context): void {
  if (place.as === "") return;
  const use = touchHabit(state.jumps, hash32(place.as), Math.floor(context.at / DAY), 4);
  if (use !== "repeat") context.contribute("travel.jumps", place.as, sharerAmount(use));
}

function learn(state: TravelState, place: Seen, context: Context): void {
  const day = Math.floor(context.at / DAY);
  if (day > state.day) {
    state.day = day;
    state.days = Math.min(state.days + 1, 9999);
  }
  const use = dayOfUse(context.at);
  touchHabit(state.networks, place.network, use, 12);
  if (place.country !== "") touchHabit(state.networks, hash32(place.country, 2), use, 12);
  if (place.device !== 0) touchHabit(state.devices, place.device, use, 8);
  if (place.agent !== 0) touchHabit(state.devices, place.agent, use, 8);
  if (place.ip === "") return;
  const shared = touchHabit(state.addresses, hash32(place.ip), use, 12);
  if (shared !== "repeat") {
    context.contribute("travel.addresses", place.ip, sharerAmount(shared));
  }
}

function remember(state: TravelState, index: number, place: Seen): void {
  const before = state.places[index - 1];
  // A stay is one entry: its latest event stands for it, unless something lies between.
  if (before !== undefined && before.ip === place.ip && index === state.places.length) {
    state.places[index - 1] = place;
    return;
  }
  state.places.splice(index, 0, place);
  if (state.places.length > PLACES) state.places.shift();
}

/** Two sign-ins of one account that no traveller can make. */
export const impossibleTravel: Detector<Params, TravelState> = {
  name: "impossible-travel",
  version: "2",
  title: "Impossible travel",
  attack: ["T1078"],
  blindSpots:
    "Thieves near the victim, behind an exit the organisation shares, or in a network the account has used before; sources without a location.",
  family: "place",
  params,
  entities: ["user"],
  tables: [
    { name: "travel.addresses", keepPerMille: SHARERS_KEEP_PER_MILLE },
    { name: "travel.jumps", keepPerMille: SHARERS_KEEP_PER_MILLE },
  ],
  accepts: (event) =>
    event["event.outcome"] === "success" &&
    event["source.geo.location.lat"] !== undefined &&
    isSignIn(event) &&
    isSomewhere(event),
  admits: (event) => event["event.outcome"] === "success",
  init: () => ({
    places: [],
    networks: [],
    devices: [],
    addresses: [],
    jumps: [],
    days: 0,
    day: 0,
    trail: noTrail(),
  }),
  encode: (state) => json.encode(packTravel(state)),
  decode: (bytes) => unpackTravel(json.decode(bytes)),
  migrate: (bytes, from) =>
    from === "1" ? fromVersion1(jsonCodec<Version1>().decode(bytes)) : undefined,
  step(state, event, context) {
    const place = seenOf(event, context);
    if (place === undefined) return;
    learn(state, place, context);
    const doubt = doubtOf(state, place, context);
    const { max_kmh: kmh } = context.params;
    follow(state.trail, place, { doubt, kmh, offsetMs: context.zoneOffsetMs });
    let index = state.places.length;
    while (index > 0 && (state.places[index - 1] as Seen).at > place.at) index--;
    const before = state.places[index - 1];
    const after = state.places[index];
    if (before !== undefined) compare(state, [before, place], context);
    if (after !== undefined) compare(state, [place, after], context);
    remember(state, index, place);
  },
  /**
   * ln(1 + kilometres beyond reach / 50) of the day's least plausible pair of sign-ins, less where
   * something speaks for the owner, 0 where both ends are the account's own. Kilometres beyond
   * reach, for a speed over minutes is the error of a location divided by the error of a clock.
   */
  statistic: (state, windowStart) => peakOf(state.trail.days, windowStart),
};
