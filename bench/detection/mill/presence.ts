import { random } from "../../random.ts";
import type { Plant, Worker } from "./plant.ts";

/** When a worker works on a day that begins at a local midnight. */
export interface Shift {
  /** Hours after the midnight; a night shift ends on the next day. */
  readonly from: number;
  readonly hours: number;
}

const rotation = [6, 14, 22];

/** Blocks of leave: in every 40 days some take one to four weeks, a few come back after two months. */
function onLeave(seed: number, index: number, day: number): boolean {
  for (const [salt, period, share, longest] of [
    [81, 40, 0.25, 24],
    [82, 90, 0.05, 80],
  ] as const) {
    const dice = random(seed, salt, index, Math.floor(day / period));
    if (!dice.chance(share)) continue;
    const long = 4 + dice.integer(longest - 4);
    const first = dice.integer(period - long + 1);
    const at = day % period;
    if (at >= first && at < first + long) return true;
  }
  return false;
}

/** The shift of that day, undefined when the worker is away. Chance depends on worker and day alone. */
export function shiftOf(plant: Plant, worker: Worker, day: number): Shift | undefined {
  if (day < worker.joins) return undefined;
  // Some contractors are called back a month later under the same account.
  const back = worker.index % 6 === 0 && day >= worker.leaves + 25 && day < worker.leaves + 46;
  if (day >= worker.leaves && !back) return undefined;
  if (worker.role === "robot" || worker.role === "scanner") return { from: 0, hours: 24 };
  const { seed } = plant.options;
  const dice = random(seed, 83, worker.index, day);
  if (plant.calendar.isShutdown(day)) {
    const share = worker.role === "technical" ? 0.5 : 0.05;
    return dice.chance(share) ? { from: 7 + dice.next(), hours: 9 } : undefined;
  }
  if (onLeave(seed, worker.index, day)) return undefined;
  const weekday = plant.calendar.weekday(day);
  if (worker.crew === 4) {
    const share = weekday === 0 ? 0.04 : weekday === 6 ? 0.35 : 0.92;
    if (!dice.chance(share)) return undefined;
    return { from: 8.5 + 0.6 * dice.normal(), hours: Math.max(3, 8.5 + dice.normal()) };
  }
  // One day a week off, another one for every worker, and now and then a double shift.
  if (weekday === worker.index % 7 || dice.chance(0.05)) return undefined;
  const week = Math.floor((day + 3) / 7);
  const swapped = dice.chance(0.03) ? 1 : 0;
  const turn = worker.crew === 3 ? 2 : (worker.crew + week + swapped) % 3;
  const late = 0.2 * dice.normal();
  return { from: (rotation[turn] as number) + late, hours: dice.chance(0.02) ? 15.5 : 8 };
}
