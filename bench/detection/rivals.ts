import { type FeatureDay, featureNames } from "./features.ts";
import { createHalfSpaceTrees } from "./half-space-trees.ts";
import { dayKey } from "./calendar.ts";
import { rulePoints } from "./static-rules.ts";

/** Scores by account-day (`dayKey`); higher is odder. */
export type Scores = ReadonlyMap<string, number>;

export const rivalNames = ["max z", "Σz²", "static rules", "half-space trees"] as const;
export type Rival = (typeof rivalNames)[number];

/** Days of an account that teach nothing yet: everything is new on them. */
const UNLEARNED = 5;
/** Population days mixed into an account's own mean and variance. */
const PSEUDO = 4;

interface Moments {
  n: number;
  readonly mean: number[];
  readonly squares: number[];
}

const moments = (): Moments => ({
  n: 0,
  mean: featureNames.map(() => 0),
  squares: featureNames.map(() => 0),
});

/** Welford's update. */
function learn(of: Moments, values: readonly number[]): void {
  of.n++;
  values.forEach((value, k) => {
    const before = value - (of.mean[k] as number);
    of.mean[k] = (of.mean[k] as number) + before / of.n;
    of.squares[k] = (of.squares[k] as number) + before * (value - (of.mean[k] as number));
  });
}

/** z of a day against the account's own days before it, mixed with four days of the population. */
function standardise(values: readonly number[], own: Moments, all: Moments): number[] {
  return values.map((value, k) => {
    const mean =
      (own.n * (own.mean[k] as number) + PSEUDO * (all.mean[k] as number)) / (own.n + PSEUDO);
    const spread = (all.squares[k] as number) / Math.max(1, all.n - 1);
    const variance = ((own.squares[k] as number) + PSEUDO * spread) / (own.n + PSEUDO);
    return (value - mean) / Math.sqrt(variance + 0.01);
  });
}

/**
 * The mandatory baselines over the same account-days, scored before they are learned. `days` in day
 * order; `seed` of the trees.
 */
export function rivalScores(days: readonly FeatureDay[], seed: number): Record<Rival, Scores> {
  const scores: Record<Rival, Map<string, number>> = {
    "max z": new Map(),
    "Σz²": new Map(),
    "static rules": new Map(),
    "half-space trees": new Map(),
  };
  const trees = createHalfSpaceTrees(featureNames.length, seed);
  const all = moments();
  const accounts = new Map<string, { seen: number; readonly own: Moments }>();
  for (const { account, day, values, facts } of days) {
    const of = accounts.get(account) ?? { seen: 0, own: moments() };
    accounts.set(account, of);
    const z = standardise(values, of.own, all);
    const key = dayKey(day, account);
    scores["max z"].set(key, Math.max(...z));
    scores["Σz²"].set(
      key,
      z.reduce((sum, one) => sum + Math.max(0, one) ** 2, 0),
    );
    scores["static rules"].set(key, rulePoints(facts));
    scores["half-space trees"].set(key, trees.score(z.map(toUnit)));
    if (++of.seen <= UNLEARNED) continue;
    learn(of.own, values);
    learn(all, values);
  }
  return scores;
}

/** The trees want [0, 1]; the logistic curve puts an ordinary z in the middle. */
const toUnit = (z: number): number => 1 / (1 + Math.exp(-z / 2));
