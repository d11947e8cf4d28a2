import type { Evidence } from "../detector.ts";
import type { Place } from "../stats/geo.ts";
import type { Habit } from "../stats/habit.ts";
import type { Factor, Reason } from "./standing.ts";
import type { Trail } from "./trail.ts";

/** A sign-in and where it came from. */
export interface Seen extends Place {
  readonly at: number;
  readonly label: string;
  readonly country: string;
  readonly ip: string;
  /** Hash of the device, 0 where none is named. */
  readonly device: number;
  /** Provider, where a jump would show it to be the account's tunnel; else empty. */
  readonly tunnel: string;
  readonly reason: Reason;
  readonly evidence: Evidence;
}

export interface TravelState {
  /** Oldest first. */
  places: Seen[];
  networks: Habit[];
  devices: Habit[];
  addresses: Habit[];
  jumps: Habit[];
  /** In order of time. */
  factors: Factor[];
  /** Active days so far and the latest of them (epoch day). */
  days: number;
  day: number;
  trail: Trail;
}
