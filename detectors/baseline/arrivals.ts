import { anyOf, atLeast, nats } from "./counts.ts";
import type { Day } from "./feature.ts";
import { fields } from "./fields.ts";
import { ageClass } from "./knowledge.ts";
import { Model } from "./model.ts";
import { commonMode } from "./population.ts";

/** Days that the peers' rate of new values is worth. */
const PSEUDO = 6;

/** New values of a field per active day of this entity, before anything that many share today. */
export function noveltyRate(
  of: Pick<Day, "state" | "peers" | "know" | "age">,
  field: number,
): number {
  const { models } = of.state;
  const peers = of.peers.novelty[field] as number;
  const own = (models[Model.novelty + field] as number) + PSEUDO * peers;
  const youth = of.know.youth(ageClass(of.age))[field] as number;
  return (own / ((models[Model.exposure] as number) + PSEUDO)) * youth;
}

export const commonKey = (field: number): string =>
  `new ${(fields[field] as { name: string }).name}`;
/** Values of one field that one entity tells everyone of in a day. */
export const COMMON_CAP = 3;

/** The same as it stands today: busier days meet more, and so do days that many share. */
export function rateToday(day: Day, field: number): number {
  const rate = noveltyRate(day, field);
  const common = commonMode(day, {
    what: commonKey(field),
    rate: day.peers.novelty[field] as number,
    own: Math.min(COMMON_CAP, day.window.met[field] as number),
  });
  const busy = Math.min(3, Math.max(0.35, Math.sqrt(day.exposure / day.expected)));
  return rate * common * busy;
}

/** Shape of the negative binomial of a field's arrivals. */
function sizeOf(day: Day, field: number): number {
  const seen = day.state.models[Model.novelty + field] as number;
  const peers = day.peers.novelty[field] as number;
  return 1 / ((day.peers.bursts[field] as number) + 1 / (seen + PSEUDO * peers + 0.05));
}

/** Marks of today's new values of a field: P(a new value is at least as rare), any order. */
export function marksOf(day: Day, field: number): number[] {
  const marks: number[] = [];
  for (const news of day.window.news) {
    if (news.field === field) marks.push(day.know.rarity(day.state.group, field, news.bucket));
  }
  return marks;
}

const ORDERS = 16;

/**
 * Marked Poisson process, over-dispersed: many new values, or a few that are rare among peers. The
 * least of P(at least k arrivals as rare as the k-th rarest), paid for up to three tries.
 */
export function arrivalSurprise(marks: number[], rate: number, size: number): number {
  if (marks.length === 0) return 0;
  marks.sort((left, right) => left - right);
  let least = 1;
  for (let index = 0; index < marks.length && index < ORDERS; index++) {
    const rarity = Math.max(1e-4, marks[index] as number);
    least = Math.min(least, atLeast(index + 1, rate * rarity, size));
  }
  return nats(anyOf(least, Math.min(3, marks.length)));
}

/** Surprise of today's new values of one field. */
export function fieldSurprise(day: Day, field: number): number {
  if ((day.window.met[field] as number) === 0) return 0;
  return arrivalSurprise(marksOf(day, field), rateToday(day, field), sizeOf(day, field));
}

/** Surprise of several fields as one stream, marks weighted by each field's rate. */
export function jointSurprise(day: Day, together: readonly number[]): number {
  const marks: number[] = [];
  const rates = together.map((field) => rateToday(day, field));
  const total = rates.reduce((sum, rate) => sum + rate, 0);
  let size = Number.POSITIVE_INFINITY;
  together.forEach((field, index) => {
    const share = (rates[index] as number) / total;
    for (const mark of marksOf(day, field)) marks.push(mark * share);
    size = Math.min(size, sizeOf(day, field));
  });
  return arrivalSurprise(marks, total, size);
}
