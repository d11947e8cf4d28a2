import { hourTail, smoothHours } from "../stats/hours.ts";
import { negativeBinomialMidTail, negativeBinomialTail, studentTail } from "../stats/tails.ts";
import type { Knowledge, Rates } from "./knowledge.ts";
import { ageClass } from "./knowledge.ts";
import { zeros } from "../stats/zeros.ts";
import { type BaselineState, Feature, FEATURES, FIELDS, Model, type Window } from "./layout.ts";

/** −ln p, bounded so that one feature can never be infinite. */
export const nats = (p: number): number => Math.min(40, -Math.log(Math.max(1e-17, p)));

/** 0 on Monday to Friday, 1 on Saturday and Sunday; 1970-01-01 was a Thursday. */
export const dayType = (day: number): 0 | 1 => ((day + 3) % 7 >= 5 ? 1 : 0);

/** Predictive mean and size of a count: own sums shrunk to `prior` worth `pseudo` of exposure. */
export function countModel(
  models: Float32Array,
  offset: number,
  prior: { readonly mean: number; readonly pseudo: number; readonly exposure: number },
): { readonly mean: number; readonly size: number } {
  const weight = models[offset] as number;
  const sum = models[offset + 1] as number;
  const a = models[offset + 2] as number;
  const b = models[offset + 3] as number;
  const { mean: peers, pseudo, exposure } = prior;
  const mean = ((sum + pseudo * peers) / (weight + pseudo)) * exposure;
  const base = Math.max(0.02, (a + 10 * 0.35) / (b + 10));
  const days = exposure > 1 ? weight / 20 : weight;
  const spread = base + 1 / Math.max(0.3, sum + pseudo * peers) + base / (days + 4);
  return { mean: Math.max(1e-4, mean), size: 1 / spread };
}

const countSurprise = (count: number, model: { mean: number; size: number }): number =>
  count <= 0 ? 0 : nats(negativeBinomialMidTail(count, model.mean, model.size));

/** New values of a field per active day of this entity. */
export function noveltyRate(state: BaselineState, field: number, know: Knowledge): number {
  const { models } = state;
  const peers = know.rates(state.group).novelty[field] as number;
  const own = (models[Model.novelty + field] as number) + 6 * peers;
  const youth = know.youth(ageClass(models[Model.age] as number))[field] as number;
  return (own / ((models[Model.exposure] as number) + 6)) * youth;
}

export const volumeModel = (state: BaselineState, day: number, rates: Rates) =>
  countModel(state.models, Model.volume + 4 * dayType(day), {
    mean: rates.volume[dayType(day)],
    pseudo: 4,
    exposure: 1,
  });

/** What the day would come to, at least: exposures never shrink while a day runs. */
export const exposureOf = (state: BaselineState, window: Window, rates: Rates): number =>
  Math.max(window.count, volumeModel(state, window.day, rates).mean);

export const failureModel = (state: BaselineState, window: Window, rates: Rates) =>
  countModel(state.models, Model.failures, {
    mean: rates.failures,
    pseudo: 60,
    exposure: exposureOf(state, window, rates),
  });

/** Marked Poisson process: many new values, or a few that are rare among peers. */
function noveltySurprise(
  marks: readonly number[],
  rate: number,
  own: { readonly seen: number; readonly busy: number },
): number {
  const size = 1 / (0.4 + 1 / (own.seen + 6 * rate + 0.05));
  const mean = rate * own.busy;
  let least = 1;
  const sorted = marks.toSorted((left, right) => left - right);
  for (let index = 0; index < sorted.length && index < 16; index++) {
    const rarity = Math.max(0.001, sorted[index] as number);
    least = Math.min(least, tailAtLeast(index + 1, mean * rarity, size));
  }
  return nats(anyOf(least, Math.min(3, sorted.length)));
}

const tailAtLeast = (count: number, mean: number, size: number): number =>
  count === 1
    ? -Math.expm1(-size * Math.log1p(mean / size))
    : negativeBinomialTail(count, mean, size);

/** P(at least one of `n` tries is this odd), exact for tiny p. */
const anyOf = (p: number, n: number): number => (p >= 1 ? 1 : -Math.expm1(n * Math.log1p(-p)));

