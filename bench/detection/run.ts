import { createReplayRun, takeOutputs } from "../../app/replay-run.ts";
import { loadConfig } from "../../app/config.ts";
import { foldRepeats } from "../../app/replay-files.ts";
import { defaultPolicy } from "../../responders/policy.ts";
import type { Anomaly } from "../../schemas/anomaly.ts";
import type { Event } from "../../schemas/event.ts";
import type { Incident } from "../../schemas/incident.ts";
import type { Score } from "../../schemas/score.ts";
import { type Calendar, calendarOf, DAY, dayKey, HOUR } from "./calendar.ts";
import { collectFeatures, type FeatureDay } from "./features.ts";
import type { Simulation } from "./simulation.ts";

/** An account's day as the engine left it: its last closed score. */
export interface ScoredDay {
  readonly account: string;
  readonly day: string;
  /** Null while the engine's tables are too thin. */
  readonly p: number | null;
  /** Higher is odder. */
  readonly score: number;
  /** Active days learned before this one. */
  readonly age: number;
}

/** An anomaly and what the page budget made of it. */
export interface Raised {
  readonly entity: string;
  readonly detector: string;
  /** Event time (epoch ms) at which it fired. */
  readonly at: number;
  /** Local day its window lies in. */
  readonly day: string;
  readonly p: number | null;
  readonly certain: boolean;
  readonly late: boolean;
  readonly paged: boolean;
  /** What the page budget decided: `paged`, `over_budget`, `folded`, `slight` or `late`. */
  readonly decision: string;
  readonly age: number;
  readonly entityDays: number;
  readonly eventIds: readonly string[];
  /** What carries most of the score, in the detector's words. */
  readonly leading: string;
}

/** What one simulation gave: the product's answers, and the same events as the rivals see them. */
export interface Run {
  readonly days: readonly ScoredDay[];
  /** Anomalies by budget (false alerts a day), in the order in which they fired. */
  readonly raised: ReadonlyMap<number, readonly Raised[]>;
  readonly features: readonly FeatureDay[];
  /** Event times (epoch ms) of malicious events by id. */
  readonly malicious: ReadonlyMap<string, number>;
  /** Account-days on which a malicious event names the account, labelled or not. */
  readonly touched: ReadonlySet<string>;
  readonly events: number;
}

export interface RunOptions {
  /** Budgets to page by; scores come from the first, they do not depend on it. */
  readonly budgets: readonly number[];
  /** Told the day index now and then. */
  readonly onDay?: (day: number) => void;
}

/**
 * One simulation through the code that `metsuke replay` runs, all detectors and triage, in memory.
 * Several budgets are several engines over the same events.
 */
export function runSimulation(simulation: Simulation, options: RunOptions): Run {
  const calendar = calendarOf(simulation);
  const engines = options.budgets.map((budget) => createEngine(simulation, budget, calendar));
  const features = collectFeatures(calendar);
  const trace = traceMalicious(simulation, calendar);
  let events = 0;
  let day = -1;
  for (const event of simulation.events()) {
    events++;
    const at = Date.parse(event["@timestamp"]);
    trace.take(event, at);
    features.take(event, at);
    for (const engine of engines) engine.push(event);
    const index = Math.floor((at - simulation.options.start) / DAY);
    if (index > day) options.onDay?.((day = index));
  }
  for (const engine of engines) engine.end();
  return {
    days: engines[0]?.days() ?? [],
    raised: new Map(engines.map((engine) => [engine.budget, engine.raised()])),
    features: features.end(),
    malicious: trace.times,
    touched: trace.touched,
    events,
  };
}

function createEngine(simulation: Simulation, budget: number, calendar: Calendar) {
  const { config } = loadConfig(undefined);
  const run = createReplayRun({
    config,
    budget,
    timezone: simulation.timezone,
    policy: defaultPolicy(),
    readAt: Number.MAX_SAFE_INTEGER,
  });
  const closed = new Map<string, ScoredDay>();
  const found: (readonly [Anomaly, boolean])[] = [];
  const folded = foldRepeats();
  const decisions = new Map<string, string>();
  const sink = {
    score(score: Score): void {
      const account = score["entity.type"] === "user" || score["entity.type"] === "service";
      if (!account || !score["score.closed"] || score["detector.name"] !== "baseline") return;
      closed.set(dayKey(score.day, score["entity.id"]), scoredDay(score));
    },
    anomaly(anomaly: Anomaly, alert: boolean): void {
      if (folded.isNew(anomaly)) found.push([anomaly, alert]);
    },
    incident(incident: Incident): void {
      const decided = incident["page.decisions"];
      const newest = incident["anomaly.ids"].at(-1);
      if (newest !== undefined) decisions.set(newest, decided?.at(-1) ?? "");
    },
    action: () => {},
  };
  return {
    budget,
    push: (event: Event) => takeOutputs(run, run.engine.push(event), sink),
    end: () => {
      for (const outputs of run.engine.end()) takeOutputs(run, outputs, sink);
      for (const anomaly of folded.late()) found.push([anomaly, false]);
    },
    raised: () =>
      found.map(([anomaly, paged]) => ({
        ...raisedOf(anomaly, calendar),
        paged,
        decision: decisions.get(anomaly["anomaly.id"]) ?? "",
      })),
    days: () => [...closed.values()],
  };
}

const scoredDay = (score: Score): ScoredDay => ({
  account: score["entity.id"],
  day: score.day,
  p: score["anomaly.p"],
  score: score["anomaly.score"],
  age: score["baseline.age_days"],
});

function raisedOf(anomaly: Anomaly, calendar: Calendar): Omit<Raised, "paged" | "decision"> {
  const start = Date.parse(anomaly["anomaly.window.start"]);
  const leading = anomaly.explanation.toSorted((a, b) => b.share - a.share)[0]?.feature ?? "";
  // A day's window may begin at midnight of the account's own zone: its noon is safely inside.
  const inside = anomaly["detector.name"] === "baseline" ? start + 12 * HOUR : start;
  return {
    entity: anomaly["entity.id"],
    detector: anomaly["detector.name"],
    at: Date.parse(anomaly["@timestamp"]),
    day: calendar.dayOf(inside),
    p: anomaly["anomaly.p"],
    certain: anomaly["anomaly.certain"],
    late: anomaly["anomaly.late"],
    age: anomaly["baseline.age_days"],
    entityDays: anomaly["population.entity_days"],
    eventIds: anomaly["event.ids"],
    leading,
  };
}

/** Notes when malicious events happen and whose days they touch. */
function traceMalicious(simulation: Simulation, calendar: Calendar) {
  const ids = new Set(simulation.labels.flatMap((label) => label.eventIds));
  const times = new Map<string, number>();
  const touched = new Set<string>();
  return {
    times,
    touched,
    take(event: Event, at: number): void {
      if (!ids.has(event["event.id"])) return;
      times.set(event["event.id"], at);
      const account = event["user.entity.id"];
      if (account !== undefined) touched.add(dayKey(calendar.dayOf(at), account));
    },
  };
}
