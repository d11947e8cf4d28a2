import type { DetectorContext, SharedTable, TableSpec } from "../detector.ts";
import { CURVE_BINS, type Curve, curve } from "../stats/curve.ts";
import { BINS, FIELDS } from "./layout.ts";
import type { BaselineParams } from "./params.ts";

/**
 * What one entity may know of all others, read from shared tables of integers. Days and sums are
 * kept in thousandths so that decay does not round them away.
 */

export const SCALE = 1000;

export const tables: readonly TableSpec[] = [
  /** `field|group|hash` and `field|*|hash`: accounts that hold the value. */
  { name: "baseline.peers", keepPerMille: 1000 },
  /** `field|bucket`: new values of mature accounts by how common they were among peers. */
  { name: "baseline.arrivals", keepPerMille: 985 },
  /** `group|what`: rates of groups; `*` is everyone. */
  { name: "baseline.rates", keepPerMille: 985 },
  /** `x3|bin`, `m2|bin`, `t4|bin`: histograms of surprises. */
  { name: "baseline.calibration", keepPerMille: 985 },
  /** `group|stream|bin`, `group|n`: exceedances. */
  { name: "baseline.groups", keepPerMille: 990 },
  /** `group|field`: new values met today, at most 3 of an entity. */
  { name: "baseline.today", keepPerMille: 300 },
  /** `entity_days`, `users`, `group|users`, `d|epoch day`: sizes. */
  { name: "baseline.population", keepPerMille: 1000 },
];

type Context = DetectorContext<BaselineParams>;

export interface Rates {
  /** New values per active day, by field. */
  readonly novelty: Float64Array;
  /** Events on a day by day type; failures per event; strange failures per day. */
  readonly volume: readonly [number, number];
  readonly failures: number;
  readonly strange: number;
  readonly bytes: { readonly mean: number; readonly variance: number };
  /** Share of active hours, 24 of working days, then 24 of days off. */
  readonly hours: Float64Array;
}

/** Assumed before anybody is known, worth this many days. */
const PRIOR_DAYS = 10;
const GROUP_DAYS = 20;

function ratesOf(table: SharedTable, group: string): Rates {
  const shrunk = (what: string, per: string, prior: number): number => {
    const all = table.get(`*|${what}`) / SCALE + PRIOR_DAYS * prior;
    const base = all / (table.get(`*|${per}`) / SCALE + PRIOR_DAYS);
    if (group === "") return base;
    const own = table.get(`${group}|${what}`) / SCALE + GROUP_DAYS * base;
    return own / (table.get(`${group}|${per}`) / SCALE + GROUP_DAYS);
  };
  const mean = shrunk("b1", "b0", 10);
  return {
    novelty: Float64Array.from({ length: FIELDS }, (_, field) => shrunk(`n${field}`, "days", 0.15)),
    volume: [shrunk("v0", "c0", 30), shrunk("v1", "c1", 8)],
    failures: shrunk("f", "e", 0.02),
    strange: shrunk("s", "days", 0.03),
    bytes: { mean, variance: Math.max(0.2, shrunk("b2", "b0", 102) - mean * mean) },
    hours: Float64Array.from({ length: 48 }, (_, hour) =>
      shrunk(`h${hour}`, hour < 24 ? "c0" : "c1", 0.3),
    ),
  };
}

interface Exceedances {
  readonly above: Float64Array;
  readonly n: number;
}

export interface Knowledge {
  rates(group: string): Rates;
  /** Calibrated tail of feature `x3`, stream `m2` or stratum `t4`. */
  curve(name: string): Curve;
  /** P(a new value is at least as rare among peers), 0–1, by bucket of {@link rarityBucket}. */
  rarity(field: number, bucket: number): number;
  /** How much more often new accounts meet new values, by age class 0–4. */
  youth(age: number): readonly number[];
  /** Days of the group by bin of this stream, and in all. */
  exceedances(group: string, stream: number): Exceedances;
  readonly entityDays: number;
}

export const RARITY_BUCKETS = 11;

/** 0: nobody has it, 1: nobody of the group, then by the binary logarithm of the group's holders. */
export function rarityBucket(peers: number, others: number): number {
  if (peers <= 0) return others <= 0 ? 0 : 1;
  return Math.min(RARITY_BUCKETS - 1, 2 + Math.floor(Math.log2(peers)));
}

export const ageClass = (age: number): number =>
  age < 3 ? Math.floor(age) : age < 7 ? 3 : age < 14 ? 4 : 5;

const independent = (x: number): number => 1 - (1 - Math.exp(-(x + 1))) ** 6;
const exponential = (x: number): number => Math.exp(-x);

function memo<Key, Value>(make: (key: Key) => Value): (key: Key) => Value {
  const known = new Map<Key, Value>();
  return (key) => {
    let value = known.get(key);
    if (value === undefined) {
      value = make(key);
      known.set(key, value);
    }
    return value;
  };
}

function rarityTable(table: SharedTable, field: number): Float64Array {
  const mass = Float64Array.from({ length: RARITY_BUCKETS }, (_, bucket) => {
    const assumed = bucket === 0 ? 6 : bucket === 1 ? 4 : 10 / (RARITY_BUCKETS - 2);
    return assumed + table.get(`${field}|${bucket}`) / SCALE;
  });
  const total = mass.reduce((sum, value) => sum + value, 0);
  let below = 0;
  return mass.map((value) => {
    const rarity = (below + value / 2) / total;
    below += value;
    return rarity;
  });
}