/** Mass of each local hour: own habit, the other day type, peers. */
export function hourMass(state: BaselineState, day: number, rates: Rates): number[] {
  const type = dayType(day);
  const { models } = state;
  const own = Model.hours + 24 * type;
  const other = Model.hours + 24 * (1 - type);
  const mass: number[] = [];
  for (let hour = 0; hour < 24; hour++) {
    mass.push(
      (models[own + hour] as number) +
        0.15 * (models[other + hour] as number) +
        12 * (rates.hours[24 * type + hour] as number),
    );
  }
  return smoothHours(mass);
}

/** Takes an hour into the day's smallest tail; true when it is the rarest so far. */
export function noteHour(
  state: BaselineState,
  window: Window,
  hour: number,
  rates: Rates,
): boolean {
  if ((window.hours & (1 << hour)) !== 0) return false;
  window.hours |= 1 << hour;
  const tail = Math.max(1, Math.round(1e6 * hourTail(hourMass(state, window.day, rates), hour)));
  if (tail >= window.rarestHour) return false;
  window.rarestHour = tail;
  window.oddHour = hour;
  return true;
}

const bits = (mask: number): number => {
  let count = 0;
  for (let rest = mask; rest !== 0; rest &= rest - 1) count++;
  return count;
};

function episode(window: Window, part: 1 | 2): number {
  let greatest = 0;
  for (const entry of window.episodes) {
    const next = window.episodes.find((other) => other[0] === entry[0] + 1);
    greatest = Math.max(greatest, entry[part] + (next?.[part] ?? 0));
  }
  const x = greatest / 100;
  return x > 10 ? 10 + (x - 10) / 4 : x;
}

export function bytesModel(state: BaselineState, rates: Rates) {
  const { models } = state;
  const weight = models[Model.bytes] as number;
  const mean = (weight * (models[Model.bytes + 1] as number) + 4 * rates.bytes.mean) / (weight + 4);
  const variance =
    (weight * (models[Model.bytes + 2] as number) + 4 * rates.bytes.variance) / (weight + 4);
  return {
    mean,
    deviation: Math.sqrt(Math.max(0.05, variance) * (1 + 1 / (weight + 4))),
    degrees: Math.min(30, 3 + weight),
  };
}

function bytesSurprise(state: BaselineState, window: Window, rates: Rates): number {
  if (window.bytes <= 0) return 0;
  const { mean, deviation, degrees } = bytesModel(state, rates);
  return nats(studentTail((Math.log1p(window.bytes) - mean) / deviation, degrees));
}

/** All surprises of the day so far; exactly 0 where nothing happened. */
export function surprises(state: BaselineState, window: Window, know: Knowledge): number[] {
  const x = zeros(FEATURES);
  const rates = know.rates(state.group);
  const volume = volumeModel(state, window.day, rates);
  const busy = Math.min(3, Math.max(0.35, Math.sqrt(Math.max(1, window.count / volume.mean))));
  for (let field = 0; field < FIELDS && window.news.length > 0; field++) {
    const marks: number[] = [];
    for (const news of window.news) if (news[0] === field) marks.push(know.rarity(field, news[2]));
    if (marks.length === 0) continue;
    const seen = state.models[Model.novelty + field] as number;
    const rate = noveltyRate(state, field, know) * (window.common[field] ?? 1);
    x[field] = noveltySurprise(marks, rate, { seen, busy });
  }
  x[Feature.volume] = countSurprise(window.count, volume);
  x[Feature.failures] = countSurprise(window.failures, failureModel(state, window, rates));
  if (window.strange > 0) {
    x[Feature.strange] = countSurprise(
      window.strange,
      countModel(state.models, Model.strange, { mean: rates.strange, pseudo: 20, exposure: 1 }),
    );
  }
  const rarest = window.rarestHour / 1e6;
  x[Feature.hour] = nats(anyOf(rarest, bits(window.hours)));
  x[Feature.absence] = window.absence > 4 ? Math.log(window.absence) : 0;
  x[Feature.bytes] = bytesSurprise(state, window, rates);
  x[Feature.login] = window.login / 100;
  x[Feature.session] = window.session / 100;
  x[Feature.activity] = episode(window, 1);
  x[Feature.context] = episode(window, 2);
  return x;
}
