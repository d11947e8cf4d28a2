import { curveBin } from "../stats/curve.ts";
import { hash32 } from "../stats/hash.ts";
import { noveltyRate } from "./arrivals.ts";
import {
  ACCESS,
  behaviourCurve,
  type Combined,
  featureCurve,
  stratum,
  streamCurve,
} from "./combine.ts";
import { learnCount, tamed, teachCount, COUNT_MEMORY } from "./counts.ts";
import { places } from "./day.ts";
import type { Context, Day, Teach } from "./feature.ts";
import { FIELDS } from "./fields.ts";
import { features } from "./features/index.ts";
import { volumeModel } from "./features/volume.ts";
import { daysKey, hitKey, LEVELS } from "./honesty.ts";
import { learnHours, noteZone, teachHours } from "./hours.ts";
import { ageClass, SCALE, SETTLED, youngKey } from "./knowledge.ts";
import { Model } from "./model.ts";
import { addSlot } from "./slots.ts";
import { BINS, edgeBin, LAGS, STREAMS, streams } from "./streams.ts";

const KEEP_VALUES = 2 ** (-1 / 45);
/** The same while everyone is new. */
const FAMILIAR = 2;
/** Weight of a day in learning: whole above the first tail, none below the second. */
const ORDINARY = 0.01;
const ODD = 0.002;
/** New values of a field that one day teaches at most. */
const MOST_NEW = 8;

export const learningWeight = (tail: number): number =>
  Math.max(0, Math.min(1, (tail - ODD) / (ORDINARY - ODD)));

function volumeDay(day: Day) {
  const model = volumeModel(day, day.type);
  return { count: tamed(day.window.count, model), exposure: 1, mean: model.mean };
}

function learnSelf(day: Day, weight: number): void {
  const { state, window } = day;
  const { models } = state;
  features.forEach((feature, index) => {
    feature.learn?.(day, places[index] as (typeof places)[number], weight);
  });
  learnCount(models, Model.volume + COUNT_MEMORY * day.type, volumeDay(day), weight);
  learnHours(day, window, weight);
  models[Model.exposure] = (models[Model.exposure] as number) * KEEP_VALUES + weight;
  for (let field = 0; field < FIELDS; field++) {
    const at = Model.novelty + field;
    const met = Math.min(window.met[field] as number, MOST_NEW);
    models[at] = (models[at] as number) * KEEP_VALUES + weight * met;
  }
}

/**
 * The day's exceedances wait ten active days before they count as habit. An account's first days,
 * when all was new, never do.
 */
function learnHabit(day: Day, { f, u }: Combined): void {
  const { models, exceed, lags } = day.state;
  const settled = Math.round(day.age) - SETTLED;
  if (settled >= 0) {
    const slot = settled % LAGS;
    const full = settled >= LAGS;
    for (let stream = 0; stream < STREAMS; stream++) {
      const at = stream * LAGS + slot;
      const cell = stream * BINS + (lags[at] as number);
      if (full) exceed[cell] = (exceed[cell] as number) + 1;
      lags[at] = edgeBin(f[stream] as number);
    }
    if (full) models[Model.exceedDays] = (models[Model.exceedDays] as number) + 1;
    if ((models[Model.exceedDays] as number) >= 66) {
      for (let index = 0; index < exceed.length; index++) {
        exceed[index] = (exceed[index] as number) >> 1;
      }
      models[Model.exceedDays] = 33;
    }
  }
  models[Model.access] = (models[Model.access] as number) * 0.84 + Math.min(5, u[ACCESS] as number);
}

const thousandths = (x: number): number => Math.round(SCALE * Math.max(-1e9, Math.min(1e9, x)));

/** Accounts that teach rates on a day are enough in number from here on. */
const TEACHERS = 100;

/** In a large organisation each account teaches rates on one day in so many, with that weight. */
const teachesEvery = (context: Context): number =>
  Math.max(
    1,
    Math.min(8, Math.floor(context.shared("baseline.population").get("users") / TEACHERS)),
  );

function teachRates(day: Day): void {
  const { context, state, window } = day;
  const every = teachesEvery(context);
  if ((hash32(context.entity.id) + window.day) % every !== 0) return;
  for (const group of ["*", state.group]) {
    const teach: Teach = (what, amount) => {
      const integer = every * thousandths(amount);
      if (integer !== 0) context.contribute("baseline.rates", `${group}|${what}`, integer);
    };
    teach("days|n", 1);
    teach(`days|t${day.type}`, 1);
    teach("days|events", Math.min(2000, window.count));
    teachCount(teach, `volume ${day.type}`, volumeDay(day));
    teachHours(day, window, teach);
    for (let field = 0; field < FIELDS; field++) {
      const met = Math.min(MOST_NEW, window.met[field] as number);
      teach(`new|${field}`, met);
      const usual = Math.max(0.02, noveltyRate(day, field));
      const apart = Math.max(-1, Math.min(400, ((met - usual) ** 2 - usual) / (usual * usual)));
      teach(`burst|a${field}`, apart * usual);
      teach(`burst|b${field}`, usual);
    }
    features.forEach((feature, index) => {
      feature.teach?.(day, places[index] as (typeof places)[number], teach);
    });
  }
}

