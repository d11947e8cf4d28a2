import { curveBin } from "../stats/curve.ts";
import type { Day } from "./feature.ts";
import { SCALE, SETTLED } from "./knowledge.ts";
import { DRIFT, DRIFT_METRICS } from "./model.ts";
import type { Window } from "./state.ts";

/**
 * Slow ramps: a cumulative sum (CUSUM, Page 1954) of standardised days against a very slow baseline,
 * on four measures of a day. A ramp that stays below every day's threshold adds up here.
 */
const metrics = [
  { name: "events", spread: 0.5, floor: 0.1 },
  { name: "bytes", spread: 0.5, floor: 0.1 },
  { name: "bytes sent", spread: 0.5, floor: 0.1 },
  { name: "size of an event", spread: 0.3, floor: 0.03 },
] as const;
export type DriftMetric = (typeof metrics)[number]["name"];

const MEAN_KEEP = 1 - 2 ** (-1 / 180);
const SPREAD_KEEP = 1 - 2 ** (-1 / 60);
const LEARNING_DAYS = 12;
const ALLOWANCE = 1;
/** Sum that alerts, and the days in which it does so once. */
export const DRIFT_LIMIT = 4.5;
export const DRIFT_PAUSE = 30;

/** Value of each metric for a day, undefined where it has none. */
function valuesOf(window: Window): (number | undefined)[] {
  return [
    Math.log1p(window.count),
    window.byteEvents === 0 ? undefined : Math.log1p(window.bytes),
    window.byteEvents === 0 ? undefined : Math.log1p(window.upload),
    window.byteEvents === 0 ? undefined : window.logBytes / 1000 / window.byteEvents,
  ];
}

export interface Drift {
  readonly metric: DriftMetric;
  /** Cumulative sum in standard deviations. */
  readonly sum: number;
  /** How many times more than the slow baseline the day shows. */
  readonly times: number;
}

/** Takes a closed day into the sums; returns the greatest one. `weight` 0 learns nothing of the day. */
export function drift(day: Day): Drift | undefined {
  const { models } = day.state;
  const values = valuesOf(day.window);
  const days = DRIFT.days + day.type;
  const n = (models[days] as number) + 1;
  models[days] = n;
  let greatest: Drift | undefined;
  metrics.forEach(({ name, spread, floor }, index) => {
    const value = values[index];
    if (value === undefined) return;
    const at = DRIFT.models + 2 * (DRIFT_METRICS * day.type + index);
    const mean = models[at] as number;
    const own = models[at + 1] as number;
    const known = Math.min(n - 1, 40);
    const variance = Math.max(floor, (own * known + 8 * spread) / (known + 8));
    const apart = n === 1 ? 0 : value - mean;
    const certain = index < 3 ? 1 : Math.min(1, Math.sqrt(day.window.byteEvents / 8));
    const z = Math.max(-3, Math.min(3, apart / Math.sqrt(variance))) * certain;
    const sums = DRIFT.sums + index;
    if (n > LEARNING_DAYS) {
      models[sums] = Math.max(0, (models[sums] as number) + z - ALLOWANCE);
      const sum = models[sums] as number;
      if (greatest === undefined || sum > greatest.sum) {
        greatest = { metric: name, sum, times: Math.exp(apart) };
      }
    }
    const bound = 1.5 * Math.sqrt(variance);
    const step = n <= 25 ? 1 / n : MEAN_KEEP;
    models[at] = n === 1 ? value : mean + step * Math.max(-bound, Math.min(bound, apart));
    models[at + 1] =
      own + Math.max(1 / n, SPREAD_KEEP) * (Math.min(9 * variance, apart * apart) - own);
  });
  return greatest;
}

/** Table of the greatest sums of everybody's days. */
export const DRIFT_CURVE = "drift";

/** Counts the day's greatest sum; days without one are those that no other bin counts. */
export function teachDrift(day: Day, found: Drift): void {
  const bin = curveBin(found.sum);
  if (bin === 0 || day.age < SETTLED) return;
  day.context.contribute("baseline.calibration", `${DRIFT_CURVE}|${bin}`, SCALE);
}

/** Whether the drift alerts; notes it, so that it does so once in a while only. */
export function driftAlerts(day: Day, found: Drift | undefined): found is Drift {
  if (found === undefined || found.sum < DRIFT_LIMIT) return false;
  const { models } = day.state;
  const last = models[DRIFT.alerted] as number;
  if (last > 0 && day.window.day - last < DRIFT_PAUSE) return false;
  models[DRIFT.alerted] = day.window.day;
  for (let index = 0; index < DRIFT_METRICS; index++) models[DRIFT.sums + index] = 0;
  return true;
}
