import type { Action } from "../../schemas/action.ts";
import type { Anomaly } from "../../schemas/anomaly.ts";
import type { Casework } from "../../schemas/casework.ts";
import type { Incident } from "../../schemas/incident.ts";
import type { TriageConfig } from "./config.ts";
import { decide } from "./decide.ts";
import { joinIncident, pruneIncidents } from "./incidents.ts";
import { concluded, isClosed, type Lease, observed, ticked, undoRequested } from "./life.ts";
import { createLocalDay } from "./local-day.ts";
import { lifeLimits } from "./make-action.ts";
import { decidePage, type PageBudget, prunePages } from "./page-budget.ts";
import { pruneReservations, release } from "./reservations.ts";
import { decodeState, encodeState } from "./state-codec.ts";
import { createState, isStopped, tenantOf, type TenantState, type TriageState } from "./state.ts";

const HOUR = 3_600_000;
const SEEN_MS = 8 * 24 * HOUR;
/** An anomaly's event time may be this far ahead of the time it was written at. */
const AHEAD_MS = 300_000;

/** `by` of stop and resume requests that stand for the stop file in the data folder. */
export const STOP_FILE = "stop-file";

export interface Decisions {
  readonly incidents: Incident[];
  readonly actions: Action[];
}

export interface Triage {
  /** Folds one record; what changed, in order. Repeated records change nothing. */
  apply(record: Casework): Decisions;
  /** Executed actions that have not ended, oldest first; planned ones are not among them. */
  openActions(): readonly Action[];
  /** Nonce that holds the current attempt of an open action. */
  claimOf(action: string): string | undefined;
  /** Whether the global stop is set, by an operator's request and by the stop file. */
  stops(): { readonly request: boolean; readonly file: boolean };
  /** The whole state as cells of a checkpoint. */
  encode(): (readonly [string, Uint8Array])[];
  /** Starts from cells; throws METSUKE_LOG_CORRUPT when one cannot be read. */
  restore(cells: ReadonlyMap<string, Uint8Array>): void;
}

/**
 * Decides everything that counts across entities: incidents, pages, actions and their lives. A pure
 * fold over casework records: no clock, no I/O, no randomness, so that any owner that reads the
 * same records decides the same.
 */
export function createTriage(config: TriageConfig): Triage {
  let state = createState();
  const limits = lifeLimits(config);
  const budget = { perDay: config.budget_per_day, dayOf: createLocalDay(config.timezone) };

  const onLease = (id: string, change: (lease: Lease) => Action[]): Action[] => {
    const key = state.keyOf.get(id);
    const lease = state.open.get(key ?? "");
    if (key === undefined || lease === undefined) return [];
    const actions = change(lease);
    if (isClosed(lease)) close(state, key, lease);
    return actions;
  };

  const passTime = (at: number): Action[] =>
    [...state.open.values()].flatMap((lease) =>
      onLease(lease.action["action.id"], (held) =>
        list(ticked(held, at, { ...limits, stopped: isStopped(state) })),
      ),
    );

  return {
    apply(record) {
      switch (record.kind) {
        case "anomaly":
          return onAnomaly(state, { config, budget }, record);
        case "observed":
          return actions(onLease(record.action, (lease) => list(observed(lease, record))));
        case "outcome":
          return actions(onLease(record.action, (lease) => list(concluded(lease, record))));
        case "tick":
          return actions(passTime(record.at));
        case "request":
          if (record.request === "undo") {
            return actions(
              record.actions.flatMap((id) =>
                onLease(id, (lease) => undoRequested(lease, record, limits)),
              ),
            );
          }
          state.stops[record.by === STOP_FILE ? "file" : "request"] = record.request === "stop";
          return actions([]);
      }
    },
    openActions: () =>
      [...state.open.values()]
        .map(({ action }) => action)
        .filter((action) => action["action.status"] !== "planned"),
    claimOf: (action) => state.open.get(state.keyOf.get(action) ?? "")?.claim,
    stops: () => ({ ...state.stops }),
    encode: () => encodeState(state),
    restore(cells) {
      state = decodeState(cells);
    },
  };
}

const actions = (changed: Action[]): Decisions => ({ incidents: [], actions: changed });
const list = <T>(value: T | undefined): T[] => (value === undefined ? [] : [value]);

function close(state: TriageState, key: string, { action }: Lease): void {
  state.open.delete(key);
  state.keyOf.delete(action["action.id"]);
  if (action["action.status"] === "failed") {
    release(tenantOf(state, action["organization.id"]), action["action.id"]);
  }
}

function onAnomaly(
  state: TriageState,
  { config, budget }: { readonly config: TriageConfig; readonly budget: PageBudget },
  record: { readonly at: number; readonly anomaly: Anomaly },
): Decisions {
  const { anomaly, at } = record;
  const tenant = tenantOf(state, anomaly["organization.id"]);
  const id = anomaly["anomaly.id"];
  const late = anomaly["anomaly.late"];
  const before = state.seen.get(id);
  if (before !== undefined && (!before.late || late)) return { incidents: [], actions: [] };
  if (!late) {
    const said = Math.min(Date.parse(anomaly["@timestamp"]), at + AHEAD_MS);
    tenant.clock = Math.max(tenant.clock, said);
  }
  state.seen.set(id, { late, at: tenant.clock });
  const pruned = prune(state, tenant, anomaly["organization.id"]);
  const decision = decidePage(tenant, anomaly, budget);
  const paged = decision === "paged";
  const day = budget.dayOf(Date.parse(anomaly["@timestamp"]));
  const incident = joinIncident(state, anomaly, { decision, day, promise: budget.perDay });
  const changed = decide({ state, config, incident, newest: anomaly, paged, at });
  return { incidents: [incident.record], actions: [...pruned, ...changed] };
}

/** Bounds memory. Planned leases end here by event time; their last record stands. */
function prune(state: TriageState, tenant: TenantState, name: string): Action[] {
  for (const [key, lease] of state.open) {
    const { action, endsAt } = lease;
    const over = action["action.status"] === "planned" && (endsAt ?? 0) <= tenant.clock;
    if (over && action["organization.id"] === name) close(state, key, lease);
  }
  if (tenant.clock - tenant.prunedAt < HOUR) return [];
  tenant.prunedAt = tenant.clock;
  pruneReservations(state, tenant);
  prunePages(tenant);
  pruneIncidents(state, name, tenant.clock);
  for (const [id, { at }] of state.seen) if (at < tenant.clock - SEEN_MS) state.seen.delete(id);
  return [];
}
