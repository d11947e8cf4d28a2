import { ageClass, type Knowledge } from "./knowledge.ts";
import {
  ACCESS,
  BINS,
  type BaselineState,
  edges,
  FEATURES,
  Model,
  PERSISTENT,
  STREAMS,
  streams,
  type Window,
} from "./layout.ts";
import { zeros } from "../stats/zeros.ts";
import { dayType, surprises } from "./surprise.ts";

/** How odd a day is, step by step, so that an explanation can say how the score came about. */
export interface Combined {
  /** Model surprises; calibrated surprises of features (y), of streams (m, f), given habit (u). */
  readonly x: readonly number[];
  readonly y: readonly number[];
  readonly m: readonly number[];
  readonly f: readonly number[];
  readonly u: readonly number[];
  /** Combined surprise, and each stream's part of its square; the parts sum to 1. */
  readonly total: number;
  readonly shares: readonly number[];
}

const featureCurves: readonly string[] = Array.from({ length: FEATURES }, (_, at) => `x${at}`);
const streamCurves: readonly string[] = Array.from({ length: STREAMS }, (_, at) => `m${at}`);

/** The first nat is noise; smooth at 2, so that no mass gathers at 0. */
const hinge = (u: number): number => (u < 2 ? (u * u) / 4 : u - 1);

export function edgeBin(f: number): number {
  let bin = 0;
  while (bin < edges.length && f >= (edges[bin] as number)) bin++;
  return bin;
}

/** −ln P(this group and this entity show as much), empirical Bayes from everyone to group to entity. */
function given(state: BaselineState, stream: number, f: number, know: Knowledge): number {
  if (f <= 0) return 0;
  const bin = edgeBin(f);
  const group = know.exceedances(state.group, stream);
  const counted = bin === 0 ? group.n : (group.above[bin] as number);
  const peers = (counted + 300 * Math.exp(-f)) / (group.n + 300);
  const days = state.models[Model.exceedDays] as number;
  let own = 0;
  for (let index = bin; index < BINS; index++) own += state.exceed[stream * BINS + index] as number;
  return -Math.log(Math.min(1, ((bin === 0 ? days : own) + 25 * peers) / (days + 25)));
}

export function combine(state: BaselineState, window: Window, know: Knowledge): Combined {
  const x = surprises(state, window, know);
  const y = zeros(FEATURES);
  for (let index = 0; index < FEATURES; index++) {
    const value = x[index] as number;
    if (value > 0) y[index] = -Math.log(know.curve(featureCurves[index] as string).tail(value));
  }
  const m = zeros(STREAMS);
  const f = zeros(STREAMS);
  const u = zeros(STREAMS);
  const shares = zeros(STREAMS);
  let squares = 0;
  for (let stream = 0; stream < STREAMS; stream++) {
    const { features, weight } = streams[stream] as (typeof streams)[number];
    for (const feature of features) m[stream] = Math.max(m[stream] as number, y[feature] as number);
    // Access that goes on for days adds up; without any today there is nothing to add to.
    const access = f[ACCESS] as number;
    if (stream === PERSISTENT && access > 0) {
      m[stream] = (state.models[Model.access] as number) + access;
    }
    if ((m[stream] as number) <= 0) continue;
    f[stream] = -Math.log(know.curve(streamCurves[stream] as string).tail(m[stream] as number));
    u[stream] = given(state, stream, f[stream] as number, know);
    const part = (weight * hinge(u[stream] as number)) ** 2;
    shares[stream] = part;
    squares += part;
  }
  if (squares > 0) {
    for (let stream = 0; stream < STREAMS; stream++) {
      shares[stream] = (shares[stream] as number) / squares;
    }
  }
  return { x, y, m, f, u, total: Math.sqrt(squares), shares };
}

/** Age and day type classes that have a table of the day's greatest T each: 0–4 young, 5 and 6 mature. */
const stratumOf = (age: number, day: number): number => {
  const class_ = ageClass(age);
  if (class_ === 5) return 3 + dayType(day);
  return class_ <= 2 ? 0 : class_ - 2;
};

export const stratumName = (state: BaselineState, day: number): string =>
  `t${stratumOf(state.models[Model.age] as number, day)}`;

export interface DayTail {
  /** P(a benign day of this age and day type is at least this odd), extrapolated: ranks days. */
  readonly tail: number;
  /** The same, but never below what so many days can certify: a tenth of one day. */
  readonly p: number;
}

export function dayTail(
  state: BaselineState,
  of: { readonly day: number; readonly total: number },
  know: Knowledge,
): DayTail {
  const own = know.curve(stratumName(state, of.day));
  const mature = know.curve("t3");
  const certified = (tail: number, days: number): DayTail => ({
    tail,
    p: Math.max(tail, 0.1 / Math.max(30, days)),
  });
  if (own.weight >= 60 || mature.weight < 60) return certified(own.tail(of.total), own.weight);
  // Too few to judge by: odd days of the young are common.
  return (state.models[Model.age] as number) < 14
    ? certified(Math.max(own.tail(of.total), mature.tail(of.total) ** 0.25), mature.weight)
    : certified(mature.tail(of.total), mature.weight);
}
