import type { Event } from "../schemas/event.ts";
import type { Detector } from "./detector.ts";
import { evidenceOf } from "./detector.ts";
import { isPrivate, isSignIn } from "./network.ts";
import {
  fromVersion1,
  fromVersion2,
  type PackedTravel,
  packTravel,
  unpackTravel,
  type Version1,
  type Version2,
} from "./impossible-travel/bytes.ts";
import { type TravelContext, type TravelParams, travelParams } from "./impossible-travel/params.ts";
import {
  type Marks,
  marksOf,
  noteFactor,
  type Reason,
  reasonFor,
  reasons,
  type Standing,
} from "./impossible-travel/standing.ts";
import type { Seen, TravelState } from "./impossible-travel/state.ts";
import { follow, noTrail } from "./impossible-travel/trail.ts";
import { jsonCodec } from "./runtime/codec.ts";
import { peakOf } from "./stats/days.ts";
import { areaDistanceKm } from "./stats/geo.ts";
import { dayOfUse, sharerAmount, SHARERS_KEEP_PER_MILLE, touchHabit } from "./stats/habit.ts";
import { hash32 } from "./stats/hash.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const PLACES = 4;

const json = jsonCodec<PackedTravel>();

/** Of the account's own devices and programs away from its networks: where its tunnels end. */
const ofTunnels: ReadonlySet<Reason> = new Set(["device", "program"]);

const hundredths = (value: number): number => Math.round(value * 100) / 100;

function seenOf(
  event: Event,
  { marks, reason }: { readonly marks: Marks; readonly reason: Reason },
  context: TravelContext,
): Seen {
  const lat = event["source.geo.location.lat"] ?? 0;
  const lon = event["source.geo.location.lon"] ?? 0;
  const country = (event["source.geo.country_iso_code"] ?? "").slice(0, 2);
  const spot = event["source.geo.city_name"] ?? event["source.geo.name"];
  return {
    at: context.at,
    lat: hundredths(lat),
    lon: hundredths(lon),
    radius: Math.max(0, event["source.geo.radius_km"] ?? context.params.default_radius_km),
    country,
    label: [spot?.slice(0, 32), country].filter(Boolean).join(", ") || `${lat}, ${lon}`,
    ip: marks.ip,
    device: marks.device,
    tunnel: ofTunnels.has(reason) ? marks.as : "",
    reason,
    evidence: evidenceOf(event),
  };
}

const isOnEarth = (event: Event): boolean =>
  Math.abs(event["source.geo.location.lat"] ?? Infinity) <= 90 &&
  Math.abs(event["source.geo.location.lon"] ?? Infinity) <= 180;

/** A private address is a place only where the configuration names its site. */
const isSomewhere = (event: Event): boolean =>
  event["source.geo.name"] !== undefined || !isPrivate(event["source.ip"] ?? "");

interface Verdict {
  readonly severity: number;
  readonly why: string;
  /** Who is certainly not the owner. */
  readonly stranger?: Seen;
}

/**
 * A jump is certain where its one end is surely the owner's and the other surely is not. Whatever is
 * less has too many harmless causes to act upon: parallel ways out of the owner's own devices.
 */
function judge(
  state: TravelState,
  [before, after]: readonly [Seen, Seen],
  context: TravelContext,
): Verdict | undefined {
  const ends: Standing[] = [reasons[before.reason].standing, reasons[after.reason].standing];
  if (ends.every((end) => end === "owner" || end === "exit")) return undefined;
  if (before.device !== 0 && before.device === after.device) {
    return { severity: 25, why: "the same device at both ends suggests a tunnel" };
  }
  if (before.country !== "" && before.country === after.country) {
    return { severity: 35, why: "both ends lie in one country" };
  }
  if (!ends.includes("owner")) return { severity: 38, why: "neither end is surely the owner's" };
  if (!ends.includes("stranger")) {
    const weak = ends[0] === "owner" ? after : before;
    return { severity: 38, why: `${weak.label} is ${reasons[weak.reason].is}` };
  }
  if (state.days - 1 < context.params.history_days) {
    return { severity: 38, why: "the account has too few earlier days to compare with" };
  }
  const [own, stranger] = ends[0] === "owner" ? [before, after] : [after, before];
  const why = `${own.label} is ${reasons[own.reason].is}, ${stranger.label} ${reasons[stranger.reason].is}`;
  return { severity: 80, why, stranger };
}

