import type { Anomaly } from "../../schemas/anomaly.ts";
import type { PageDecision } from "../../schemas/incident.ts";
import { entityKey, type Page, type TenantState } from "./state.ts";

const DAY = 86_400_000;
const COOL_DOWN = 3 * DAY;
const MIN_SEVERITY = 40;

export interface PageBudget {
  /** N: pages a day that were promised, a whole number ≥ 0. */
  readonly perDay: number;
  /** Calendar day of an instant in the organisation's zone. */
  readonly dayOf: (at: number) => string;
}

/**
 * What becomes of an anomaly, decided once per id, in log order, by event times alone. It pages
 * while fewer than this many pages were made:
 *
 * |                | within 24 hours | on a calendar day |
 * |----------------|-----------------|-------------------|
 * | strong finding | 2 N             | N + N/2           |
 * | any other      | 2 N − N/4       | N + N/4           |
 *
 * Halves and quarters are rounded down. N counts false alerts, so a day has room for true ones
 * above it. What a day may take is less than 2 N so that the next one never begins with nothing:
 * after a day of noise N/2 are to be had at once, after a day of strong findings N/2 by strong ones
 * and at least one by any other. N/4 of the 24 hours are out of the reach of noise on both sides of
 * midnight.
 *
 * An entity is not paged twice in three days unless a detector that is certain joins in or p fell
 * tenfold. All of it holds in whatever order findings come, if none comes more than two days after
 * a later one.
 */
export function decidePage(
  tenant: TenantState,
  anomaly: Anomaly,
  { perDay, dayOf }: PageBudget,
): PageDecision {
  if (anomaly["anomaly.late"]) return "late";
  if (anomaly["anomaly.severity"] < MIN_SEVERITY) return "slight";
  const key = entityKey("", { type: anomaly["entity.type"], id: anomaly["entity.id"] });
  const at = Date.parse(anomaly["@timestamp"]);
  const last = tenant.pages.get(key);
  const open = last !== undefined && at - last.at < COOL_DOWN ? last : undefined;
  if (open !== undefined && !addsTo(open, anomaly)) return "folded";
  const isToday = (time: number): boolean => dayOf(time) === dayOf(at);
  const isRecent = (time: number): boolean => time > at - DAY;
  const [half, quarter] = [Math.floor(perDay / 2), Math.floor(perDay / 4)];
  const [most, mostToday] = isStrong(anomaly, perDay)
    ? [2 * perDay, perDay + half]
    : [2 * perDay - quarter, perDay + quarter];
  const hasRoom = fewer(tenant.paged, most, isRecent) && fewer(tenant.paged, mostToday, isToday);
  if (!hasRoom) return "over_budget";
  tenant.paged.push(at);
  tenant.pages.set(key, pageAfter(open, anomaly, at));
  return "paged";
}

/**
 * Certain, or so rare that at most N/10 findings like it are expected on a day when nothing is
 * wrong: p times the users that are active.
 */
function isStrong(anomaly: Anomaly, perDay: number): boolean {
  if (anomaly["anomaly.certain"]) return true;
  const active = anomaly["population.active_users"];
  const p = anomaly["anomaly.p"];
  return p !== null && active > 0 && p * active <= perDay / 10;
}

function addsTo(open: Page, anomaly: Anomaly): boolean {
  const p = anomaly["anomaly.p"];
  const fell = p !== null && open.p !== null && p <= open.p / 10;
  const isNews = anomaly["anomaly.certain"] && !open.certain.includes(anomaly["detector.name"]);
  return fell || isNews;
}

function pageAfter(open: Page | undefined, anomaly: Anomaly, at: number): Page {
  const certain = new Set(open?.certain);
  if (anomaly["anomaly.certain"]) certain.add(anomaly["detector.name"]);
  return {
    at: Math.max(at, open?.at ?? at),
    p: lower(anomaly["anomaly.p"], open?.p ?? null),
    certain: [...certain],
  };
}

const lower = (left: number | null, right: number | null): number | null =>
  left === null ? right : right === null ? left : Math.min(left, right);

const fewer = (
  times: readonly number[],
  than: number,
  counts: (time: number) => boolean,
): boolean => times.length < than || times.filter(counts).length < than;

/** Forgets pages that no longer hold anything back. */
export function prunePages(tenant: TenantState): void {
  const since = tenant.clock - COOL_DOWN;
  tenant.paged = tenant.paged.filter((time) => time > since);
  for (const [key, page] of tenant.pages) if (page.at <= since) tenant.pages.delete(key);
}
