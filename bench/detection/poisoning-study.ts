import { byAlerts, rampFigures, type RampFigures } from "./alerts.ts";
import { calendarOf, dayKey } from "./calendar.ts";
import { judgedDays, type OnProgress, optionsOf, type Plan } from "./evaluate.ts";
import type { Share } from "./intervals.ts";
import { drawRamps, PREPARATION, withColluders, withRamps } from "./poisoning.ts";
import { power, type Shares } from "./ranking.ts";
import { runSimulation } from "./run.ts";
import type { AttackKind, Organisation } from "./simulation.ts";

/** Attacks whose evidence colleagues can make look ordinary. */
const PREPARABLE: readonly AttackKind[] = [
  "lateral movement",
  "ten-day insider",
  "rare tools",
  "mimicry",
];
/** Accounts of each of the four arms of ramps, of 500 people. */
const ARM_SHARE = 0.05;

export interface PoisoningResult {
  readonly plan: Plan;
  readonly ramps: readonly RampFigures[];
  /** The same attacks alone and prepared by three colleagues. */
  readonly alone: CollusionFigures;
  readonly prepared: CollusionFigures;
  /** Colluders with an anomaly on the days on which they prepared it. */
  readonly colludersRaised: Share;
}

export interface CollusionFigures {
  readonly recall: Shares;
  readonly paged: Shares;
}

/** Ramps in a run of their own, and collusion as two runs of the same attacks. */
export function studyPoisoning(
  organisation: Organisation,
  plan: Plan,
  onProgress: OnProgress = () => {},
): PoisoningResult {
  const budgets = plan.budgets.slice(0, 1);
  const budget = budgets[0] as number;
  const part = (index: number) => (day: number) => onProgress((index + day / plan.days) / 3);
  const quiet = organisation.simulate(optionsOf(plan, []));
  const from = plan.warmUp + 2;
  const { ramps, controls } = drawRamps(quiet, Math.round(ARM_SHARE * plan.people), from);
  const ramped = runSimulation(withRamps(quiet, ramps, from), {
    budgets,
    onDay: part(0),
  });
  const calendar = calendarOf(quiet);
  const hostile = organisation.simulate(optionsOf(plan, PREPARABLE));
  const collusion = withColluders(hostile);
  const judge = (simulation: typeof hostile, index: number) => {
    const run = runSimulation(simulation, { budgets, onDay: part(index) });
    const scores = new Map(run.days.map((day) => [dayKey(day.day, day.account), day.score]));
    const judged = { ...judgedDays(run, simulation), labels: collusion.labels };
    return {
      raised: run.raised.get(budget) ?? [],
      figures: {
        recall: power(judged, scores).recall[10] ?? {},
        paged: byAlerts(run, collusion.labels, budget).paged,
      },
    };
  };
  const alone = judge(hostile, 1);
  const prepared = judge(collusion.simulation, 2);
  const seen = new Set(
    prepared.raised.filter(({ late }) => !late).map(({ entity, day }) => dayKey(day, entity)),
  );
  return {
    plan,
    ramps: ramps.map(({ kind, span, accounts }) => {
      const days = { from: calendar.dayAt(from), to: calendar.dayAt(from + span - 1) };
      const spans = accounts.map((account) => ({ account, ...days }));
      return rampFigures({ kind, spans, controls }, ramped.raised.get(budget) ?? []);
    }),
    alone: alone.figures,
    prepared: prepared.figures,
    colludersRaised: {
      found: collusion.colluders.filter(({ account, label }) => {
        const first = calendar.indexOf(label.days[0] ?? "");
        return Array.from({ length: PREPARATION }, (_, back) =>
          dayKey(calendar.dayAt(first - 1 - back), account),
        ).some((key) => seen.has(key));
      }).length,
      total: collusion.colluders.length,
    },
  };
}