function compare(state: TravelState, pair: readonly [Seen, Seen], context: TravelContext): void {
  const [before, after] = pair;
  const hours = (after.at - before.at) / HOUR;
  if (hours > 24) return;
  const km = areaDistanceKm(before, after);
  const { max_kmh: fastest, min_km: least } = context.params;
  // One minute is the least time: two clocks never agree better.
  const speed = km / Math.max(hours, 1 / 60);
  if (!(km > least && speed > fastest)) return;
  for (const place of pair) noteTunnel(state, place, context);
  const verdict = judge(state, pair, context);
  if (verdict === undefined) return;
  const countries = [before.country, after.country].toSorted().join("-");
  const certain = verdict.stranger !== undefined;
  // Whom it is about: its day, its address, its event last.
  const decisive = verdict.stranger ?? after;
  const other = decisive === after ? before : after;
  context.emit({
    windowStart: Math.floor(decisive.at / DAY) * DAY,
    // What was told of the owner's own ways that day must not hide a stranger on the same way.
    discriminator: certain ? `${countries} stranger` : countries,
    p: null,
    score: Math.min(20, Math.log2(1 + speed / fastest) + (certain ? 6 : 0)),
    severity: verdict.severity,
    certain,
    families: ["place"],
    evidence: [other.evidence, decisive.evidence],
    related: decisive.ip === "" ? [] : [{ type: "source", id: decisive.ip }],
    ...(decisive.ip === "" ? {} : { sourceIp: decisive.ip }),
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

/** Accounts that jump with devices of their own show which providers sell tunnels; a thief's do not. */
function noteTunnel(state: TravelState, place: Seen, context: TravelContext): void {
  if (place.tunnel === "") return;
  const day = Math.floor(context.at / DAY);
  const use = touchHabit(state.jumps, hash32(place.tunnel), day, 4);
  if (use !== "repeat") context.contribute("travel.jumps", place.tunnel, sharerAmount(use));
}

function learn(state: TravelState, marks: Marks, context: TravelContext): void {
  const day = Math.floor(context.at / DAY);
  if (day > state.day) {
    state.day = day;
    state.days = Math.min(state.days + 1, 9999);
  }
  const use = dayOfUse(context.at);
  touchHabit(state.networks, marks.network, use, 12);
  if (marks.country !== 0) touchHabit(state.networks, marks.country, use, 12);
  if (marks.device !== 0) touchHabit(state.devices, marks.device, use, 8);
  if (marks.agent !== 0) touchHabit(state.devices, marks.agent, use, 8);
  if (marks.factor) noteFactor(state.factors, marks.network, context.at);
  if (marks.ip === "") return;
  const shared = touchHabit(state.addresses, hash32(marks.ip), use, 12);
  if (shared !== "repeat") {
    context.contribute("travel.addresses", marks.ip, sharerAmount(shared));
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
export const impossibleTravel: Detector<TravelParams, TravelState> = {
  name: "impossible-travel",
  version: "3",
  title: "Impossible travel",
  attack: ["T1078"],
  blindSpots:
    "Thieves near the victim, behind an exit the organisation shares, or in a network the account has used before; sources without a location. Told but not certain: thieves who pass the second factor, or use the victim's program without naming a device.",
  family: "place",
  params: travelParams,
  entities: ["user"],
  tables: [
    { name: "travel.addresses", keepPerMille: SHARERS_KEEP_PER_MILLE },
    { name: "travel.jumps", keepPerMille: SHARERS_KEEP_PER_MILLE },
  ],
  accepts: (event) =>
    event["event.outcome"] === "success" &&
    isOnEarth(event) &&
    isSignIn(event) &&
    isSomewhere(event),
  admits: (event) => event["event.outcome"] === "success",
  init: () => ({
    places: [],
    networks: [],
    devices: [],
    addresses: [],
    jumps: [],
    factors: [],
    days: 0,
    day: 0,
    trail: noTrail(),
  }),
  encode: (state) => json.encode(packTravel(state)),
  decode: (bytes) => unpackTravel(json.decode(bytes)),
  migrate(bytes, from) {
    if (from === "2") return fromVersion2(jsonCodec<Version2>().decode(bytes));
    return from === "1" ? fromVersion1(jsonCodec<Version1>().decode(bytes)) : undefined;
  },
  step(state, event, context) {
    const marks = marksOf(event);
    learn(state, marks, context);
    const reason = reasonFor(state, marks, context);
    const place = seenOf(event, { marks, reason }, context);
    const { max_kmh: kmh } = context.params;
    const { doubt } = reasons[reason];
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
