import { auc } from "../ranking.ts";

/** An account-day in the ranking. */
export interface Ranked {
  readonly key: string;
  readonly day: string;
  readonly score: number;
  readonly attacked: boolean;
}

/** Chance that an attacked account-day scores above another one; ties count half. */
export const areaUnderCurve = (days: readonly Ranked[]): number =>
  auc(
    days.filter(({ attacked }) => attacked).map(({ score }) => score),
    days.filter(({ attacked }) => !attacked).map(({ score }) => score),
  );

/** Highest first; equal scores with the attacked one last, so that ties never flatter. */
const highest = (days: readonly Ranked[]): Ranked[] =>
  days.toSorted((a, b) => b.score - a.score || Number(a.attacked) - Number(b.attacked));

/** Share of attacked account-days among the `top` highest of their own day. */
export function recallOfDay(days: readonly Ranked[], top: number): number {
  const left = new Map<string, number>();
  const found = highest(days).filter(({ day }) => {
    const room = left.get(day) ?? top;
    left.set(day, room - 1);
    return room > 0;
  });
  return share(found, days);
}

/** Share of attacked account-days among as many of the highest as there are attacked ones. */
export const rPrecision = (days: readonly Ranked[]): number =>
  share(highest(days).slice(0, days.filter(({ attacked }) => attacked).length), days);

function share(found: readonly Ranked[], of: readonly Ranked[]): number {
  const count = (days: readonly Ranked[]): number => days.filter(({ attacked }) => attacked).length;
  return count(found) / count(of);
}
