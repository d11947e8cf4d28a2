import type { Action } from "../../schemas/action.ts";
import type { Anomaly } from "../../schemas/anomaly.ts";
import type { EntityRef } from "../../schemas/entity.ts";
import type { Incident } from "../../schemas/incident.ts";
import type { Lease } from "./life.ts";

/** An incident while anomalies may still join it. */
export interface IncidentState {
  /** Creation order: what is iterated is iterated by it, also after a restore. */
  readonly order: number;
  record: Incident;
  /** Anomalies seen, listed or not. */
  count: number;
  /** What decisions rest on: without explanations, the weakest dropped first. */
  evidence: Anomaly[];
  /** Entity keys that lead here. */
  keys: string[];
  /** Action key → leases so far: makes the next action id. */
  leases: Record<string, number>;
  /** Action key + guard already recorded as suppressed. */
  suppressed: string[];
  /** Action key → anomalies that a lease already rests on; they cannot call for another one. */
  spent: Record<string, string[]>;
}

/** A place taken under the caps. */
export interface Reservation {
  readonly action: string;
  readonly type: string;
  /** Event time, epoch ms. */
  readonly at: number;
  readonly source: string | undefined;
  readonly detector: string;
}

/** What was paged about an entity within three days. */
export interface Page {
  /** Event time of the latest, epoch ms. */
  readonly at: number;
  /** Least p-value among them. */
  readonly p: number | null;
  /** Certain detectors among them. */
  readonly certain: readonly string[];
}

export interface TenantState {
  /** Greatest event time of an anomaly that was not late, epoch ms. */
  clock: number;
  prunedAt: number;
  /** Event times (epoch ms) of the pages of the last three days. */
  paged: number[];
  /** Entity key → its latest page. */
  pages: Map<string, Page>;
  reservations: Reservation[];
}

export interface TriageState {
  nextOrder: number;
  /** Anomaly id → whether only a late one was seen, and the tenant's clock then. */
  seen: Map<string, { readonly late: boolean; readonly at: number }>;
  tenants: Map<string, TenantState>;
  incidents: Map<string, IncidentState>;
  /** Entity key → incident id. */
  byEntity: Map<string, string>;
  /** Action key → open lease (or planned one that still runs). */
  open: Map<string, Lease>;
  /** Action id → action key. */
  keyOf: Map<string, string>;
  stops: { request: boolean; file: boolean };
}

export const createState = (): TriageState => ({
  nextOrder: 0,
  seen: new Map(),
  tenants: new Map(),
  incidents: new Map(),
  byEntity: new Map(),
  open: new Map(),
  keyOf: new Map(),
  stops: { request: false, file: false },
});

export function tenantOf(state: TriageState, name: string): TenantState {
  let tenant = state.tenants.get(name);
  if (tenant === undefined) {
    tenant = {
      clock: 0,
      prunedAt: 0,
      paged: [],
      pages: new Map(),
      reservations: [],
    };
    state.tenants.set(name, tenant);
  }
  return tenant;
}

export const isStopped = ({ stops }: TriageState): boolean => stops.request || stops.file;

export const entityKey = (tenant: string, { type, id }: EntityRef): string =>
  `${tenant}\u0000${type}\u0000${id}`;

export const actionKey = (tenant: string, type: string, target: EntityRef): string =>
  `${tenant}\u0000${type}\u0000${target.type}\u0000${target.id}`;

export const keyOfAction = (action: Action): string =>
  actionKey(action["organization.id"], action["action.type"], {
    type: action["target.type"],
    id: action["target.id"],
  });

/** Epoch ms as RFC 3339 text. */
export const timeText = (ms: number): string => new Date(ms).toISOString();
