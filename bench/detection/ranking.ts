import { wilcoxonRankSum } from "simple-statistics";
import { hash128 } from "../../schemas/ids.ts";
import { dayKey, dayOfKey } from "./calendar.ts";
import type { Share } from "./intervals.ts";
import type { Scores } from "./rivals.ts";
import type { AttackKind, Label } from "./simulation.ts";

export const tops = [5, 10, 20] as const;
export const rates = [0.001, 0.003, 0.009, 0.05] as const;
/** A1–A7: the kinds that a method's overall recall is taken over. */
export const mainKinds: readonly AttackKind[] = [
  "credential theft",
  "lateral movement",
  "brute force",
  "exfiltration",
  "ten-day insider",
  "rare tools",
  "mimicry",
];

/** Found and total by name of a kind, `A1–A7` among them. */
export type Shares = Readonly<Record<string, Share>>;

export interface Power {
  /** Attacks any of whose account-days is among the N highest of its day, by N. */
  readonly recall: Readonly<Record<number, Shares>>;
  /** Malicious account-days above the share of benign ones, by that share. */
  readonly tpr: Readonly<Record<number, Shares>>;
  readonly auc: number;
  /** True-positive rate of A1–A7 at false-positive rates evenly spaced in the logarithm. */
  readonly roc: readonly { readonly fpr: number; readonly tpr: number }[];
}

/** The account-days that every method is judged on, in the attack run. */
export interface Judged {
  readonly keys: readonly string[];
  readonly labels: readonly Label[];
  /** Account-days on which something malicious happened. */
  readonly touched: ReadonlySet<string>;
}

/**
 * Unique places 1…n by score, best last; equal scores in an order that knows nothing of the data.
 * A day that a method says nothing about comes first.
 */
export function places(keys: readonly string[], scores: Scores): Map<string, number> {
  const least = Number.NEGATIVE_INFINITY;
  const drawn = keys.map((key) => ({ key, score: scores.get(key) ?? least, lot: hash128(key) }));
  drawn.sort((a, b) =>
    a.score === b.score ? (a.lot < b.lot ? -1 : 1) : a.score < b.score ? -1 : 1,
  );
  return new Map(drawn.map(({ key }, index) => [key, index + 1]));
}

export const daysOfLabel = (label: Label): string[] =>
  label.days.map((day) => dayKey(day, label.account));

export function tally(
  items: readonly { readonly kind: AttackKind; readonly found: boolean }[],
): Shares {
  const share = (own: readonly { readonly found: boolean }[]): Share => ({
    found: own.filter(({ found }) => found).length,
    total: own.length,
  });
  const kinds = [...new Set(items.map(({ kind }) => kind))];
  return {
    "A1–A7": share(items.filter(({ kind }) => mainKinds.includes(kind))),
    ...Object.fromEntries(
      kinds.map((kind) => [kind, share(items.filter((item) => item.kind === kind))]),
    ),
  };
}

export function power(judged: Judged, scores: Scores): Power {
  const place = places(judged.keys, scores);
  const benign = judged.keys
    .filter((key) => !judged.touched.has(key))
    .map((key) => place.get(key) as number)
    .toSorted((a, b) => b - a);
  const days = judged.labels.flatMap((label) =>
    daysOfLabel(label).flatMap((key) => {
      const at = place.get(key);
      return at === undefined ? [] : [{ kind: label.kind, at }];
    }),
  );
  const main = days.filter(({ kind }) => mainKinds.includes(kind)).map(({ at }) => at);
  const bar = (rate: number): number => benign[Math.floor(rate * benign.length)] ?? 0;
  const above = (rate: number): number => main.filter((at) => at > bar(rate)).length / main.length;
  return {
    recall: Object.fromEntries(tops.map((top) => [top, recall(judged, place, top)])),
    tpr: Object.fromEntries(
      rates.map((rate) => [
        rate,
        tally(days.map(({ kind, at }) => ({ kind, found: at > bar(rate) }))),
      ]),
    ),
    auc: auc(main, benign),
    roc: Array.from({ length: 26 }, (_, step) => {
      const fpr = 10 ** (-3.5 + step / 10);
      return { fpr, tpr: above(fpr) };
    }),
  };
}

function recall(judged: Judged, place: ReadonlyMap<string, number>, top: number): Shares {
  const byDay = new Map<string, string[]>();
  for (const key of place.keys()) {
    const day = byDay.get(dayOfKey(key)) ?? [];
    byDay.set(dayOfKey(key), day);
    day.push(key);
  }
  // Places are in rising order: the highest of a day are its last.
  const highest = new Set([...byDay.values()].flatMap((keys) => keys.slice(-top)));
  return tally(
    judged.labels.map((label) => ({
      kind: label.kind,
      found: daysOfLabel(label).some((key) => highest.has(key)),
    })),
  );
}

/** (W − n₁(n₁+1)/2) ÷ n₁n₂ of the rank sum W; NaN without both kinds. */
export function auc(malicious: readonly number[], benign: readonly number[]): number {
  const [n1, n2] = [malicious.length, benign.length];
  if (n1 === 0 || n2 === 0) return Number.NaN;
  const sum = wilcoxonRankSum([...malicious], [...benign]);
  return (sum - (n1 * (n1 + 1)) / 2) / (n1 * n2);
}
