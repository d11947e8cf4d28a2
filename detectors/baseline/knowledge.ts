import type { DetectorContext, SharedTable, TableSpec } from "../detector.ts";
import { CURVE_BINS, type Curve, curve, joined } from "../stats/curve.ts";
import type { PeerCount } from "./counts.ts";
import { FIELDS } from "./fields.ts";
import { type Honesty, honestyOf } from "./honesty.ts";
import type { PeerMagnitude } from "./magnitudes.ts";
import type { BaselineParams } from "./params.ts";
import { createPeers, type Peers } from "./peers.ts";
import { RARITY_BUCKETS, rarityTable } from "./rarity.ts";
import { BINS, edgeBin, edges } from "./streams.ts";

export type { PeerCount, PeerMagnitude, Peers };

/**
 * What one entity may know of all others, read from shared tables of integers. Days and sums are
 * kept in thousandths so that decay does not round them away.
 */
export const SCALE = 1000;
/** Active days from which on an entity's days calibrate everybody's tables. */
export const SETTLED = 7;

export const tables: readonly TableSpec[] = [
  /** `field|group|hash` and `field|*|hash`: accounts that hold the value, one vote each. */
  { name: "baseline.peers", keepPerMille: 1000 },
  /** `group|field|bucket`: new values of mature accounts by how common they were among peers. */
  { name: "baseline.arrivals", keepPerMille: 985 },
  /** `group|feature|what`: what is usual in groups; `*` is everyone. */
  { name: "baseline.rates", keepPerMille: 985 },
  /** `x feature|bin`, `m stream|bin`: histograms of surprises. */
  { name: "baseline.calibration", keepPerMille: 985 },
  /** `t stratum|bin` of whole days and `d stratum|bin` of days as they ran: slow, and fast. */
  { name: "baseline.tails", keepPerMille: 950 },
  { name: "baseline.bodies", keepPerMille: 700 },
  /** `group|stream|bin`, `group|n`: exceedances; `group|days`, `group|p level`: days by p. */
  { name: "baseline.groups", keepPerMille: 990 },
  /** `day|group|what`: what happens to many today. */
  { name: "baseline.common", keepPerMille: 300 },
  /** `entity_days`, `users`, `group|users`, `d|epoch day`: sizes. */
  { name: "baseline.population", keepPerMille: 1000 },
];

type Context = DetectorContext<BaselineParams>;

export interface Knowledge {
  peers(group: string): Peers;
  /** Calibrated tail of a feature (`x name`) or stream (`m name`). */
  curve(name: string): Curve;
  /** Calibrated tail of a whole day (`t stratum`) or of a day as it runs (`d stratum`). */
  dayCurve(name: string): Curve;
  /** P(a new value is at least as rare among peers), 0–1, by bucket of `rarityBucket`. */
  rarity(group: string, field: number, bucket: number): number;
  /** How much more often new accounts meet new values, by age class 0–4. */
  youth(age: number): readonly number[];
  /** P(a day of this group shows at least f in this stream), shrunk to everyone's exp(−f). */
  groupTail(group: string, stream: number, f: number): number;
  /** Corrects small tails of a group by what became of earlier ones. */
  honesty(group: string): Honesty;
  readonly entityDays: number;
  /** Everyone is new here: accounts are 14 active days old on average at most. */
  readonly young: boolean;
}

export const ageClass = (age: number): number =>
  age < 3 ? Math.floor(age) : age < 7 ? 3 : age < 14 ? 4 : 5;

/** Several independent streams behind the hinge of the combination, until days have been counted. */
const independent = (x: number): number => 1 - (1 - Math.exp(-(x + 1))) ** 6;
const exponential = (x: number): number => Math.exp(-x);
const ASSUMED_DAYS = 30;

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

function youthTable(table: SharedTable, age: number): number[] {
  return Array.from({ length: FIELDS }, (_, field) => {
    const seen = table.get(`age${age}|o${field}`) / SCALE + 4;
    const expected = table.get(`age${age}|e${field}`) / SCALE + 4;
    return Math.min(20, Math.max(1, seen / expected));
  });
}

/** Days that everyone's exp(−f) is worth against a group's own count. */
const GROUP_PRIOR = 300;

/** P(f ≥ each edge) in a group; the first entry is f ≥ 0. */
function exceedancesOf(groups: SharedTable, group: string, stream: number): Float64Array {
  const n = groups.get(`${group}|n`) / SCALE;
  const tails = new Float64Array(BINS);
  let above = 0;
  for (let bin = BINS - 1; bin >= 1; bin--) {
    above += groups.get(`${group}|${stream}|${bin}`) / SCALE;
    const assumed = Math.exp(-(edges[bin - 1] as number));
    tails[bin] = (above + GROUP_PRIOR * assumed) / (n + GROUP_PRIOR);
  }
  tails[0] = 1;
  return tails;
}

