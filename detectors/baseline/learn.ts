import type { DetectorContext } from "../detector.ts";
import { curveBin } from "../stats/curve.ts";
import { zeros } from "../stats/zeros.ts";
import { type Combined, edgeBin, stratumName } from "./combine.ts";
import { ageClass, type Knowledge, SCALE } from "./knowledge.ts";
import {
  ACCESS,
  type BaselineState,
  BINS,
  FEATURES,
  FIELDS,
  LAGS,
  Model,
  STREAMS,
  type Window,
} from "./layout.ts";
import type { BaselineParams } from "./params.ts";
import { addSlot } from "./slots.ts";
import { bytesModel, dayType, noveltyRate, volumeModel } from "./surprise.ts";

type Context = DetectorContext<BaselineParams>;

const KEEP = 2 ** (-1 / 30);
const KEEP_VALUES = 2 ** (-1 / 45);
/** Active days from which on an entity's days calibrate everybody's tables. */
const SETTLED = 7;

const thousandths = (x: number): number => Math.round(SCALE * Math.min(1e9, x));

/** A day with a smaller tail must not become a habit: nothing is learned from it. */
const ODD = 0.005;

/** Adds a day's count; a flood counts as five deviations at most. */
function learnCount(
  models: Float32Array,
  offset: number,
  day: {
    readonly count: number;
    readonly exposure: number;
    readonly mean: number;
    readonly keep: number;
  },
): void {
  const { exposure, mean, keep } = day;
  const count = Math.min(day.count, mean + 5 * Math.sqrt(mean + 0.5 * mean * mean) + 3);
  const slot = (index: number, added: number): void => {
    models[offset + index] = (models[offset + index] as number) * keep + added;
  };
  slot(0, exposure);
  slot(1, count);
  slot(2, Math.max(-mean, (count - mean) ** 2 - mean));
  slot(3, mean * mean);
}

/** New values of the day by field. */
function metByField(window: Window): number[] {
  const met = zeros(FIELDS);
  for (const [field] of window.news) met[field] = (met[field] as number) + 1;
  return met;
}

function learnSelf(state: BaselineState, window: Window, know: Knowledge): void {
  const { models } = state;
  const rates = know.rates(state.group);
  const type = dayType(window.day);
  const volume = volumeModel(state, window.day, rates);
  const { mean, deviation } = bytesModel(state, rates);
  learnCount(models, Model.volume + 4 * type, {
    count: window.count,
    exposure: 1,
    mean: volume.mean,
    keep: KEEP,
  });
  learnCount(models, Model.failures, {
    count: window.failures,
    exposure: window.count,
    mean: rates.failures * window.count,
    keep: KEEP,
  });
  learnCount(models, Model.strange, {
    count: window.strange,
    exposure: 1,
    mean: rates.strange,
    keep: KEEP,
  });
  if (window.bytes > 0) {
    const value = Math.min(Math.log1p(window.bytes), mean + 2.5 * deviation);
    const weight = (models[Model.bytes] as number) * KEEP + 1;
    const before = models[Model.bytes + 1] as number;
    const after = before + (value - before) / weight;
    const spread = models[Model.bytes + 2] as number;
    models[Model.bytes] = weight;
    models[Model.bytes + 1] = after;
    models[Model.bytes + 2] =
      spread + (1.08 * (value - before) * (value - after) - spread) / weight;
  }
  for (let hour = 0; hour < 24; hour++) {
    const at = Model.hours + 24 * type + hour;
    models[at] = (models[at] as number) * KEEP + ((window.hours >> hour) & 1);
  }
  models[Model.exposure] = (models[Model.exposure] as number) * KEEP_VALUES + 1;
  const met = metByField(window);
  for (let field = 0; field < FIELDS; field++) {
    const at = Model.novelty + field;
    models[at] = (models[at] as number) * KEEP_VALUES + Math.min(met[field] as number, 8);
  }
}

/**
 * The day's exceedances wait ten active days before they count as habit. An account's first days,
 * when all was new, never do.
 */
function learnHabit(state: BaselineState, f: readonly number[]): void {
  const { models, exceed, lags } = state;
  const days = Math.round(models[Model.age] as number) - SETTLED;
  if (days < 0) return;
  const slot = days % LAGS;
  const full = days >= LAGS;
  for (let stream = 0; stream < STREAMS; stream++) {
    const at = slot * STREAMS + stream;
    const cell = stream * BINS + (lags[at] as number);
    if (full) exceed[cell] = (exceed[cell] as number) + 1;
    lags[at] = edgeBin(f[stream] as number);
  }
  if (full) models[Model.exceedDays] = (models[Model.exceedDays] as number) + 1;
  if ((models[Model.exceedDays] as number) >= 66) {
    for (let index = 0; index < exceed.length; index++)
      exceed[index] = (exceed[index] as number) >> 1;
    models[Model.exceedDays] = 33;
  }
  models[Model.access] = (models[Model.access] as number) * 0.84 + Math.min(5, f[ACCESS] as number);
}

