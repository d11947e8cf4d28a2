import { baseline } from "../detectors/baseline.ts";
import { detectors } from "../detectors/index.ts";
import { machineBaseline } from "../detectors/machine-baseline.ts";
import type { Detector } from "../detectors/detector.ts";
import { Value } from "typebox/value";
import type { Config } from "./config.ts";

export interface DetectionChoice {
  readonly detectors: readonly Detector[];
  /** Parameters by detector name, defaults filled in. */
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * Which detectors run and with what. There is one budget: what a detector of machines is given of it
 * the calibrated detector of accounts goes without, so that what both promise is the page budget. One
 * of nought does not say what to list, so the detectors' own values hold.
 */
export function detectionChoice(
  config: Config,
  budget = config.respond.budget_per_day,
): DetectionChoice {
  const chosen: Detector[] = [];
  const params: Record<string, unknown> = {};
  for (const detector of detectors) {
    const { enabled, ...configured } = config.detect.detectors[detector.name] ?? {
      enabled: detector.optIn !== true,
    };
    if (!enabled) continue;
    chosen.push(detector);
    params[detector.name] = Value.Default(detector.params, Value.Clone(configured));
  }
  if (budget > 0) shareOut(params, budget);
  return { detectors: chosen, params };
}

interface Budgeted {
  budget_per_day: number;
}

/** A budget too small to share, below one each, is the accounts'. */
function shareOut(params: Readonly<Record<string, unknown>>, budget: number): void {
  const accounts = params[baseline.name] as Budgeted | undefined;
  const machines = params[machineBaseline.name] as Budgeted | undefined;
  const most = accounts === undefined ? budget : budget < 2 ? 0 : budget / 2;
  const share = machines === undefined ? 0 : Math.min(machines.budget_per_day, most);
  if (machines !== undefined) machines.budget_per_day = share;
  if (accounts !== undefined) accounts.budget_per_day = budget - share;
}
