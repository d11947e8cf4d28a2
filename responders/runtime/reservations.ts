import type { Action } from "../../schemas/action.ts";
import type { Anomaly } from "../../schemas/anomaly.ts";
import type { CapCounts } from "../guards/guard.ts";
import type { Reservation, TenantState, TriageState } from "./state.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/**
 * Places under the caps. One holds from `authorised` until the action ends, and in any case for
 * the window in which it was taken; time is that of the anomalies, which never runs backwards.
 */
export function countReservations(
  state: TriageState,
  tenant: TenantState,
  of: { readonly type: string; readonly decisive: Anomaly },
): CapCounts {
  const source = of.decisive["source.ip"];
  const detector = detectorKey(of.decisive);
  const counts = { hour: 0, day: 0, source: 0, detector: 0 };
  for (const held of tenant.reservations) {
    if (held.type !== of.type) continue;
    const open = isExecuting(state, held);
    const hour = open || tenant.clock - held.at < HOUR;
    if (open || tenant.clock - held.at < DAY) counts.day += 1;
    if (!hour) continue;
    counts.hour += 1;
    if (source !== undefined && held.source === source) counts.source += 1;
    if (held.detector === detector) counts.detector += 1;
  }
  return counts;
}

export function reserve(tenant: TenantState, action: Action, decisive: Anomaly): void {
  tenant.reservations.push({
    action: action["action.id"],
    type: action["action.type"],
    at: tenant.clock,
    source: decisive["source.ip"],
    detector: detectorKey(decisive),
  });
}

/** An action that had no effect gives its place back. */
export function release(tenant: TenantState, action: string): void {
  tenant.reservations = tenant.reservations.filter((held) => held.action !== action);
}

export function pruneReservations(state: TriageState, tenant: TenantState): void {
  tenant.reservations = tenant.reservations.filter(
    (held) => isExecuting(state, held) || tenant.clock - held.at < DAY,
  );
}

const detectorKey = (anomaly: Anomaly): string =>
  `${anomaly["detector.name"]}@${anomaly["detector.version"]}`;

function isExecuting(state: TriageState, { action }: Reservation): boolean {
  const lease = state.open.get(state.keyOf.get(action) ?? "");
  return lease !== undefined && lease.action["action.status"] !== "planned";
}
