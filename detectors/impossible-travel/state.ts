import type { Evidence } from "../detector.ts";
import type { Place } from "../stats/geo.ts";
import type { Habit } from "../stats/habit.ts";
import type { Trail } from "./trail.ts";

/** A sign-in and where it came from. */
export interface Seen extends Place {
  readonly at: number;
  readonly label: string;
  readonly country: string;
  readonly ip: string;
  readonly network: number;
  readonly device: number;
  readonly agent: number;
  readonly as: string;
  readonly evidence: Evidence;
}

export interface TravelState {
  /** Oldest first. */
  places: Seen[];
  networks: Habit[];
  devices: Habit[];
  addresses: Habit[];
  jumps: Habit[];
  /** Active days so far and the latest of them (epoch day). */
  days: number;
  day: number;
  trail: Trail;
}
