import { surprises } from "./day.ts";
import type { Day } from "./feature.ts";
import { FEATURES, features, featuresOf } from "./features/index.ts";
import type { Knowledge } from "./knowledge.ts";
import { Model } from "./model.ts";
import type { BaselineState } from "./state.ts";
import { BINS, edgeBin, edges, streamIndex, STREAMS, streams } from "./streams.ts";

/** What a rule-like detector says of the same entity and day. */
export interface Behaviour {
  readonly name: string;
  readonly x: number;
}

/** How odd a day is, step by step, so that an explanation can say how the score came about. */
export interface Combined {
  /** Model surprises of features, and what other detectors report. */
  readonly x: Float64Array;
  readonly behaviours: readonly Behaviour[];
  /** Calibrated surprises of features (y), of streams (m, f), given habit (u). */
  readonly y: Float64Array;
  readonly m: Float64Array;
  readonly f: Float64Array;
  readonly u: Float64Array;
  /** Combined surprise, and each stream's part of its square; the parts sum to 1. */
  readonly total: number;
  readonly shares: Float64Array;
}

export const ACCESS = streamIndex("access");
const PERSISTENT = streamIndex("persistent access");
const BEHAVIOUR = streamIndex("known behaviour");

const inStream = streams.map((_, stream) => featuresOf(stream));
const featureCurves = features.map(({ name }) => featureCurve(name));
const streamCurves = streams.map(({ name }) => streamCurve(name));

export function featureCurve(name: string): string {
  return `x ${name}`;
}
export function behaviourCurve(name: string): string {
  return `x rule ${name}`;
}
export function streamCurve(name: string): string {
  return `m ${name}`;
}

/** The first nat is noise; smooth at 2, so that no mass gathers at 0. */
const hinge = (u: number): number => (u < 2 ? (u * u) / 4 : u - 1);

/** Days that the peers' exceedances are worth against the entity's own. */
const OWN_PRIOR = 25;

/**
 * −ln P(this group and this entity show as much), empirical Bayes from everyone to group to entity.
 * Between edges an entity's own tail has the shape of its group's.
 */
function given(day: Day, stream: number, f: number): number {
  if (f <= 0) return 0;
  const { state, know } = day;
  const peers = know.groupTail(state.group, stream, f);
  const bin = edgeBin(f);
  if (bin === 0) return -Math.log(peers);
  const days = state.models[Model.exceedDays] as number;
  let own = 0;
  for (let index = bin; index < BINS; index++) own += state.exceed[stream * BINS + index] as number;
  const atEdge = know.groupTail(state.group, stream, edges[bin - 1] as number);
  const shrunk = (own + OWN_PRIOR * atEdge) / (days + OWN_PRIOR);
  return -Math.log(Math.min(1, (shrunk * peers) / atEdge));
}

function behavioursOf(day: Day): readonly Behaviour[] {
  const { context, window } = day;
  const said = context.statistics?.(window.day * 86_400_000 - window.offset) ?? [];
  return said.map(([name, x]) => ({ name, x }));
}

/** Greatest calibrated surprise of each stream. */
function greatest(day: Day, y: Float64Array, behaviours: readonly Behaviour[]): Float64Array {
  const m = new Float64Array(STREAMS);
  for (let stream = 0; stream < STREAMS; stream++) {
    let most = 0;
    for (const feature of inStream[stream] as readonly number[]) {
      most = Math.max(most, y[feature] as number);
    }
    m[stream] = most;
  }
  for (const { name, x } of behaviours) {
    if (!(x > 0)) continue;
    const said = -Math.log(day.know.curve(behaviourCurve(name)).tail(x));
    m[BEHAVIOUR] = Math.max(m[BEHAVIOUR] as number, said);
  }
  return m;
}

