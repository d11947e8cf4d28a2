import { detectors } from "../detectors/index.ts";
import type { Detector } from "../detectors/detector.ts";
import { Value } from "typebox/value";
import type { Config } from "./config.ts";

export interface DetectionChoice {
  readonly detectors: readonly Detector[];
  /** Parameters by detector name, defaults filled in. */
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * Which detectors run and with what. There is one budget: the page budget is also what a calibrated
 * detector aims at. One of nought does not say what to list, so the detector's own value holds.
 */
export function detectionChoice(
  config: Config,
  budget = config.respond.budget_per_day,
): DetectionChoice {
  const chosen: Detector[] = [];
  const params: Record<string, unknown> = {};
  for (const detector of detectors) {
    const { enabled, ...configured } = config.detect.detectors[detector.name] ?? { enabled: true };
    if (!enabled) continue;
    const own =
      "budget_per_day" in detector.params.properties && budget > 0
        ? { ...configured, budget_per_day: budget }
        : configured;
    chosen.push(detector);
    params[detector.name] = Value.Default(detector.params, Value.Clone(own));
  }
  return { detectors: chosen, params };
}
