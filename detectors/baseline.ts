import { LAG_MS } from "../schemas/event-time.ts";
import type { Event } from "../schemas/event.ts";
import { combine, type DayTail, dayTail } from "./baseline/combine.ts";
import { dayOf } from "./baseline/day.ts";
import { drift, driftAlerts, DRIFT_CURVE, teachDrift } from "./baseline/drift.ts";
import { addEvidence } from "./baseline/evidence.ts";
import { settlesAt } from "./baseline/early.ts";
import { explainDay, explainDrift } from "./baseline/explain.ts";
import type { Context, Day } from "./baseline/feature.ts";
import { tellAbsence } from "./baseline/features/time-of-day.ts";
import { type Knowledge, knowledgeCache } from "./baseline/knowledge.ts";
import { learnDay } from "./baseline/learn.ts";
import { Model } from "./baseline/model.ts";
import { createLook, firstMinute, groupOf, observe, settle } from "./baseline/observe.ts";
import { baselineParams, type BaselineParams } from "./baseline/params.ts";
import { expectedActive } from "./baseline/population.ts";
import { decodeState, encodeState } from "./baseline/state-bytes.ts";
import { type BaselineState, initState, openWindow, type Window } from "./baseline/state.ts";
import { tablesUnder } from "./baseline/tables.ts";
import { type Detector, evidenceOf } from "./detector.ts";

const DAY = 86_400_000;
/** However few people there are, a day that one in twenty resembles is no alert. */
const LOOSEST = 0.05;
/** Part of the daily budget that is left to slow drift. */
const DRIFT_BUDGET = 0.5;
/** Alerts of one entity and day, each ten times odder than the one before. */
const MOST_ALERTS = 4;

/**
 * A day stays open this long for events that are late within the lag. Where clocks were put back
 * meanwhile it ends an hour later than its beginning promised.
 */
const closesAt = (window: Window, { zoneOffsetMs }: Context): number =>
  (window.day + 1) * DAY - Math.min(window.offset, zoneOffsetMs) + LAG_MS;
const dayText = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10);

function arm(state: BaselineState, context: Context): void {
  const { today, yesterday } = state;
  const open = yesterday ?? today;
  if (open === undefined) return;
  const waits = today !== undefined && today.early.length > 0;
  const due = Math.min(closesAt(open, context), waits ? settlesAt(today) : Infinity);
  context.wakeAt(Math.max(due, context.at + 1));
}

/** Whether the entity and the installation have learned enough for a calibrated score to alert. */
const hasLearned = ({ context, know, age }: Day): boolean =>
  age >= context.params.learning_days && know.entityDays >= context.params.learning_entity_days;

/** Raises the day's anomaly the moment its p falls to what the budget allows, again when it falls tenfold. */
function alert(day: Day): void {
  const { window, context } = day;
  if (context.late || window.alerts >= MOST_ALERTS || !hasLearned(day)) return;
  const { tail, p } = dayTail(day, "d", window.greatest / 1e4);
  const active = expectedActive(context, window.day);
  // E[false alerts a day] ≤ budget, whatever depends on whom: linearity of expectation.
  const alpha =
    active <= 0 ? 0 : Math.min(LOOSEST, (context.params.budget_per_day - DRIFT_BUDGET) / active);
  if (p > alpha || (window.alerts > 0 && p > window.alertedP / 10)) return;
  const { alerts } = window;
  window.alerts++;
  window.alertedP = p;
  context.emit({
    windowStart: window.day * DAY - window.offset,
    ...(alerts === 0 ? {} : { discriminator: `again-${alerts}` }),
    ...explainDay(day, combine(day), { tail, p }),
  });
  if (!day.closing) scoreDay(day, { tail, p });
}

function scoreDay(day: Day, result: DayTail): void {
  const { context, know, window, closing, age } = day;
  const calibrated = know.entityDays >= context.params.learning_entity_days;
  context.score({
    day: dayText(window.day),
    p: calibrated ? result.p : null,
    score: -Math.log(result.tail),
    ageDays: Math.round(age),
    closed: closing,
  });
}

function watchDrift(day: Day): void {
  const found = drift(day);
  if (found === undefined) return;
  const p = day.know.curve(DRIFT_CURVE).tail(found.sum);
  teachDrift(day, found);
  const active = Math.max(1, expectedActive(day.context, day.window.day));
  const budget = Math.min(DRIFT_BUDGET, day.context.params.budget_per_day);
  if (p > Math.min(LOOSEST, budget / active) || day.context.late) return;
  if (!hasLearned(day) || !driftAlerts(day, found)) return;
  day.context.emit({
    windowStart: day.window.day * DAY - day.window.offset,
    discriminator: "drift",
    ...explainDrift(day, found, { tail: p, p }),
  });
}

function close(
  state: BaselineState,
  window: Window,
  of: { readonly context: Context; readonly know: Knowledge },
): void {
  const day = dayOf(state, window, { ...of, closing: true });
  const combined = combine(day);
  window.greatest = Math.max(window.greatest, Math.round(1e4 * combined.total));
  alert(day);
  const result = dayTail(day, "t", combined.total);
  scoreDay(day, result);
  watchDrift(day);
  learnDay(day, combined, result.tail);
}

