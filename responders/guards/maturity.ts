import type { Anomaly } from "../../schemas/anomaly.ts";
import type { RespondParams } from "../runtime/config.ts";
import { contains, type Guard } from "./guard.ts";

/** A p-value is honest only after enough days were seen. Certain detectors have none and are exempt. */
export const maturity: Guard = {
  name: "maturity",
  check({ type, decisive, params }) {
    if (decisive["anomaly.certain"] || decisive["anomaly.p"] === null) return undefined;
    return contains(type) ? unripe(decisive, params) : unripeToNotify(decisive, params);
  },
};

function unripe(decisive: Anomaly, { maturity: limits }: RespondParams): string | undefined {
  const days = decisive["baseline.age_days"];
  if (days < limits.baseline_days) {
    return `The baseline of ${decisive["entity.id"]} is ${Math.max(0, days)} active days old; ${limits.baseline_days} are needed before its score acts.`;
  }
  const learned = decisive["population.entity_days"];
  return learned < limits.act_entity_days
    ? `The installation has learned ${learned} entity-days; ${limits.act_entity_days} are needed before a calibrated score acts.`
    : undefined;
}

function unripeToNotify(decisive: Anomaly, { maturity: limits }: RespondParams) {
  const learned = decisive["population.entity_days"];
  return learned < limits.notify_entity_days
    ? `The installation has learned ${learned} entity-days; ${limits.notify_entity_days} are needed before a calibrated score notifies.`
    : undefined;
}

/** A calibrated score above this supports others but carries nothing by itself. */
const CARRYING_P = 1e-3;

/** Whether an anomaly may carry an action: certain, or calibrated, unlikely and ripe. */
export function carries(anomaly: Anomaly, params: RespondParams): boolean {
  if (anomaly["anomaly.certain"]) return true;
  const p = anomaly["anomaly.p"];
  return p !== null && p <= CARRYING_P && unripe(anomaly, params) === undefined;
}
