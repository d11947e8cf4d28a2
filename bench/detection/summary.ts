import { median } from "simple-statistics";
import type { ByAlerts, RampFigures } from "./alerts.ts";
import { calibrationCurve, calibrationTable, type Stratum } from "./calibration.ts";
import type { SeedResult } from "./evaluate.ts";
import type { FalseAlerts } from "./false-alerts.ts";
import { type Estimate, meanOverSeeds, type Share, shareOverSeeds } from "./intervals.ts";
import type { PoisoningResult } from "./poisoning-study.ts";
import { type Power, rates, type Shares, tops } from "./ranking.ts";
import { attackKinds } from "./simulation.ts";

export type SharesOverSeeds = Readonly<Record<string, Estimate & Share>>;

export interface MethodSummary {
  readonly method: string;
  readonly recall: Readonly<Record<number, SharesOverSeeds>>;
  readonly tpr: Readonly<Record<number, SharesOverSeeds>>;
  readonly auc: Estimate;
  readonly roc: Power["roc"];
}

export interface BudgetSummary {
  readonly budget: number;
  /** Mean false alerts a day: allowed by p before any cap, raised, paged. */
  readonly allowed: Estimate;
  readonly raised: Estimate;
  readonly paged: Estimate;
  /** Over all seeds. */
  readonly allowedP95: number;
  readonly allowedWorst: number;
  readonly pagedP95: number;
  readonly pagedWorst: number;
  /** Greatest mean of pages a day over 30 days in a row of any seed; NaN where fewer were counted. */
  readonly worstMonth: number;
  readonly overBudget: number;
  readonly folded: number;
  readonly pagesWhileLearning: number;
  readonly certainPagesWhileLearning: number;
  /** Seed by seed, of the benign runs. */
  readonly series: readonly FalseAlerts["series"][];
  readonly byAlerts?: {
    readonly paged: SharesOverSeeds;
    readonly raised: SharesOverSeeds;
    readonly falsePages: Estimate;
    readonly noticed: readonly NoticedSummary[];
  };
}

export interface NoticedSummary {
  readonly kind: string;
  readonly attacks: number;
  readonly noticed: number;
  readonly events: number;
  readonly minutes: number;
}

export interface RampSummary {
  readonly kind: string;
  readonly any: Estimate & Share;
  readonly drift: Estimate & Share;
  readonly controlsAny: Estimate & Share;
  readonly controlsDrift: Estimate & Share;
  readonly medianDays: number;
}

/** All seeds of one organisation. Everything in it is synthetic. */
export interface Summary {
  readonly organisation: string;
  readonly seeds: readonly number[];
  readonly people: number;
  readonly days: number;
  readonly warmUp: number;
  readonly events: number;
  readonly attacks: number;
  readonly maliciousShare: number;
  readonly ksPerSeed: Estimate;
  readonly calibration: readonly Stratum[];
  readonly curve: ReturnType<typeof calibrationCurve>;
  readonly budgets: readonly BudgetSummary[];
  readonly methods: readonly MethodSummary[];
  readonly ramps: readonly RampSummary[];
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);
const middle = (values: readonly number[]): number =>
  values.length === 0 ? Number.NaN : median([...values]);

/** Pools the seeds of one organisation; @throws Error without any. */
export function summarise(results: readonly SeedResult[]): Summary {
  const first = results[0];
  if (first === undefined) throw new Error("no seed was run");
  const { plan } = first;
  const benign = results.flatMap((result) => result.benign);
  return {
    organisation: plan.organisation,
    seeds: results.map((result) => result.plan.seed),
    people: plan.people,
    days: plan.days,
    warmUp: plan.warmUp,
    events: total(results.map((result) => result.events)),
    attacks: total(results.map((result) => result.attacks)),
    maliciousShare: total(results.map((result) => result.maliciousShare)) / results.length,
    ksPerSeed: meanOverSeeds(
      results.map((result) => calibrationTable(result.benign)[0]?.ks ?? Number.NaN),
    ),
    calibration: calibrationTable(benign),
    curve: calibrationCurve(benign),
    budgets: plan.budgets.map((_, index) => budgetSummary(results, index)),
    methods: Object.keys(first.power).map((method) => methodSummary(results, method)),
    ramps: first.ramps.map((_, index) =>
      rampSummary(results.flatMap((result) => result.ramps[index] ?? [])),
    ),
  };
}

/** Pools shares kind by kind, in the order of the attack kinds, A1–A7 first. */
function poolShares(parts: readonly Shares[]): SharesOverSeeds {
  const kinds = ["A1–A7", ...attackKinds].filter((kind) => parts.some((part) => kind in part));
  return Object.fromEntries(
    kinds.map((kind) => [
      kind,
      shareOverSeeds(parts.map((part) => part[kind] ?? { found: 0, total: 0 })),
    ]),
  );
}