function begin(day: number, since: number, context: Context): Window {
  const window = openWindow(day, context.zoneOffsetMs);
  window.absence = since > 0 ? Math.min(400, day - since) : 0;
  return window;
}

/**
 * The day before today's when its first event comes after today's first, in time all the same: it
 * is opened behind it, as if the two had come in order.
 */
function overtaken(state: BaselineState, day: number, context: Context): Window | undefined {
  const { today, yesterday } = state;
  const before = state.models[Model.lastDay] as number;
  const isNext = today?.day === day + 1 && yesterday === undefined && day > before;
  if (!isNext || context.late || today === undefined) return undefined;
  state.yesterday = begin(day, before, context);
  tellAbsence({ context, state, window: today }, -1, firstMinute(today) - 1);
  today.absence = 1;
  arm(state, context);
  return state.yesterday;
}

/** The open window this event belongs to; undefined when its day is closed. */
function windowOf(
  state: BaselineState,
  event: Event,
  of: { readonly context: Context; readonly know: Knowledge },
): Window | undefined {
  const { context } = of;
  const day = Math.floor((context.at + context.zoneOffsetMs) / DAY);
  const { today, yesterday } = state;
  if (today !== undefined && day === today.day) return today;
  if (yesterday !== undefined && day === yesterday.day) return yesterday;
  const lastDay = state.models[Model.lastDay] as number;
  const last = Math.max(today?.day ?? -1, yesterday?.day ?? -1, lastDay);
  if (day <= last) return overtaken(state, day, context);
  if (yesterday !== undefined) close(state, yesterday, of);
  state.yesterday = undefined;
  if (today !== undefined) {
    state.yesterday = today;
    today.evidence = today.evidence.slice(-2);
    today.labels = today.labels.slice(0, 2);
  }
  const group = groupOf(event, context.entity.type);
  if (group !== "" || state.group === "") state.group = group;
  state.today = begin(day, today?.day ?? lastDay, context);
  arm(state, context);
  return state.today;
}

const admits = (event: Event): boolean =>
  event["event.outcome"] === "success" ||
  (event["event.outcome"] === undefined &&
    event["user.known"] !== false &&
    event["event.category"]?.includes("authentication") !== true);

/**
 * Whether an event that may not create state comes within the lag of the one that did: it counts as
 * little as if it had come before.
 */
function isPremature(state: BaselineState, event: Event, { at }: Context): boolean {
  if (at > state.born + LAG_MS) return false;
  if (!admits(event)) return true;
  state.born = Math.min(state.born, at);
  return false;
}

/** Scores a day as it runs. */
function scoreNow(day: Day, event: Event | undefined): void {
  const { window, state, context } = day;
  // What cannot alert yet is scored when its day is over.
  if ((state.models[Model.age] as number) < context.params.learning_days) return;
  window.scoredAt = window.count + window.byteEvents;
  const total = Math.round(1e4 * combine(day).total);
  if (total <= window.greatest) return;
  window.greatest = total;
  if (event !== undefined) addEvidence(window, 0, evidenceOf(event));
  alert(day);
}

/** Whose days a baseline is of, and how it is called. */
export type BaselineOf = Pick<
  Detector<BaselineParams, BaselineState>,
  "name" | "title" | "attack" | "blindSpots" | "params" | "entities" | "optIn"
>;

/** Makes a detector with shared tables of its own; its cache of compiled ones lives as long as it does. */
export function createBaseline(of: BaselineOf): Detector<BaselineParams, BaselineState> {
  const { tables, within } = tablesUnder(of.name);
  const knowledge = knowledgeCache();
  const look = createLook();
  return {
    ...of,
    version: "2",
    family: "per-finding",
    tables,
    accepts: (event) => event["event.kind"] !== "state",
    admits,
    init: initState,
    encode: encodeState,
    decode: decodeState,
    // The first version was never in use; every account learns anew.
    migrate: () => undefined,
    step(state, event, called) {
      const context = within(called);
      if (isPremature(state, event, context)) return;
      const know = knowledge(context);
      const window = windowOf(state, event, { context, know });
      if (window === undefined) return;
      const waited = window.early.length > 0;
      const material = observe(state, window, { event, context, know, look });
      if (!waited && window.early.length > 0) arm(state, context);
      if (material) scoreNow(dayOf(state, window, { context, know, closing: false }), event);
    },
    wake(state, called) {
      const context = within(called);
      const know = knowledge(context);
      for (const key of ["yesterday", "today"] as const) {
        const window = state[key];
        if (window === undefined || closesAt(window, context) > context.at) continue;
        close(state, window, { context, know });
        state[key] = undefined;
      }
      const { today } = state;
      if (today !== undefined && today.early.length > 0 && settlesAt(today) <= context.at) {
        const material = settle(state, today, { context, know, look });
        if (material) scoreNow(dayOf(state, today, { context, know, closing: false }), undefined);
      }
      arm(state, context);
    },
  };
}

export const baseline = createBaseline({
  name: "baseline",
  title: "Behavioural baseline",
  attack: ["T1078", "T1021", "T1059", "T1110", "T1048", "T1621"],
  blindSpots:
    "Mimicry of peers in working hours; the first 14 active days of an account; data taken in volumes that are usual; colluding peers of a small group.",
  params: baselineParams,
  entities: ["user", "service"],
});
