import { calendarOf } from "./calendar.ts";
import { type Estimate, observedOverNominal } from "./intervals.ts";
import type { Run } from "./run.ts";
import type { Simulation } from "./simulation.ts";

export const levels = [0.1, 0.01, 0.0025, 0.001] as const;
/** Active days from which an account is mature. */
export const MATURE = 14;
/** Groups of fewer people are pooled. */
const SMALL_GROUP = 20;

/** A benign account-day with a p-value, and what it is counted under. */
export interface BenignDay {
  readonly p: number;
  /** Account and day with the seed in front: accounts of two seeds are not the same. */
  readonly account: string;
  readonly day: string;
  readonly age: number;
  readonly group: string;
  readonly kind: "person" | "robot" | "scanner";
  readonly off: boolean;
  /** Kinds of shock on that day; several may fall on one. */
  readonly shocks: readonly string[];
}

/** The counted days of a benign run. */
export function benignDays(run: Run, simulation: Simulation): BenignDay[] {
  const calendar = calendarOf(simulation);
  const { seed, attacksFrom } = simulation.options;
  const accounts = new Map(simulation.accounts.map((account) => [account.name, account]));
  const shocks = new Map<string, string[]>();
  for (const { day, kind } of simulation.shocks) {
    shocks.set(day, [...(shocks.get(day) ?? []), kind]);
  }
  const sizes = new Map<string, number>();
  for (const { kind, group } of simulation.accounts) {
    if (kind === "person") sizes.set(group, (sizes.get(group) ?? 0) + 1);
  }
  return run.days.flatMap(({ account, day, p, age }) => {
    const known = accounts.get(account);
    if (p === null || known === undefined || calendar.indexOf(day) < attacksFrom) return [];
    const small = (sizes.get(known.group) ?? 0) < SMALL_GROUP;
    return [
      {
        p,
        account: `${seed} ${account}`,
        day: `${seed} ${day}`,
        age,
        group: known.group === "" ? "no group" : small ? "smaller groups" : known.group,
        kind: known.kind,
        off: calendar.isDayOff(day),
        shocks: [...new Set(shocks.get(day))],
      },
    ];
  });
}

/** Kolmogorov–Smirnov distance of p-values from the uniform distribution; NaN without any. */
export function ksUniform(values: readonly number[]): number {
  if (values.length === 0) return Number.NaN;
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  return sorted.reduce(
    (most, p, index) => Math.max(most, Math.abs(p - index / n), Math.abs((index + 1) / n - p)),
    0,
  );
}

export interface Stratum {
  readonly by: string;
  readonly name: string;
  readonly n: number;
  readonly ks: number;
  /** Observed ÷ nominal in the order of `levels`. */
  readonly ratios: readonly (Estimate & { readonly hits: number })[];
}

export function stratum(by: string, name: string, days: readonly BenignDay[]): Stratum {
  return {
    by,
    name,
    n: days.length,
    ks: ksUniform(days.map(({ p }) => p)),
    ratios: levels.map((level) =>
      observedOverNominal(
        days.map(({ p, account, day }) => ({ hit: p <= level, clusters: [account, day] })),
        level,
      ),
    ),
  };
}

export const ageClass = (age: number): string =>
  age <= 2 ? "0–2" : age <= 6 ? "3–6" : age < MATURE ? "7–13" : "14+";

/**
 * Calibration over all mature days and by stratum. Clustered by account (an odd person stays odd)
 * and by day (a roll-out meets many at once); the wider interval is taken.
 */
export function calibrationTable(days: readonly BenignDay[]): readonly Stratum[] {
  const mature = days.filter(({ age }) => age >= MATURE);
  const people = mature.filter(({ kind }) => kind === "person");
  return [
    stratum("all", "all accounts", mature),
    ...strata("kind", mature, ({ kind }) => [kind]),
    ...strata("age", days, ({ age }) => [ageClass(age)]),
    ...strata("day", mature, ({ off }) => [off ? "weekend" : "weekday"]),
    ...strata("shock", mature, ({ shocks }) => shocks),
    ...strata("group", people, ({ group }) => [group]),
  ];
}

function strata(
  by: string,
  days: readonly BenignDay[],
  namesOf: (day: BenignDay) => readonly string[],
): Stratum[] {
  const parts = new Map<string, BenignDay[]>();
  for (const day of days) {
    for (const name of namesOf(day)) {
      const part = parts.get(name) ?? [];
      parts.set(name, part);
      part.push(day);
    }
  }
  return [...parts]
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, part]) => stratum(by, name, part));
}

/** Observed frequency of p ≤ x at points evenly spaced in log x, for the plot. */
export function calibrationCurve(
  days: readonly BenignDay[],
): readonly { readonly nominal: number; readonly observed: number }[] {
  const sorted = days
    .filter(({ age }) => age >= MATURE)
    .map(({ p }) => p)
    .toSorted((a, b) => a - b);
  let index = 0;
  return Array.from({ length: 41 }, (_, step) => {
    const nominal = 10 ** (-4 + step / 10);
    while (index < sorted.length && (sorted[index] as number) <= nominal) index++;
    return { nominal, observed: index / Math.max(1, sorted.length) };
  });
}