/** Between two edges the logarithm of a tail is a line; beyond the last it falls by a nat a nat. */
export function betweenEdges(tails: ArrayLike<number>, f: number): number {
  const bin = edgeBin(f);
  const low = bin === 0 ? 0 : (edges[bin - 1] as number);
  const from = tails[bin] as number;
  if (bin === BINS - 1) return from * Math.exp(low - f);
  const high = edges[bin] as number;
  return from * ((tails[bin + 1] as number) / from) ** ((f - low) / (high - low));
}

/** The tables that calibration reads: all change only when a day closes, or decays. */
interface Source {
  rates: SharedTable;
  calibration: SharedTable;
  tails: SharedTable;
  bodies: SharedTable;
  arrivals: SharedTable;
  groups: SharedTable;
}

const sourceOf = (context: Context): Source => ({
  rates: context.shared("baseline.rates"),
  calibration: context.shared("baseline.calibration"),
  tails: context.shared("baseline.tails"),
  bodies: context.shared("baseline.bodies"),
  arrivals: context.shared("baseline.arrivals"),
  groups: context.shared("baseline.groups"),
});

type Keys = (name: string) => readonly string[];

const counts = (table: SharedTable, keys: readonly string[]): Float64Array =>
  Float64Array.from(keys, (key) => table.get(key) / SCALE);

/** Key of what is counted while everyone is new, and used only then. */
export const youngKey = (key: string): string => `young ${key}`;

type Size = Pick<Knowledge, "entityDays" | "young">;
const YOUNG_DAYS = 14;

/** Reads one state of the tables; each part is made when first asked for. */
function compile(source: Source, keys: Keys, size: Size): Knowledge {
  const old = Array.from({ length: FIELDS }, () => 1);
  const rarity = memo((group: string) => rarityTable(source.arrivals, group));
  const youth = memo((age: number) => (age > 4 ? old : youthTable(source.rates, age)));
  const exceedances = memo((_group: string): Float64Array[] => []);
  const rates = (key: string): number => source.rates.get(key);
  const everyone = memo((group: string) => createPeers(rates, group, undefined));
  return {
    peers: memo((group: string) => createPeers(rates, group, everyone("*"))),
    curve: memo((name: string) => {
      const kept = size.young ? youngKey(name) : name;
      const bins = counts(source.calibration, keys(kept));
      const some = bins.reduce((sum, count) => sum + count, 0);
      const days = source.calibration.get(size.young ? youngKey("days") : "days") / SCALE;
      bins[0] = Math.max(0, days - some);
      return curve(bins, exponential, ASSUMED_DAYS);
    }),
    dayCurve: memo((name: string) => {
      const slow = curve(counts(source.tails, keys(name)), independent, ASSUMED_DAYS);
      const fast = counts(source.bodies, keys(name));
      return name.startsWith("t") ? joined(slow, fast) : slow;
    }),
    rarity: (group, field, bucket) => rarity(group)[field * RARITY_BUCKETS + bucket] as number,
    youth,
    groupTail: (group, stream, f) =>
      betweenEdges((exceedances(group)[stream] ??= exceedancesOf(source.groups, group, stream)), f),
    honesty: memo((group: string) => honestyOf(source.groups, group)),
    ...size,
  };
}

interface Compiled {
  readonly print: string;
  readonly source: Source;
  readonly knowledge: Knowledge;
}

/**
 * Knowledge by version. The tables it reads change when days close while versions change every 15
 * minutes, so that what was compiled is used again until another day has closed or a UTC day has
 * begun; what is remembered never differs from what would be read.
 */
export function knowledgeCache(): (context: Context) => Knowledge {
  const known = new WeakMap<SharedTable, Knowledge>();
  // By installation, whose parameters are one object: two of them in one process know different things.
  const installations = new WeakMap<BaselineParams, Compiled[]>();
  const keys = memo((name: string) =>
    Array.from({ length: CURVE_BINS }, (_, bin) => `${name}|${bin}`),
  );
  return (context) => {
    const version = context.shared("baseline.population");
    const cached = known.get(version);
    if (cached !== undefined) return cached;
    const days = version.get("entity_days");
    const print = `${context.tenant}|${Math.floor(version.boundary / 86_400_000)}|${days}`;
    const source = sourceOf(context);
    const recent = installations.get(context.params) ?? [];
    installations.set(context.params, recent);
    let entry = recent.find((other) => other.print === print);
    // Handles of older versions go stale; what is read later is read through the newest.
    if (entry !== undefined) Object.assign(entry.source, source);
    else {
      const young = days < YOUNG_DAYS * version.get("users");
      const size = { entityDays: days, young };
      entry = { print, source, knowledge: compile(source, keys, size) };
      recent.push(entry);
      if (recent.length > 4) recent.shift();
    }
    known.set(version, entry.knowledge);
    return entry.knowledge;
  };
}