function teachRates(state: BaselineState, window: Window, context: Context): void {
  const type = dayType(window.day);
  const met = metByField(window);
  const groups = state.group === "" ? ["*"] : ["*", state.group];
  for (const group of groups) {
    const add = (what: string, amount: number): void => {
      if (amount > 0) context.contribute("baseline.rates", `${group}|${what}`, thousandths(amount));
    };
    add("days", 1);
    add(`c${type}`, 1);
    add(`v${type}`, Math.min(window.count, 2000));
    add("e", Math.min(window.count, 2000));
    add("f", Math.min(window.failures, 50));
    add("s", Math.min(window.strange, 10));
    if (window.bytes > 0) {
      const log = Math.log1p(window.bytes);
      add("b0", 1);
      add("b1", log);
      add("b2", log * log);
    }
    for (let hour = 0; hour < 24; hour++)
      if ((window.hours >> hour) & 1) add(`h${24 * type + hour}`, 1);
    for (let field = 0; field < FIELDS; field++) {
      add(`n${field}`, Math.min(8, met[field] as number));
    }
  }
}

function teachYouth(
  state: BaselineState,
  window: Window,
  of: { context: Context; know: Knowledge },
): void {
  const age = ageClass(state.models[Model.age] as number);
  const youth = of.know.youth(age);
  const byField = metByField(window);
  for (let field = 0; field < FIELDS; field++) {
    const met = byField[field] as number;
    const expected = noveltyRate(state, field, of.know) / (youth[field] as number);
    if (met > 0) of.context.contribute("baseline.rates", `age${age}|o${field}`, thousandths(met));
    of.context.contribute("baseline.rates", `age${age}|e${field}`, thousandths(expected));
  }
}

function teachTables(
  state: BaselineState,
  of: { readonly window: Window; readonly combined: Combined; readonly context: Context },
): void {
  const { window, combined, context } = of;
  const add = (key: string): void => context.contribute("baseline.calibration", key, SCALE);
  add(`${stratumName(state, window.day)}|${curveBin(window.greatest / 1e4)}`);
  const group = state.group;
  if ((state.models[Model.age] as number) < SETTLED) return;
  for (let index = 0; index < FEATURES; index++)
    add(`x${index}|${curveBin(combined.x[index] as number)}`);
  context.contribute("baseline.groups", `${group}|n`, SCALE);
  for (let stream = 0; stream < STREAMS; stream++) {
    add(`m${stream}|${curveBin(combined.m[stream] as number)}`);
    const bin = edgeBin(combined.f[stream] as number);
    if (bin > 0) context.contribute("baseline.groups", `${group}|${stream}|${bin}`, SCALE);
  }
}

function teachPopulation(state: BaselineState, window: Window, context: Context): void {
  const add = (key: string): void => context.contribute("baseline.population", key, 1);
  add("entity_days");
  add(`d|${window.day}`);
  if ((state.models[Model.age] as number) > 0) return;
  add("users");
  if (state.group !== "") add(`${state.group}|users`);
}

/** Values met today become known; how rare they were teaches what is rare. */
function keepNews(
  state: BaselineState,
  window: Window,
  of: { context: Context; teach: boolean },
): void {
  for (const [field, hash, bucket] of window.news) {
    addSlot(state, field, hash, window.day);
    if (of.teach) of.context.contribute("baseline.arrivals", `${field}|${bucket}`, SCALE);
  }
}

/** Learns from a day whose scoring is done (`window.greatest` is final), unless it was too odd. */
export function learnDay(
  state: BaselineState,
  window: Window,
  of: {
    readonly context: Context;
    readonly know: Knowledge;
    readonly combined: Combined;
    readonly tail: number;
  },
): void {
  const { context, know, combined } = of;
  const { models } = state;
  const age = models[Model.age] as number;
  const early = know.entityDays < context.params.learning_entity_days;
  const odd = age >= context.params.learning_days && !early && of.tail < ODD;
  teachTables(state, { window, combined, context });
  teachPopulation(state, window, context);
  if (ageClass(age) < 5) teachYouth(state, window, of);
  // The young meet much that is new: they teach nobody, except where all are young.
  const teach = !odd && (age >= 3 || early);
  if (teach) teachRates(state, window, context);
  learnHabit(state, combined.f);
  if (!odd) learnSelf(state, window, know);
  keepNews(state, window, { context, teach });
  models[Model.age] = Math.min(20_000, age + 1);
  models[Model.lastDay] = window.day;
}
