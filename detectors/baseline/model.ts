import { FIELDS } from "./fields.ts";

/** Learned numbers that belong to no single feature: offsets in `models`. */
export const Model = {
  /** Active days, undecayed; the last of them as epoch day. */
  age: 0,
  lastDay: 1,
  /** Accumulated surprise of access. */
  access: 2,
  /** Active days behind the exceedance counts, and of them all. */
  exceedDays: 3,
  lagged: 4,
  /** Local hour of the middle of its days plus one, 0 while it has none. */
  phase: 5,
  /** Offset of the zone on the last active day (hours), and the day it last changed. */
  zone: 6,
  zoneChanged: 7,
  /** Per day type: weight, sum, dispersion numerator and denominator of events. */
  volume: 8,
  /** Decayed new values by field, and the days they were counted over. */
  novelty: 16,
  exposure: 16 + FIELDS,
  drift: 17 + FIELDS,
  features: 40 + FIELDS,
} as const;

/** Measures whose slow drift is watched, and where their numbers lie. */
export const DRIFT_METRICS = 4;
export const DRIFT = {
  /** Mean and variance by day type and measure. */
  models: Model.drift,
  /** Days by type. */
  days: Model.drift + 16,
  /** Cumulative sums, and the epoch day of the last alert. */
  sums: Model.drift + 18,
  alerted: Model.drift + 22,
} as const;

export const NEWS = 32;
export const EVIDENCE = 8;
export const LABELS = 5;
export const SESSIONS = 15;
/** Numbers of a session: hash, first seen (s), network, agent, device. */
export const SESSION = 5;
