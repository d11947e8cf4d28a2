import { negativeBinomialQuantile } from "../stats/tails.ts";
import type { CountModel } from "./counts.ts";
import type { MagnitudeModel } from "./magnitudes.ts";

/** 5–95 % interval of a count. */
export const interval = ({ mean, size }: CountModel): string =>
  `${negativeBinomialQuantile(0.05, mean, size)}–${negativeBinomialQuantile(0.95, mean, size)}`;

export const rounded = (x: number): string =>
  x >= 10 ? String(Math.round(x)) : String(+x.toPrecision(2));

export const megabytes = (bytes: number): string => `${rounded(bytes / 1e6)} MB`;

/** About 5–95 % of a magnitude whose logarithm lies `shift` above the model's scale. */
export function logInterval({ mean, deviation }: MagnitudeModel, shift: number): [number, number] {
  const bound = (sigma: number): number => Math.expm1(mean + shift + sigma * deviation);
  return [Math.max(0, bound(-1.65)), bound(1.65)];
}

export const clock = (hour: number): string => `${String(hour).padStart(2, "0")}:00`;
