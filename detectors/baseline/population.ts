import type { Context, Day, Look } from "./feature.ts";
import { SCALE } from "./knowledge.ts";
import type { Window } from "./state.ts";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Epoch ms of a minute of a day, counted from its start. */
export const timeOf = (window: Window, minute: number): number =>
  window.day * DAY - window.offset + minute * MINUTE;

/** Where to tell everyone: whose day, and the minute since its start. */
export type Teller = Pick<Look, "context" | "state" | "window">;

/** 0 on Monday to Friday, 1 on Saturday and Sunday; 1970-01-01 was a Thursday. */
const weekend = (day: number): 0 | 1 => ((day + 3) % 7 >= 5 ? 1 : 0);

/** Entities seen on a local day so far. */
const activeOn = (context: Context, day: number): number =>
  context.shared("baseline.population").get(`d|${day}`);

/** Mean of the last four equal weekdays that have a count. */
function usualOn(context: Context, day: number): number {
  let sum = 0;
  let days = 0;
  for (let week = 1; week <= 4; week++) {
    const count = activeOn(context, day - 7 * week);
    if (count > 0) days++;
    sum += count;
  }
  return days === 0 ? 0 : sum / days;
}

/** A weekend, or once over, a day on which fewer than half of the usual entities were seen. */
export function dayType(context: Context, day: number, closing: boolean): 0 | 1 {
  if (weekend(day) === 1) return 1;
  if (!closing) return 0;
  const usual = usualOn(context, day);
  return usual >= 10 && activeOn(context, day) < usual / 2 ? 1 : 0;
}

/** Entities expected to be active on a day: by its weekday, else as on the last seven days. */
export function expectedActive(context: Context, day: number): number {
  const usual = usualOn(context, day);
  if (usual > 0) return usual;
  let sum = 0;
  let days = 0;
  for (let back = 1; back <= 7; back++) {
    const count = activeOn(context, day - back);
    if (count > 0) days++;
    sum += count;
  }
  return days === 0 ? 0 : sum / days;
}

/**
 * Counts an entity as active in the interval of its first minute of the day; −1 takes it back when
 * an earlier event comes after.
 */
export function countActive(of: Teller, amount: 1 | -1, minute: number): void {
  const { context, window } = of;
  const at = timeOf(window, minute);
  context.contribute("baseline.population", `d|${window.day}`, amount, at);
  tellCommon(of, "active", amount, minute);
}

/** Tells everyone of something that happens to this entity today; the caller bounds the amount. */
export function tellCommon(of: Teller, what: string, amount: 1 | -1, minute: number): void {
  const { context, state, window } = of;
  const at = timeOf(window, minute);
  for (const group of ["*", state.group]) {
    context.contribute("baseline.common", `${window.day}|${group}|${what}`, amount * SCALE, at);
  }
}

/** Tells everyone that an entity shows a class of activity from this minute on. */
export function tellSeen(
  { context, window }: Teller,
  activity: number,
  { amount, minute }: { readonly amount: 1 | -1; readonly minute: number },
): void {
  const at = timeOf(window, minute);
  const key = `${window.day}|*|seen ${activity}`;
  context.contribute("baseline.common", key, amount * SCALE, at);
}

/** Share of today's active entities that show a class of activity. */
export function shareSeen(context: Context, day: number, activity: number): number {
  const table = context.shared("baseline.common");
  const active = table.get(`${day}|*|active`);
  return active <= 0 ? 1 : table.get(`${day}|*|seen ${activity}`) / active;
}

/** Chance excess that calls for no excuse. */
const SLACK = 3;

/**
 * Outages, roll-outs and sweeps happen to many at once: how many times more than usual it happens
 * today to everyone or to the group, the entity itself left out, 1–20. Multiplies expectations.
 * @param rate per active entity and day
 * @param own what the entity itself has told
 */
export function commonMode(
  day: Day,
  of: { readonly what: string; readonly rate: number; readonly own: number },
): number {
  const { context, window, state } = day;
  const table = context.shared("baseline.common");
  let factor = 1;
  for (const group of ["*", state.group]) {
    const seen = table.get(`${window.day}|${group}|${of.what}`) / SCALE - of.own;
    if (seen <= SLACK) continue;
    const usual = (of.rate * table.get(`${window.day}|${group}|active`)) / SCALE;
    factor = Math.max(factor, (seen + SLACK) / (1.15 * usual + SLACK));
  }
  return Math.min(20, factor);
}
