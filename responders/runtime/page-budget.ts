import type { Anomaly } from "../../schemas/anomaly.ts";
import { entityKey, type TenantState } from "./state.ts";

const DAY = 86_400_000;
const COOL_DOWN = 3 * DAY;
const MIN_SEVERITY = 40;

/**
 * Whether an anomaly pages someone. A token bucket (N a day, at most 2 N at once, and no more than
 * 2 N within any 24 hours) that event time refills in log order; an entity is not paged twice in three days unless something certain is new
 * or the p-value fell tenfold. Late and slight anomalies never page. Called once per anomaly id.
 */
export function pages(tenant: TenantState, anomaly: Anomaly, perDay: number): boolean {
  refill(tenant, perDay);
  if (anomaly["anomaly.late"] || anomaly["anomaly.severity"] < MIN_SEVERITY) return false;
  const key = entityKey("", { type: anomaly["entity.type"], id: anomaly["entity.id"] });
  const at = Date.parse(anomaly["@timestamp"]);
  const last = tenant.pages.get(key);
  const certain = anomaly["anomaly.certain"];
  const p = anomaly["anomaly.p"];
  if (last !== undefined && at - last.at < COOL_DOWN) {
    const fell = p !== null && last.p !== null && p <= last.p / 10;
    if (!fell && !(certain && !last.certain)) return false;
  }
  if ((tenant.tokens ?? 0) < 1) return false;
  tenant.paged = tenant.paged.filter((time) => time > tenant.clock - DAY);
  if (tenant.paged.length >= Math.max(2 * perDay, 1)) return false;
  tenant.paged.push(tenant.clock);
  tenant.tokens = (tenant.tokens ?? 0) - 1;
  tenant.pages.set(key, {
    at: Math.max(at, last?.at ?? at),
    p: lower(p, last?.p ?? null),
    certain: certain || (last?.certain ?? false),
  });
  return true;
}

const lower = (left: number | null, right: number | null): number | null =>
  left === null ? right : right === null ? left : Math.min(left, right);

function refill(tenant: TenantState, perDay: number): void {
  if (tenant.tokens === undefined) {
    tenant.tokens = Math.max(perDay, perDay > 0 ? 1 : 0);
  } else if (tenant.clock > tenant.tokensAt) {
    const grown = tenant.tokens + ((tenant.clock - tenant.tokensAt) / DAY) * perDay;
    tenant.tokens = Math.min(Math.max(2 * perDay, perDay > 0 ? 1 : 0), grown);
  }
  tenant.tokensAt = Math.max(tenant.tokensAt, tenant.clock);
}

/** Forgets pages that no longer hold anything back. */
export function prunePages(tenant: TenantState): void {
  for (const [key, page] of tenant.pages) {
    if (tenant.clock - page.at >= COOL_DOWN) tenant.pages.delete(key);
  }
}