function teachYouth(day: Day): void {
  const age = ageClass(day.age);
  const youth = day.know.youth(age);
  for (let field = 0; field < FIELDS; field++) {
    const met = day.window.met[field] as number;
    const expected = noveltyRate(day, field) / (youth[field] as number);
    const add = (what: string, amount: number): void => {
      if (amount > 0) {
        day.context.contribute("baseline.rates", `age${age}|${what}${field}`, thousandths(amount));
      }
    };
    add("o", met);
    add("e", expected);
  }
}

function teachTables(day: Day, combined: Combined): void {
  const { context, window, state } = day;
  const count = (table: string, key: string): void => context.contribute(table, key, SCALE);
  const whole = `t${stratum(day)}|${curveBin(combined.total)}`;
  count("baseline.tails", whole);
  count("baseline.bodies", whole);
  count("baseline.tails", `d${stratum(day)}|${curveBin(window.greatest / 1e4)}`);
  const settled = day.age >= SETTLED;
  if (!settled && !day.know.young) return;
  const add = (key: string): void => {
    if (settled) count("baseline.calibration", key);
    if (day.know.young && day.age >= FAMILIAR) count("baseline.calibration", youngKey(key));
  };
  // Days of nothing are those that no other bin counts.
  add("days");
  features.forEach(({ name }, index) => {
    const bin = curveBin(combined.x[index] as number);
    if (bin > 0) add(`${featureCurve(name)}|${bin}`);
  });
  for (const { name, x } of combined.behaviours) {
    if (x > 0) add(`${behaviourCurve(name)}|${curveBin(x)}`);
  }
  if (settled) count("baseline.groups", `${state.group}|n`);
  streams.forEach(({ name }, stream) => {
    const most = combined.m[stream] as number;
    if (most > 0) add(`${streamCurve(name)}|${curveBin(most)}`);
    const bin = edgeBin(combined.f[stream] as number);
    if (bin > 0 && settled) count("baseline.groups", `${state.group}|${stream}|${bin}`);
  });
}

/** Counts what became of a mature day's p, which `honestyOf` reads. */
function teachHonesty({ context, state }: Day, tail: number): void {
  const count = (key: string): void => context.contribute("baseline.groups", key, SCALE);
  for (const group of ["*", state.group]) {
    count(daysKey(group));
    for (const level of LEVELS) if (tail <= level) count(hitKey(group, level));
  }
}

function teachPopulation(day: Day): void {
  const { context, state } = day;
  const add = (key: string): void => context.contribute("baseline.population", key, 1);
  add("entity_days");
  if (day.age > 0) return;
  add("users");
  if (state.group !== "") add(`${state.group}|users`);
}

/** Values met today become known; how rare they were teaches what is rare. */
function keepNews(day: Day, of: { readonly teach: boolean; readonly quarantined: boolean }): void {
  const { state, window, context } = day;
  // Where there is no room for all, which ones stay must not depend on which came first.
  const news = window.news.toSorted(
    (left, right) => left.minute - right.minute || left.hash - right.hash,
  );
  for (const { field, hash, bucket } of news) {
    addSlot(state, { field, hash, quarantined: of.quarantined }, window.day);
    if (!of.teach) continue;
    for (const group of ["*", state.group]) {
      context.contribute("baseline.arrivals", `${group}|${field}|${bucket}`, SCALE);
    }
  }
}

/** Learns from a closed day, the less the odder it was; `tail` is the whole day's. */
export function learnDay(day: Day, combined: Combined, tail: number): void {
  const { state, window, context, know } = day;
  const { models } = state;
  const early = know.entityDays < context.params.learning_entity_days;
  const trusted = day.age < context.params.learning_days || early;
  const weight = trusted ? 1 : learningWeight(tail);
  teachTables(day, combined);
  if (ageClass(day.age) === 5 && !early) teachHonesty(day, tail);
  teachPopulation(day);
  if (ageClass(day.age) < 5) teachYouth(day);
  // The young meet much that is new: they teach nobody, except where all are young.
  const teach = weight >= 1 && (day.age >= 14 || (know.young && day.age >= 3) || early);
  if (teach) teachRates(day);
  learnHabit(day, combined);
  noteZone(state, window);
  learnSelf(day, weight);
  keepNews(day, { teach, quarantined: weight === 0 });
  models[Model.age] = Math.min(20_000, day.age + 1);
  models[Model.lastDay] = window.day;
}