export function combine(day: Day): Combined {
  const { know, state } = day;
  const x = surprises(day);
  const behaviours = behavioursOf(day);
  const y = new Float64Array(FEATURES);
  for (let index = 0; index < FEATURES; index++) {
    const value = x[index] as number;
    if (value > 0) y[index] = -Math.log(know.curve(featureCurves[index] as string).tail(value));
  }
  const m = greatest(day, y, behaviours);
  const f = new Float64Array(STREAMS);
  const u = new Float64Array(STREAMS);
  const shares = new Float64Array(STREAMS);
  let squares = 0;
  for (let stream = 0; stream < STREAMS; stream++) {
    // Access that goes on for days adds up; without any today there is nothing to add to.
    const access = u[ACCESS] as number;
    if (stream === PERSISTENT && access > 0) {
      m[stream] = (state.models[Model.access] as number) + access;
    }
    if ((m[stream] as number) <= 0) continue;
    f[stream] = -Math.log(know.curve(streamCurves[stream] as string).tail(m[stream] as number));
    u[stream] = given(day, stream, f[stream] as number);
    const { weight } = streams[stream] as (typeof streams)[number];
    const part = (weight * hinge(u[stream] as number)) ** 2;
    shares[stream] = part;
    squares += part;
  }
  if (squares > 0) {
    for (let stream = 0; stream < STREAMS; stream++) {
      shares[stream] = (shares[stream] as number) / squares;
    }
  }
  return { x, behaviours, y, m, f, u, total: Math.sqrt(squares), shares };
}

interface Aged {
  readonly know: Knowledge;
  readonly age: number;
  readonly type: 0 | 1;
}

/**
 * Age and day type, each with a table of its own. Where everyone is new, nothing is known of peers
 * either: those days are no measure of later joiners'.
 */
export function stratum({ know, age, type }: Aged): string {
  if (age >= 14) return type === 0 ? MATURE : "mature off";
  const class_ = age < 1 ? "first day" : age < 3 ? "1-2" : age < 7 ? "3-6" : "7-13";
  return know.young ? `all ${class_}` : class_;
}
const MATURE = "mature";

/**
 * How odd a young account's day is assumed to be, given the mature tail, until enough of them were
 * seen: on the first day nearly everything is new.
 */
function youngPrior(age: number, mature: number): number {
  if (age < 1) return mature ** 0.25;
  return age < 3 ? mature ** 0.5 : Math.min(1, (age < 7 ? 3 : 2) * mature);
}

export interface DayTail {
  /** P(a benign day of this age and day type is at least this odd), extrapolated: ranks days. */
  readonly tail: number;
  /**
   * The same, raised where earlier p-values were too small, and never below what so many days can
   * certify: a tenth of one day.
   */
  readonly p: number;
}

/** Entity-days that what is assumed of a stratum is worth. */
const ENOUGH = 60;

/**
 * Calibrated tail of a day's combined surprise, from the table of whole days (`t`) or of days as
 * they run (`d`), whose greatest surprise so far counts.
 */
export function dayTail(
  day: Aged & { readonly state: BaselineState },
  table: "t" | "d",
  total: number,
): DayTail {
  const own = day.know.dayCurve(`${table}${stratum(day)}`);
  const mature = day.know.dayCurve(`${table}${MATURE}`);
  const honest = day.know.honesty(day.state.group);
  const certified = (tail: number, days: number): DayTail => ({
    tail,
    p: Math.max(honest(tail), 0.1 / Math.max(30, days)),
  });
  if (mature.weight < ENOUGH) return certified(own.tail(total), own.weight);
  if (day.age >= 14) {
    return own.weight >= ENOUGH
      ? certified(own.tail(total), own.weight)
      : certified(mature.tail(total), mature.weight);
  }
  const assumed = youngPrior(day.age, mature.tail(total));
  const blended = (own.weight * own.tail(total) + ENOUGH * assumed) / (own.weight + ENOUGH);
  return certified(blended, own.weight + mature.weight);
}
