import { type Dated, dayStart, findDay, openDay } from "../stats/days.ts";
import { KNOWN, type Minute, SPRAYED, STRANGE, SUCCESSES, WITHIN } from "./minutes.ts";

const MINUTE = 60_000;
/** A strange failure in the minute of a success; one a minute earlier is a tenth less, a known one a third. */
const UNIT = 3 * (WITHIN + 1);
/** A success from an address that is spraying is worth this many failures of the account before it. */
const SPRAYING = 20;
const BITS = 32;

/** Bits of a minute's successes. */
export const STRANGE_SUCCESS = 1;
export const KNOWN_SUCCESS = 2;

/** How strongly somebody was guessing on one day: maxima and a set. */
export interface Strength extends Dated {
  /** Greatest weight of failures before a success, in 1/{@link UNIT} failures. */
  before: number;
  /** How much, in 1/1000, an address was known for spraying from which a success came: greatest. */
  sprayed: number;
  /** Most failures in ten minutes, without those of addresses that spray. */
  peak: number;
  /** Bitmap of hashed strange addresses that failed, without those that spray. */
  addresses: number;
  /** {@link valueOf} the rest: it is asked at every event and changes at few. */
  value: number;
}

const openStrength = (start: number): Strength => ({
  start,
  before: 0,
  sprayed: 0,
  peak: 0,
  addresses: 0,
  value: 0,
});

/** The day of a minute. */
const dayOf = (days: Strength[], minute: number, offsetMs: number): Strength | undefined =>
  openDay(days, dayStart(minute * MINUTE, offsetMs), openStrength);

/** Weighs a failure that was added to `entry`: later minutes that came before it count it too. */
export function weighFailure(
  days: Strength[],
  minutes: readonly Minute[],
  of: { readonly entry: Minute; readonly offsetMs: number },
): void {
  const [minute] = of.entry;
  for (const later of minutes) {
    if (later[0] < minute || later[0] > minute + WITHIN) continue;
    const before = weightBefore(minutes, later);
    const peak = later[KNOWN] + later[STRANGE] > 0 ? failuresUntil(minutes, later[0]) : 0;
    if (before === 0 && peak === 0) continue;
    const day = dayOf(days, later[0], of.offsetMs);
    if (day === undefined) continue;
    day.before = Math.max(day.before, before);
    day.peak = Math.max(day.peak, peak);
    day.value = valueOf(day);
  }
}

/** Counts a strange address that failed. */
export function countAddress(days: Strength[], address: number, start: number): void {
  const day = openDay(days, start, openStrength);
  if (day === undefined) return;
  day.addresses |= 1 << (address % BITS);
  day.value = valueOf(day);
}

/** Weighs a success noted in `entry`; `sprayed` as in {@link Strength}. */
export function weighSuccess(
  days: Strength[],
  minutes: readonly Minute[],
  of: { readonly entry: Minute; readonly offsetMs: number; readonly sprayed: number },
): void {
  const before = weightBefore(minutes, of.entry);
  if (before === 0 && of.sprayed === 0) return;
  const day = dayOf(days, of.entry[0], of.offsetMs);
  if (day === undefined) return;
  day.before = Math.max(day.before, before);
  day.sprayed = Math.max(day.sprayed, of.sprayed);
  day.value = valueOf(day);
}

function failuresUntil(minutes: readonly Minute[], until: number): number {
  let sum = 0;
  for (const entry of minutes) {
    if (entry[0] <= until && entry[0] > until - WITHIN) sum += entry[KNOWN] + entry[STRANGE];
  }
  return sum;
}

/** Failures before the successes of a minute, of their own kind, the later the heavier. */
function weightBefore(minutes: readonly Minute[], of: Minute): number {
  if (of[SUCCESSES] === 0) return 0;
  let strange = 0;
  let known = 0;
  for (const entry of minutes) {
    const ago = of[0] - entry[0];
    if (ago < 0 || ago > WITHIN) continue;
    strange += (entry[STRANGE] + entry[SPRAYED]) * (WITHIN + 1 - ago);
    known += entry[KNOWN] * (WITHIN + 1 - ago);
  }
  return Math.max(
    (of[SUCCESSES] & STRANGE_SUCCESS) === 0 ? 0 : 3 * strange,
    (of[SUCCESSES] & KNOWN_SUCCESS) === 0 ? 0 : known,
  );
}

/**
 * ln(1 + failures before a success) + ¼ ln(1 + most failures in ten minutes) + ½ ln(1 + strange
 * addresses): 10 000 failures that came to nothing weigh about as much as five that a success
 * followed. Logarithms, for what is learned is how often a day is as bad, and days differ by
 * factors; recency and three terms keep equal values rare. Addresses are counted by linear counting
 * (Whang, Vander-Zanden, Taylor 1990) in 32 bits, which end at about 110.
 */
export function valueOf(day: Omit<Strength, "value">): number {
  const before = day.before / UNIT + (SPRAYING * day.sprayed) / 1000;
  const addresses = -BITS * Math.log(Math.max(1, BITS - bitCount(day.addresses)) / BITS);
  return Math.log1p(before) + Math.log1p(day.peak) / 4 + Math.log1p(addresses) / 2;
}

/** {@link valueOf} the day that starts at `windowStart` (epoch ms), 0 where nothing happened. */
export const strengthOf = (days: readonly Strength[], windowStart: number): number =>
  findDay(days, windowStart)?.value ?? 0;

function bitCount(bits: number): number {
  let count = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) count++;
  return count;
}
