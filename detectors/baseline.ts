import { LAG_MS } from "../schemas/event-time.ts";
import type { Event } from "../schemas/event.ts";
import { combine, type DayTail, dayTail } from "./baseline/combine.ts";
import { explainDay } from "./baseline/explain.ts";
import { expectedActive, type Knowledge, knowledgeCache, tables } from "./baseline/knowledge.ts";
import {
  type BaselineState,
  initState,
  Model,
  openWindow,
  type Window,
} from "./baseline/layout.ts";
import { learnDay } from "./baseline/learn.ts";
import { addEvidence, createScratch, groupOf, noteCommon, observe } from "./baseline/observe.ts";
import { type BaselineParams, baselineParams } from "./baseline/params.ts";
import { decodeState, encodeState } from "./baseline/state-bytes.ts";
import { type Detector, type DetectorContext, evidenceOf } from "./detector.ts";

type Context = DetectorContext<BaselineParams>;

const DAY = 86_400_000;
/** However few people there are, a day that one in fifty resembles is no alert. */
const LOOSEST = 0.02;
/** A day stays open this long for events that are late within the lag. */

const closesAt = (window: Window): number => (window.day + 1) * DAY - window.offset + LAG_MS;
const dayText = (day: number): string => new Date(day * DAY).toISOString().slice(0, 10);

function arm(state: BaselineState, context: Context): void {
  const open = state.yesterday ?? state.today;
  if (open !== undefined) context.wakeAt(Math.max(closesAt(open), context.at + 1));
}

/** Raises the day's anomaly the moment its p falls to what the budget allows, again when it falls tenfold. */
function alert(
  state: BaselineState,
  of: { readonly window: Window; readonly context: Context; readonly know: Knowledge },
): void {
  const { window, context, know } = of;
  const { params } = context;
  if (context.late || window.alerts >= 4) return;
  if ((state.models[Model.age] as number) < params.learning_days) return;
  if (know.entityDays < params.learning_entity_days) return;
  const { tail, p } = dayTail(state, { day: window.day, total: window.greatest / 1e4 }, know);
  const active = expectedActive(context, window.day);
  // E[false alerts a day] ≤ budget, whatever depends on whom: linearity of expectation.
  const alpha = active <= 0 ? 0 : Math.min(LOOSEST, (params.budget_per_day - 0.5) / active);
  if (p > alpha || (window.alerts > 0 && p > window.alertedP / 10)) return;
  const combined = combine(state, window, know);
  const { alerts } = window;
  window.alerts++;
  window.alertedP = p;
  context.emit({
    windowStart: window.day * DAY - window.offset,
    ...(alerts === 0 ? {} : { discriminator: `again-${alerts}` }),
    ...explainDay({ state, window, combined, context, know }, { tail, p }),
  });
  scoreDay(state, { window, context, know }, { tail, p, closed: false });
}

function scoreDay(
  state: BaselineState,
  of: { readonly window: Window; readonly context: Context; readonly know: Knowledge },
  result: DayTail & { readonly closed: boolean },
): void {
  const calibrated = of.know.entityDays >= of.context.params.learning_entity_days;
  of.context.score({
    day: dayText(of.window.day),
    p: calibrated ? result.p : null,
    score: -Math.log(result.tail),
    ageDays: Math.round(state.models[Model.age] as number),
    closed: result.closed,
  });
}

function close(
  state: BaselineState,
  window: Window,
  of: { context: Context; know: Knowledge },
): void {
  const { context, know } = of;
  for (const [field] of window.news) noteCommon(state, window, { field, context, know });
  const combined = combine(state, window, know);
  window.greatest = Math.max(window.greatest, Math.round(1e4 * combined.total));
  alert(state, { window, context, know });
  const result = dayTail(state, { day: window.day, total: window.greatest / 1e4 }, know);
  scoreDay(state, { window, context, know }, { ...result, closed: true });
  learnDay(state, window, { context, know, combined, tail: result.tail });
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
  state.yesterday = openWindow(day, context.zoneOffsetMs);
  state.yesterday.absence = before > 0 ? Math.min(400, day - before) : 0;
  today.absence = 1;
  arm(state, context);
  return state.yesterday;
}

/** The open window this event belongs to; undefined when its day is closed. */
function windowOf(
  state: BaselineState,
  event: Event,
  of: { context: Context; know: Knowledge },
): Window | undefined {
  const { context } = of;
  const day = Math.floor((context.at + context.zoneOffsetMs) / DAY);
  const { today, yesterday } = state;
  if (today !== undefined && day === today.day) return today;
  if (yesterday !== undefined && day === yesterday.day) return yesterday;
  const last = Math.max(
    today?.day ?? -1,
    yesterday?.day ?? -1,
    state.models[Model.lastDay] as number,
  );
  if (day <= last) return overtaken(state, day, context);
  if (yesterday !== undefined) close(state, yesterday, of);
  state.yesterday = undefined;
  if (today !== undefined) {
    state.yesterday = {
      ...today,
      evidence: today.evidence.slice(-2),
      labels: today.labels.slice(0, 2),
    };
  }
  const opened = openWindow(day, context.zoneOffsetMs);
  const before = today?.day ?? (state.models[Model.lastDay] as number);
  opened.absence = before > 0 ? Math.min(400, day - before) : 0;
  state.today = opened;
  const group = groupOf(event, context.entity.type);
  if (group !== "" || state.group === "") state.group = group;
  arm(state, context);
  return opened;
}

/** Makes the detector; its cache of compiled tables lives as long as it does. */
export function createBaseline(): Detector<BaselineParams, BaselineState> {
  const knowledge = knowledgeCache();
  const scratch = createScratch();
  return {
    name: "baseline",
    version: "1",
    title: "Behavioural baseline",
    attack: ["T1078", "T1021", "T1059", "T1110"],
    blindSpots:
      "Mimicry of peers in working hours; the first 14 active days of an account; data taken in volumes that are usual; slow drift over months.",
    family: "per-finding",
    params: baselineParams,
    entities: ["user", "service"],
    tables,
    accepts: (event) => event["event.kind"] !== "state",
    admits: (event) =>
      event["event.outcome"] === "success" ||
      (event["event.outcome"] === undefined &&
        event["user.known"] !== false &&
        event["event.category"]?.includes("authentication") !== true),
    init: initState,
    encode: encodeState,
    decode: decodeState,
    migrate: () => undefined,
    step(state, event, context) {
      const know = knowledge(context);
      const window = windowOf(state, event, { context, know });
      if (window === undefined) return;
      if (!observe(state, window, { event, context, know, scratch })) return;
      window.scoredAt = window.count;
      const total = Math.round(1e4 * combine(state, window, know).total);
      if (total <= window.greatest) return;
      window.greatest = total;
      addEvidence(window, 0, evidenceOf(event));
      alert(state, { window, context, know });
    },
    wake(state, context) {
      const know = knowledge(context);
      for (const key of ["yesterday", "today"] as const) {
        const window = state[key];
        if (window === undefined || closesAt(window) > context.at) continue;
        close(state, window, { context, know });
        state[key] = undefined;
      }
      arm(state, context);
    },
  };
}

export const baseline = createBaseline();
