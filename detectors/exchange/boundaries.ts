import { LAG_MS } from "../../schemas/event-time.ts";

/** How far an event may be behind the greatest accepted event time without being late, in ms. */
export const LAG = LAG_MS;
/** Distance of two boundaries of the exchange, in ms; must exceed {@link LAG}. */
export const INTERVAL = 900_000;
export const DAY = 86_400_000;

/** Greatest boundary that is not after `at` (epoch ms). */
export const boundaryAtOrBefore = (at: number): number => Math.floor(at / INTERVAL) * INTERVAL;

/** Boundary T of the interval [T − INTERVAL, T) that `at` (epoch ms) lies in. */
export const intervalOf = (at: number): number => boundaryAtOrBefore(at) + INTERVAL;

/** Boundary of the table version that event time `at` selects: the last T with T + lag + interval ≤ at. */
export const versionFor = (at: number): number => boundaryAtOrBefore(at - LAG - INTERVAL);

/** Whether the version of a boundary opens a UTC day: then tables age and are written whole. */
export const opensDay = (boundary: number): boolean => boundary % DAY === 0;
