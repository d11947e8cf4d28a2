import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { crowdLine } from "./crowd.ts";
import { cpuMicros } from "./measure.ts";
import { createVerdict } from "./verdict.bench.ts";

/** What one process measured about one number of users. */
export interface ScaleRun {
  /** CPU µs per event. */
  readonly parse: number;
  readonly verdict: number;
  /** CPU µs to close the day of one user; undefined where the crowd is too large to wait for. */
  readonly close?: number;
  /** Bytes that live, per user: heap and array buffers, all detectors and the runtime. */
  readonly bytes: number;
}

const SLICE = 2_000;
/** Events measured, of as many crowds as it takes, and at most of one. */
const MEASURED = 50_000;
const MOST = 200_000;
/** Larger crowds close for minutes. */
const CLOSED = 100_000;

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void;

function live(): number {
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

function timed(act: () => void): number {
  const before = cpuMicros();
  act();
  return cpuMicros() - before;
}

/** One crowd: all of it comes once, then the events of the second round are measured. */
function crowd(users: number) {
  const before = live();
  const { take, end } = createVerdict();
  const lines = (from: number, most: number): string[] =>
    Array.from({ length: Math.min(SLICE, most - from) }, (_, at) => crowdLine(users, from + at));
  for (let from = 0; from < users; from += SLICE) lines(from, users).forEach(take);
  const bytes = live() - before;
  const until = users + Math.min(users, MOST);
  let parse = 0;
  let verdict = 0;
  for (let from = users; from < until; from += SLICE) {
    // Made outside of what is measured.
    const some = lines(from, until);
    parse += timed(() => some.forEach((line) => JSON.parse(line) as unknown));
    verdict += timed(() => some.forEach(take));
  }
  const close = users > CLOSED ? undefined : timed(end);
  return { users, events: until - users, parse, verdict, close, bytes };
}

function measure(users: number): ScaleRun {
  // The first one is for the compiler; its memory tells, nothing was there before it.
  const first = crowd(10_000);
  const crowds = Array.from({ length: Math.max(1, MEASURED / users) }, () => crowd(users));
  const all = (of: (one: ReturnType<typeof crowd>) => number): number =>
    crowds.reduce((sum, one) => sum + of(one), 0);
  const events = all((one) => one.events);
  return {
    parse: all((one) => one.parse) / events,
    verdict: all((one) => one.verdict) / events,
    bytes: (first.users === users ? first : (crowds[0] ?? first)).bytes / users,
    ...(users > CLOSED ? {} : { close: all((one) => one.close ?? 0) / (crowds.length * users) }),
  };
}

process.stdout.write(`${JSON.stringify(measure(Number(process.argv[2])))}\n`);
