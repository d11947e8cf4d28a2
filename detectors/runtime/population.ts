import type { SharedTable } from "../detector.ts";
import { DAY } from "../exchange/boundaries.ts";

/** Name of the shared table that the runtime itself keeps; it never decays. */
export const POPULATION = "population";
/** User-days the installation has learned: one per user and local day. */
export const ENTITY_DAYS = "entity_days";
const ACTIVE_DAYS = 14;

/** Users whose last active local day is this one (days since 1970): a user moves from key to key. */
export const activeKey = (day: number): string => `active:${day}`;

export interface Population {
  readonly entityDays: number;
  /** Users active in the last 14 days. */
  readonly activeUsers: number;
}

/** Reads the `population` table as of `at` (epoch ms) in the zone of the offset (ms). */
export function populationOf(table: SharedTable, at: number, zoneOffsetMs = 0): Population {
  const today = Math.floor((at + zoneOffsetMs) / DAY);
  let activeUsers = 0;
  for (let day = today - ACTIVE_DAYS + 1; day <= today; day++) {
    activeUsers += table.get(activeKey(day));
  }
  return { entityDays: table.get(ENTITY_DAYS), activeUsers };
}
