import { dayStart, type Peak, raisePeak } from "../stats/days.ts";
import { areaDistanceKm, type Place } from "../stats/geo.ts";

const MINUTE = 60_000;
/** So many that those of one lag rarely push each other out: what is pushed out depends on the order. */
const STAYS = 8;
/** Latest minutes of a stay that are kept one by one: twice the lag, so that no nearer one is missing. */
const BITS = 12;
/** Kilometres beyond reach that are worth ln 2: the usual radius of a geolocation. */
const UNIT_KM = 50;

/** A sign-in as the trail sees it. */
export interface Step extends Place {
  readonly at: number;
  readonly country: string;
  /** Hash of the device, 0 where none is named. */
  readonly device: number;
}

/** One place, device and doubt: what is equal in all three is one stay, however long. */
export interface Stay extends Place {
  readonly country: string;
  readonly device: number;
  /** 0 = the account's own or a shared exit explains it, ½, 1 = nothing does. */
  readonly doubt: number;
  /** Latest minute (epoch minutes); bit k of `bits` = seen k minutes before. */
  minute: number;
  bits: number;
}

/**
 * The places an account was in of late and how implausible its days were. Every pair of stays is
 * compared, in minutes: neighbours alone would depend on the order of arrival.
 */
export interface Trail {
  stays: Stay[];
  days: Peak[];
}

export const noTrail = (): Trail => ({ stays: [], days: [] });

/** Takes a sign-in; `kmh` is the fastest a person travels, `offsetMs` the zone's offset. */
export function follow(
  trail: Trail,
  step: Step,
  {
    doubt,
    kmh,
    offsetMs,
  }: { readonly doubt: number; readonly kmh: number; readonly offsetMs: number },
): void {
  const minute = Math.floor(step.at / MINUTE);
  const own = ownStay(trail.stays, step, doubt);
  const today = dayStart(minute * MINUTE, offsetMs) / MINUTE;
  for (const stay of trail.stays) {
    if (stay === own || (stay.doubt === 0 && doubt === 0)) continue;
    // Since the last sign-in of this stay, the same day, the other one has only become longer ago.
    const further = own !== undefined && own.minute >= stay.minute && own.minute <= minute;
    if (further && own.minute >= today) continue;
    compare(trail.days, stay, { here: own ?? stayAt(step, doubt, minute), minute, kmh, offsetMs });
  }
  if (own === undefined) arrive(trail, stayAt(step, doubt, minute));
  else stayOn(own, minute);
}

/** No negative zero: bytes know none. */
const hundredths = (value: number): number => Math.round(value * 100) / 100 + 0;
const kilometres = (radius: number): number => Math.min(Math.round(radius), 0xffff);

/** Coordinates in hundredths of a degree, about a kilometre, take fewer bytes. */
const stayAt = (step: Step, doubt: number, minute: number): Stay => ({
  lat: hundredths(step.lat),
  lon: hundredths(step.lon),
  radius: kilometres(step.radius),
  country: step.country,
  device: step.device,
  doubt,
  minute,
  bits: 1,
});

function ownStay(stays: readonly Stay[], step: Step, doubt: number): Stay | undefined {
  const lat = hundredths(step.lat);
  const lon = hundredths(step.lon);
  const radius = kilometres(step.radius);
  for (const stay of stays) {
    const sameSpot = stay.lat === lat && stay.lon === lon && stay.radius === radius;
    if (!sameSpot || stay.country !== step.country) continue;
    if (stay.device === step.device && stay.doubt === doubt) return stay;
  }
  return undefined;
}

/** The one that was left first goes, the western of two. */
function arrive(trail: Trail, stay: Stay): void {
  trail.stays.push(stay);
  if (trail.stays.length <= STAYS) return;
  let oldest = 0;
  for (let index = 1; index < trail.stays.length; index++) {
    const one = trail.stays[index] as Stay;
    const first = trail.stays[oldest] as Stay;
    if (one.minute < first.minute || (one.minute === first.minute && one.lon < first.lon)) {
      oldest = index;
    }
  }
  trail.stays.splice(oldest, 1);
}

function stayOn(stay: Stay, minute: number): void {
  const ahead = minute - stay.minute;
  if (ahead > 0) {
    stay.bits = ahead >= BITS ? 1 : ((stay.bits << ahead) | 1) & ((1 << BITS) - 1);
    stay.minute = minute;
  } else if (-ahead < BITS) {
    stay.bits |= 1 << -ahead;
  }
}

interface Arrival {
  readonly here: Stay;
  readonly minute: number;
  readonly kmh: number;
  readonly offsetMs: number;
}

function compare(days: Peak[], stay: Stay, { here, minute, kmh, offsetMs }: Arrival): void {
  // Half around the earth: whoever was gone for so long can be anywhere.
  if (Math.abs(minute - stay.minute) * (kmh / 60) > 20_100) return;
  const km = areaDistanceKm(stay, here);
  if (km <= kmh / 60) return;
  const weight = Math.max(stay.doubt, here.doubt) * likelihood(stay, here);
  for (let back = 0; back < BITS; back++) {
    if ((stay.bits & (1 << back)) === 0) continue;
    const other = stay.minute - back;
    // One minute is the least time: two clocks never agree better.
    const beyond = km - (kmh / 60) * Math.max(1, Math.abs(minute - other));
    if (beyond <= 0) continue;
    const start = dayStart(Math.max(minute, other) * MINUTE, offsetMs);
    raisePeak(days, start, weight * Math.log1p(beyond / UNIT_KM));
  }
}

/** One device at both ends is a tunnel as a rule; within a country locations are poor. */
function likelihood(left: Stay, right: Stay): number {
  if (left.device !== 0 && left.device === right.device) return 0.25;
  return left.country !== "" && left.country === right.country ? 0.5 : 1;
}
