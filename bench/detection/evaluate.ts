import { byAlerts, type ByAlerts, falseIn, labelledRamps, type RampFigures } from "./alerts.ts";
import { type BenignDay, benignDays } from "./calibration.ts";
import { calendarOf, dayKey, dayOfKey } from "./calendar.ts";
import { type FalseAlerts, falseAlerts } from "./false-alerts.ts";
import { daysOfLabel, type Judged, power, type Power } from "./ranking.ts";
import { rivalScores } from "./rivals.ts";
import { type Run, runSimulation } from "./run.ts";
import type { AttackKind, Organisation, Simulation, SimulationOptions } from "./simulation.ts";

/** One organisation with one seed, without attacks and with them. */
export interface Plan {
  readonly organisation: string;
  readonly seed: number;
  readonly people: number;
  readonly days: number;
  readonly attacks: readonly AttackKind[];
  readonly attacksPerDay: number;
  /** Days that are learned and not counted: attacks begin after them. */
  readonly warmUp: number;
  readonly budgets: readonly number[];
}

/** Monday, midnight UTC. */
export const START = Date.UTC(2026, 0, 5);

/** Plain data: it crosses from a worker process. */
export interface SeedResult {
  readonly plan: Plan;
  readonly events: number;
  readonly attacks: number;
  /** Of the benign run. */
  readonly benign: readonly BenignDay[];
  readonly falseAlerts: readonly FalseAlerts[];
  /** Of the attack run: the engine as `metsuke`, then the rivals. */
  readonly power: Readonly<Record<string, Power>>;
  readonly alerts: readonly (ByAlerts & {
    readonly budget: number;
    /** Of the attack run: pages that no attack explains. */
    readonly falsePages: FalseAlerts;
  })[];
  readonly ramps: readonly RampFigures[];
  readonly maliciousShare: number;
}

export const OURS = "metsuke";

/** Told how far a plan has come, 0–1. */
export type OnProgress = (share: number) => void;

export const optionsOf = (plan: Plan, attacks: readonly AttackKind[]): SimulationOptions => ({
  seed: plan.seed,
  people: plan.people,
  days: plan.days,
  start: START,
  attacks,
  attacksPerDay: plan.attacksPerDay,
  attacksFrom: plan.warmUp,
});

/** The benign run for calibration and false alerts, the attack run for power. */
export function evaluateSeed(
  organisation: Organisation,
  plan: Plan,
  onProgress: OnProgress = () => {},
): SeedResult {
  const { budgets } = plan;
  const runs = plan.attacks.length > 0 ? 2 : 1;
  const quiet = organisation.simulate(optionsOf(plan, []));
  const benign = runSimulation(quiet, {
    budgets,
    onDay: (day) => onProgress(day / plan.days / runs),
  });
  const common = {
    plan,
    events: benign.events,
    benign: benignDays(benign, quiet),
    falseAlerts: budgets.map((budget) => falseAlerts(benign, quiet, { budget })),
  };
  if (runs === 1) {
    return { ...common, attacks: 0, power: {}, alerts: [], ramps: [], maliciousShare: 0 };
  }
  const hostile = organisation.simulate(optionsOf(plan, plan.attacks));
  const run = runSimulation(hostile, {
    budgets,
    onDay: (day) => onProgress((1 + day / plan.days) / 2),
  });
  return { ...common, ...judgeAttacks(run, hostile, plan) };
}

function judgeAttacks(run: Run, simulation: Simulation, plan: Plan) {
  const labels = simulation.labels.filter(({ days }) => days.length > 0);
  const judged = judgedDays(run, simulation);
  const ours = new Map(run.days.map((day) => [dayKey(day.day, day.account), day.score]));
  const rivals = rivalScores(run.features, plan.seed);
  return {
    attacks: labels.length,
    power: Object.fromEntries(
      Object.entries({ [OURS]: ours, ...rivals }).map(([name, scores]) => [
        name,
        power(judged, scores),
      ]),
    ),
    alerts: plan.budgets.map((budget) => ({
      ...byAlerts(run, labels, budget),
      budget,
      falsePages: falseAlerts(run, simulation, { budget, isFalse: falseIn(run, labels) }),
    })),
    ramps: labelledRamps(run, simulation, plan.budgets[0] as number),
    maliciousShare: judged.touched.size / judged.keys.length,
  };
}

/**
 * The account-days all methods are judged on: every one that the engine or the rivals saw of a known
 * account, and every labelled one, once history has been learned.
 */
export function judgedDays(run: Run, simulation: Simulation): Judged {
  const calendar = calendarOf(simulation);
  const { attacksFrom, days } = simulation.options;
  const known = new Set(simulation.accounts.map((account) => account.name));
  const counted = (day: string): boolean => {
    const index = calendar.indexOf(day);
    return index >= attacksFrom && index < days;
  };
  const { labels } = simulation;
  const seen = [...run.days, ...run.features].filter(({ account }) => known.has(account));
  const keys = [...seen.map((one) => dayKey(one.day, one.account)), ...labels.flatMap(daysOfLabel)];
  return {
    keys: [...new Set(keys)].filter((key) => counted(dayOfKey(key))),
    labels,
    touched: new Set([...run.touched, ...labels.flatMap(daysOfLabel)]),
  };
}
