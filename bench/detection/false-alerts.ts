import { mean, quantile } from "simple-statistics";
import { type Calendar, calendarOf, dayKey } from "./calendar.ts";
import { MATURE } from "./calibration.ts";
import type { Raised, Run, ScoredDay } from "./run.ts";
import type { Simulation } from "./simulation.ts";

/** Active days and learned account-days before which only certain detectors may page. */
const LEARNING_ENTITY_DAYS = 500;

/** False alerts of one day. */
export interface AlertDay {
  readonly day: string;
  /** Mature account-days with p ≤ (N − ½) ÷ expected active accounts: what N allows, before any cap. */
  readonly allowed: number;
  /** Entity-days with an anomaly, before any cap. */
  readonly raised: number;
  /** Pages of this day: what is left after folding and the cap. */
  readonly paged: number;
}

export interface DailyFigures {
  readonly mean: number;
  readonly p95: number;
  readonly worst: number;
}

export interface FalseAlerts {
  readonly budget: number;
  readonly series: readonly AlertDay[];
  readonly allowed: DailyFigures;
  readonly raised: DailyFigures;
  readonly paged: DailyFigures;
  /** Anomalies beyond the cap: the overflow that is listed. */
  readonly overBudget: number;
  /** Anomalies of an entity that was paged before. */
  readonly folded: number;
  /** Pages by detectors that are not certain, while the account or the installation was learning. */
  readonly pagesWhileLearning: number;
  readonly certainPagesWhileLearning: number;
}

/** Everything counts as false: of a benign run, or of what a filter leaves of another. */
export function falseAlerts(
  run: Run,
  simulation: Simulation,
  of: { readonly budget: number; readonly isFalse?: (raised: Raised) => boolean },
): FalseAlerts {
  const calendar = calendarOf(simulation);
  const all = run.raised.get(of.budget) ?? [];
  const raised = of.isFalse === undefined ? all : all.filter(of.isFalse);
  const series = alertDays(run.days, raised, { simulation, calendar, budget: of.budget });
  const learning = all.filter(
    (one) => one.paged && (one.age < MATURE || one.entityDays < LEARNING_ENTITY_DAYS),
  );
  return {
    budget: of.budget,
    series,
    allowed: daily(series.map((day) => day.allowed)),
    raised: daily(series.map((day) => day.raised)),
    paged: daily(series.map((day) => day.paged)),
    overBudget: raised.filter((one) => one.decision === "over_budget").length,
    folded: raised.filter((one) => one.decision === "folded").length,
    pagesWhileLearning: learning.filter((one) => !one.certain).length,
    certainPagesWhileLearning: learning.filter((one) => one.certain).length,
  };
}

export const daily = (counts: readonly number[]): DailyFigures =>
  counts.length === 0
    ? { mean: Number.NaN, p95: Number.NaN, worst: Number.NaN }
    : {
        mean: mean([...counts]),
        p95: quantile([...counts], 0.95),
        worst: Math.max(...counts),
      };

function alertDays(
  days: readonly ScoredDay[],
  raised: readonly Raised[],
  of: { readonly simulation: Simulation; readonly calendar: Calendar; readonly budget: number },
): AlertDay[] {
  const { calendar, budget } = of;
  const { attacksFrom, days: length } = of.simulation.options;
  const byDay = new Map<number, ScoredDay[]>();
  for (const scored of days) {
    const index = calendar.indexOf(scored.day);
    byDay.set(index, [...(byDay.get(index) ?? []), scored]);
  }
  const timely = raised.filter((one) => !one.late);
  const entityDays = new Set(timely.map((one) => dayKey(one.day, one.entity)));
  const counts = countBy([...entityDays], (key) => key.slice(0, 10));
  const pages = countBy(
    timely.filter((one) => one.paged),
    (one) => calendar.dayOf(one.at),
  );
  return Array.from({ length: length - attacksFrom }, (_, step) => {
    const index = attacksFrom + step;
    const own = byDay.get(index) ?? [];
    const day = calendar.dayAt(index);
    const alpha = (budget - 0.5) / expectedActive(byDay, index);
    return {
      day,
      allowed: own.filter(({ p, age }) => p !== null && age >= MATURE && p <= alpha).length,
      raised: counts.get(day) ?? 0,
      paged: pages.get(day) ?? 0,
    };
  });
}

/** Mean number of active accounts of the same weekday over the four weeks before. */
function expectedActive(byDay: ReadonlyMap<number, readonly unknown[]>, index: number): number {
  const before = [7, 14, 21, 28].flatMap((days) => {
    const active = byDay.get(index - days);
    return active === undefined ? [] : [active.length];
  });
  return before.length === 0 ? Number.POSITIVE_INFINITY : mean(before);
}

function countBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1);
  return counts;
}