function methodSummary(results: readonly SeedResult[], method: string): MethodSummary {
  const all = results.flatMap((result) => result.power[method] ?? []);
  const pooled = (
    levels: readonly number[],
    of: (one: Power) => Readonly<Record<number, Shares>>,
  ) =>
    Object.fromEntries(
      levels.map((level) => [level, poolShares(all.map((one) => of(one)[level] ?? {}))]),
    );
  return {
    method,
    recall: pooled(tops, (one) => one.recall),
    tpr: pooled(rates, (one) => one.tpr),
    auc: meanOverSeeds(
      all.map((one) => one.auc),
      [0, 1],
    ),
    roc: (all[0]?.roc ?? []).map(({ fpr }, step) => ({
      fpr,
      tpr: total(all.map((one) => one.roc[step]?.tpr ?? 0)) / all.length,
    })),
  };
}

function budgetSummary(results: readonly SeedResult[], index: number): BudgetSummary {
  const all = results.flatMap((result) => result.falseAlerts[index] ?? []);
  const alerts = results.flatMap((result) => result.alerts[index] ?? []);
  const most = (of: (one: FalseAlerts) => number): number => Math.max(...all.map(of));
  return {
    budget: all[0]?.budget ?? Number.NaN,
    allowed: meanOverSeeds(all.map((one) => one.allowed.mean)),
    raised: meanOverSeeds(all.map((one) => one.raised.mean)),
    paged: meanOverSeeds(all.map((one) => one.paged.mean)),
    allowedP95: total(all.map((one) => one.allowed.p95)) / all.length,
    allowedWorst: most((one) => one.allowed.worst),
    pagedP95: total(all.map((one) => one.paged.p95)) / all.length,
    pagedWorst: most((one) => one.paged.worst),
    worstMonth: most((one) => worstMonth(one.series)),
    overBudget: total(all.map((one) => one.overBudget)),
    folded: total(all.map((one) => one.folded)),
    pagesWhileLearning: total(all.map((one) => one.pagesWhileLearning)),
    certainPagesWhileLearning: total(all.map((one) => one.certainPagesWhileLearning)),
    series: all.map((one) => one.series),
    ...(alerts.length === 0
      ? {}
      : {
          byAlerts: {
            paged: poolShares(alerts.map((one) => one.paged)),
            raised: poolShares(alerts.map((one) => one.raised)),
            falsePages: meanOverSeeds(alerts.map((one) => one.falsePages.paged.mean)),
            noticed: noticedSummary(alerts.flatMap((one) => one.noticed)),
          },
        }),
  };
}

const MONTH = 30;

function worstMonth(series: FalseAlerts["series"]): number {
  const starts = series.slice(0, Math.max(0, series.length - MONTH + 1));
  if (starts.length === 0) return Number.NaN;
  const pages = (from: number): number =>
    total(series.slice(from, from + MONTH).map(({ paged }) => paged));
  return Math.max(...starts.map((_, from) => pages(from))) / MONTH;
}

function noticedSummary(all: ByAlerts["noticed"]): NoticedSummary[] {
  return attackKinds.flatMap((kind) => {
    const own = all.filter((one) => one.kind === kind);
    if (own.length === 0) return [];
    const noticed = own.filter(({ events }) => events !== null);
    return [
      {
        kind,
        attacks: own.length,
        noticed: noticed.length,
        events: middle(noticed.flatMap(({ events }) => events ?? [])),
        minutes: middle(noticed.flatMap(({ minutes }) => minutes ?? [])),
      },
    ];
  });
}

/** Poisoning over all seeds of one organisation. Synthetic. */
export interface PoisoningSummary {
  readonly organisation: string;
  readonly seeds: readonly number[];
  readonly people: number;
  readonly days: number;
  readonly ramps: readonly RampSummary[];
  readonly alone: CollusionSummary;
  readonly prepared: CollusionSummary;
  readonly colludersRaised: Estimate & Share;
}

export interface CollusionSummary {
  readonly recall: SharesOverSeeds;
  readonly paged: SharesOverSeeds;
}

/** Pools the seeds of one organisation; @throws Error without any. */
export function summarisePoisoning(results: readonly PoisoningResult[]): PoisoningSummary {
  const first = results[0];
  if (first === undefined) throw new Error("no seed was run");
  const collusion = (of: "alone" | "prepared"): CollusionSummary => ({
    recall: poolShares(results.map((result) => result[of].recall)),
    paged: poolShares(results.map((result) => result[of].paged)),
  });
  return {
    organisation: first.plan.organisation,
    seeds: results.map(({ plan }) => plan.seed),
    people: first.plan.people,
    days: first.plan.days,
    ramps: first.ramps.map((_, index) =>
      rampSummary(results.flatMap((result) => result.ramps[index] ?? [])),
    ),
    alone: collusion("alone"),
    prepared: collusion("prepared"),
    colludersRaised: shareOverSeeds(results.map((result) => result.colludersRaised)),
  };
}

function rampSummary(parts: readonly RampFigures[]): RampSummary {
  return {
    kind: parts[0]?.kind ?? "",
    any: shareOverSeeds(parts.map((part) => part.any)),
    drift: shareOverSeeds(parts.map((part) => part.drift)),
    controlsAny: shareOverSeeds(parts.map((part) => part.controlsAny)),
    controlsDrift: shareOverSeeds(parts.map((part) => part.controlsDrift)),
    medianDays: middle(parts.flatMap((part) => part.days)),
  };
}
