import type { PeerCount } from "./counts.ts";
import { FIELDS } from "./fields.ts";
import type { PeerMagnitude } from "./magnitudes.ts";

/** What a feature assumes of a count before anybody is known. */
export interface CountAssumption {
  readonly rate: number;
  /** Exposure that the assumption, and everyone against a group, is worth. */
  readonly worth: number;
  /** What it is counted over: events, all days (`n`), working days or days off. */
  readonly per: "event" | "n" | "t0" | "t1";
}

/** What is usual in a peer group, shrunk to what is usual among everyone. */
export interface Peers {
  count(feature: string, assumed: CountAssumption): PeerCount;
  magnitude(feature: string, assumed: PeerMagnitude): PeerMagnitude;
  /** Mean of a number per settled day. */
  mean(feature: string, what: string, assumed: number): number;
  /** New values per active day by field, and their over-dispersion. */
  readonly novelty: Float64Array;
  readonly bursts: Float64Array;
  /** Share of days of a type on which an hour is active: 24 of working days, 24 of days off. */
  readonly hours: Float64Array;
  /** The same counted from the middle of each entity's own day. */
  readonly centred: Float64Array;
}

const SCALE = 1000;
/** Days that an assumption is worth, and that everyone is worth against a group. */
const DAYS = 20;
/** Assumed over-dispersion of counts and of arrivals. */
const SPREAD = 0.35;
const ARRIVALS_SPREAD = 0.4;

/** Sums of one group, in days and in their own units. */
type Sums = (feature: string, what: string) => number;

function memo<Value>(make: (key: string) => Value): (key: string) => Value {
  const known = new Map<string, Value>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) known.set(key, (value = make(key)));
    return value;
  };
}

function countOf(get: Sums, feature: string, base: PeerCount & CountAssumption): PeerCount {
  const n = get("days", base.per === "event" ? "n" : base.per);
  const exposure = base.per === "event" ? get("days", "events") : n;
  return {
    rate: (get(feature, "x") + base.worth * base.rate) / (exposure + base.worth),
    a: (get(feature, "a") + DAYS * base.a) / (n + DAYS),
    b: (get(feature, "b") + DAYS * base.b) / (n + DAYS),
  };
}

function magnitudeOf(get: Sums, feature: string, base: PeerMagnitude): PeerMagnitude {
  const n = get(feature, "n") + DAYS;
  const mean = (get(feature, "1") + DAYS * base.mean) / n;
  const square = (get(feature, "2") + DAYS * (base.variance + base.mean * base.mean)) / n;
  return { mean, variance: Math.max(0.05, square - mean * mean) };
}

function burstsOf(get: Sums, all: Peers | undefined): Float64Array {
  return Float64Array.from({ length: FIELDS }, (_, field) => {
    const base = all?.bursts[field] ?? ARRIVALS_SPREAD;
    const ratio = (get("burst", `a${field}`) + 2 * base) / (get("burst", `b${field}`) + 2);
    return Math.min(20, Math.max(0.1, ratio));
  });
}

function hoursOf(get: Sums, kind: "h" | "c", all: Float64Array | undefined): Float64Array {
  return Float64Array.from({ length: 48 }, (_, hour) => {
    const type = hour < 24 ? 0 : 1;
    const base = all?.[hour] ?? 0.3;
    return (get(kind, String(hour)) + DAYS * base) / (get("days", `t${type}`) + DAYS);
  });
}

/** Reads what is usual in a group; without `all` the group is everyone. */
export function createPeers(
  read: (key: string) => number,
  group: string,
  all: Peers | undefined,
): Peers {
  const get: Sums = (feature, what) => read(`${group}|${feature}|${what}`) / SCALE;
  const days = get("days", "n") + DAYS;
  const counts = new Map<string, PeerCount>();
  const magnitudes = new Map<string, PeerMagnitude>();
  const means = memo((key: string) => read(`${group}|${key}`) / SCALE);
  return {
    count(feature, assumed) {
      let known = counts.get(feature);
      if (known === undefined) {
        const base = all?.count(feature, assumed) ?? {
          rate: assumed.rate,
          a: SPREAD / 2,
          b: 1 / 2,
        };
        known = countOf(get, feature, { ...assumed, ...base });
        counts.set(feature, known);
      }
      return known;
    },
    magnitude(feature, assumed) {
      let known = magnitudes.get(feature);
      if (known === undefined) {
        known = magnitudeOf(get, feature, all?.magnitude(feature, assumed) ?? assumed);
        magnitudes.set(feature, known);
      }
      return known;
    },
    mean: (feature, what, assumed) =>
      (means(`${feature}|${what}`) + DAYS * (all?.mean(feature, what, assumed) ?? assumed)) / days,
    novelty: Float64Array.from(
      { length: FIELDS },
      (_, field) => (get("new", String(field)) + DAYS * (all?.novelty[field] ?? 0.15)) / days,
    ),
    bursts: burstsOf(get, all),
    hours: hoursOf(get, "h", all?.hours),
    centred: hoursOf(get, "c", all?.centred),
  };
}