function youthTable(table: SharedTable, age: number): number[] {
  return Array.from({ length: FIELDS }, (_, field) => {
    const seen = table.get(`age${age}|o${field}`) / SCALE + 4;
    const expected = table.get(`age${age}|e${field}`) / SCALE + 4;
    return Math.min(20, Math.max(1, seen / expected));
  });
}

function exceedancesOf(groups: SharedTable, group: string, stream: number): Exceedances {
  const above = new Float64Array(BINS + 1);
  for (let bin = BINS - 1; bin >= 1; bin--) {
    above[bin] = (above[bin + 1] as number) + groups.get(`${group}|${stream}|${bin}`) / SCALE;
  }
  return { above, n: groups.get(`${group}|n`) / SCALE };
}

/** The tables that calibration reads: all change only when a day closes, or decays. */
interface Source {
  rates: SharedTable;
  calibration: SharedTable;
  arrivals: SharedTable;
  groups: SharedTable;
}

const sourceOf = (context: Context): Source => ({
  rates: context.shared("baseline.rates"),
  calibration: context.shared("baseline.calibration"),
  arrivals: context.shared("baseline.arrivals"),
  groups: context.shared("baseline.groups"),
});

type Keys = (name: string) => readonly string[];

/** Reads one state of the tables; each part is made when first asked for. */
function compile(source: Source, keys: Keys, entityDays: number): Knowledge {
  const old = Array.from({ length: FIELDS }, () => 1);
  const rarity = memo((field: number) => rarityTable(source.arrivals, field));
  const youth = memo((age: number) => (age > 4 ? old : youthTable(source.rates, age)));
  const exceedances = memo((_group: string): Exceedances[] => []);
  return {
    rates: memo((group: string) => ratesOf(source.rates, group)),
    curve: memo((name: string) =>
      curve(
        Float64Array.from(keys(name), (key) => source.calibration.get(key) / SCALE),
        name.startsWith("t") ? independent : exponential,
        30,
      ),
    ),
    rarity: (field, bucket) => rarity(field)[bucket] as number,
    youth,
    exceedances: (group, stream) =>
      (exceedances(group)[stream] ??= exceedancesOf(source.groups, group, stream)),
    entityDays,
  };
}

/** Sums that any closed day changes; tables with equal ones on one UTC day are equal. */
function fingerprint(context: Context, rates: SharedTable): string {
  const days = context.shared("baseline.population").get("entity_days");
  const sums = ["days", "e", "f", "v0", "v1", "b1", "b2", "n5", "n1"].map((what) =>
    rates.get(`*|${what}`),
  );
  return `${context.tenant}|${Math.floor(rates.boundary / 86_400_000)}|${days}|${sums.join("|")}`;
}

/**
 * Knowledge by version. The tables it reads change once or twice a day while versions change every
 * 15 minutes, so that what was compiled is used again as long as the fingerprint stays; what is
 * remembered never differs from what would be read.
 */
export function knowledgeCache(): (context: Context) => Knowledge {
  const known = new WeakMap<SharedTable, Knowledge>();
  const recent: { print: string; source: Source; knowledge: Knowledge }[] = [];
  const keys = memo((name: string) =>
    Array.from({ length: CURVE_BINS }, (_, bin) => `${name}|${bin}`),
  );
  return (context) => {
    const version = context.shared("baseline.calibration");
    const cached = known.get(version);
    if (cached !== undefined) return cached;
    const source = sourceOf(context);
    const print = fingerprint(context, source.rates);
    let entry = recent.find((other) => other.print === print);
    // Handles of older versions go stale; what is read later is read through the newest.
    if (entry !== undefined) Object.assign(entry.source, source);
    else {
      const days = context.shared("baseline.population").get("entity_days");
      entry = { print, source, knowledge: compile(source, keys, days) };
      recent.push(entry);
      if (recent.length > 4) recent.shift();
    }
    known.set(version, entry.knowledge);
    return entry.knowledge;
  };
}

/** Entities expected to be active today: the mean of the last seven days that have a count. */
export function expectedActive(context: Context, day: number): number {
  const table = context.shared("baseline.population");
  let sum = 0;
  let days = 0;
  for (let back = 1; back <= 7; back++) {
    const count = table.get(`d|${day - back}`);
    if (count > 0) days++;
    sum += count;
  }
  return days === 0 ? 0 : sum / days;
}

/**
 * A roll-out or a sweep makes a whole group meet new values on one day: how many times more than
 * two usual days of the group, 1–20. One entity counts for three values at most.
 */
export function commonMode(
  context: Context,
  of: { group: string; field: number; rate: number },
): number {
  const { group, field, rate } = of;
  const met = context.shared("baseline.today").get(`${group}|${field}`) / SCALE - 3;
  const table = context.shared("baseline.population");
  const members = table.get(group === "" ? "users" : `${group}|users`);
  return Math.min(20, Math.max(1, met / (2 * rate * members + 3)));
}
