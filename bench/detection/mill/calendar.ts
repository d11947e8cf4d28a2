import { random } from "../../random.ts";
import type { Shock, SimulationOptions } from "../simulation.ts";
import { DAY, HOUR, localDay, midnightNear } from "../stage/drafts.ts";

/** Asia/Kolkata has no summer time and lies half an hour off the full hour. */
export const timezone = "Asia/Kolkata";
export const zoneHours = 5.5;

export interface Calendar {
  /** Local midnight of day 0, epoch ms. */
  readonly start: number;
  /** Day of the merger; beyond the run where it is too short for one. */
  readonly merger: number;
  readonly shutdown: number;
  /** Days of the audit, in the first of which the auditor begins. */
  readonly isAudit: (day: number) => boolean;
  readonly isPatch: (day: number) => boolean;
  readonly isShutdown: (day: number) => boolean;
  readonly isStocktaking: (day: number) => boolean;
  /** No flows are recorded on these days. */
  readonly isSensorDown: (day: number) => boolean;
  /** 0 = Sunday. */
  readonly weekday: (day: number) => number;
  readonly midnight: (day: number) => number;
  readonly shocks: readonly Shock[];
}

const never = 1e9;

export function calendarOf(options: SimulationOptions): Calendar {
  const { days, seed } = options;
  const start = midnightNear(options.start, zoneHours);
  const midnight = (day: number): number => start + day * DAY;
  const date = (day: number): Date => new Date(midnight(day) + zoneHours * HOUR);
  const weekday = (day: number): number => date(day).getUTCDay();
  const dice = random(seed, 404);
  const merger = days >= 30 ? Math.floor(days * (0.66 + 0.08 * dice.next())) : never;
  const shutdown = days >= 50 ? Math.floor(days * (0.5 + 0.08 * dice.next())) : never;
  const audit = 20 + dice.integer(40);
  const isAudit = (day: number): boolean => {
    const since = day - audit;
    return since >= 0 && since % 91 < 5;
  };
  const isShutdown = (day: number): boolean => day >= shutdown && day < shutdown + 7;
  const isPatch = (day: number): boolean => {
    const of = date(day).getUTCDate();
    return weekday(day) === 2 && of >= 8 && of <= 14;
  };
  const isStocktaking = (day: number): boolean => date(day + 1).getUTCDate() === 1;
  const isSensorDown = (day: number): boolean => random(seed, 405, day).chance(0.008);
  const kindOf = (day: number): string | undefined => {
    if (isShutdown(day)) return "shutdown";
    if (day === shutdown + 7) return "return from shutdown";
    if (day === merger) return "merger";
    if (isPatch(day)) return "patch day";
    if (isSensorDown(day)) return "sensor outage";
    if (isStocktaking(day)) return "stocktaking";
    return isAudit(day) ? "audit" : undefined;
  };
  const shocks: Shock[] = [];
  for (let day = 0; day < days; day++) {
    const kind = kindOf(day);
    if (kind !== undefined) shocks.push({ day: localDay(midnight(day), zoneHours), kind });
  }
  return {
    start,
    merger,
    shutdown,
    isAudit,
    isPatch,
    isShutdown,
    isStocktaking,
    isSensorDown,
    weekday,
    midnight,
    shocks,
  };
}
