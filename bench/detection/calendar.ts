import { createZone } from "../../detectors/runtime/zone.ts";
import type { Simulation } from "./simulation.ts";

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

/** Account and local day as one key. */
export const dayKey = (day: string, account: string): string => `${day} ${account}`;
export const accountOfKey = (key: string): string => key.slice(11);
export const dayOfKey = (key: string): string => key.slice(0, 10);

/** Days of an organisation's own zone. */
export interface Calendar {
  /** Local YYYY-MM-DD of an instant (epoch ms). */
  dayOf(at: number): string;
  /** Local hour 0–23 of an instant (epoch ms). */
  hourOf(at: number): number;
  /** Days since the simulation's first local day; negative before it. */
  indexOf(day: string): number;
  /** Local YYYY-MM-DD of a day of the simulation, 0 its first. */
  dayAt(index: number): string;
  /** Saturday or Sunday. */
  isDayOff(day: string): boolean;
}

export function calendarOf(
  simulation: Pick<Simulation, "timezone"> & { readonly options: { readonly start: number } },
): Calendar {
  const offset = createZone(simulation.timezone);
  const names = new Map<number, string>();
  const local = (at: number): number => at + offset(at);
  const dayOf = (at: number): string => {
    const number = Math.floor(local(at) / DAY);
    const known = names.get(number) ?? new Date(number * DAY).toISOString().slice(0, 10);
    names.set(number, known);
    return known;
  };
  // The start is near a midnight of the zone: within half a day of the one that is meant.
  const first = Math.round(local(simulation.options.start) / DAY) * DAY;
  return {
    dayOf,
    hourOf: (at) => Math.floor((((local(at) % DAY) + DAY) % DAY) / HOUR),
    indexOf: (day) => Math.round((Date.parse(day) - first) / DAY),
    dayAt: (index) => new Date(first + index * DAY).toISOString().slice(0, 10),
    isDayOff: (day) => new Date(day).getUTCDay() % 6 === 0,
  };
}
