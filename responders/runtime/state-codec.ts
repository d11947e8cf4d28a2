import { errorText, MetsukeError } from "../../platform/errors.ts";
import type { Lease } from "./life.ts";
import {
  createState,
  type IncidentState,
  keyOfAction,
  type Page,
  type Reservation,
  type TriageState,
} from "./state.ts";

/**
 * Triage state as cells: `meta`, one `incident/<id>` and `lease/<action id>` each, and the seen
 * anomaly ids in `seen/<first two hex digits>`.
 */
interface Meta {
  readonly nextOrder: number;
  readonly stops: TriageState["stops"];
  readonly tenants: readonly {
    readonly name: string;
    readonly clock: number;
    readonly prunedAt: number;
    readonly paged?: readonly number[];
    readonly pages: readonly (readonly [string, WrittenPage])[];
    readonly reservations: readonly Reservation[];
  }[];
}

/** A former version wrote only whether something certain was paged, not what. */
type WrittenPage = Omit<Page, "certain"> & { readonly certain: readonly string[] | boolean };

const readPage = ({ at, p, certain }: WrittenPage): Page => ({
  at,
  p,
  certain: typeof certain === "boolean" ? [] : certain,
});

type SeenRow = readonly [id: string, late: boolean, at: number];

export function encodeState(state: TriageState): (readonly [string, Uint8Array])[] {
  const meta: Meta = {
    nextOrder: state.nextOrder,
    stops: state.stops,
    tenants: [...state.tenants].map(([name, tenant]) => ({
      name,
      clock: tenant.clock,
      prunedAt: tenant.prunedAt,
      paged: tenant.paged,
      pages: [...tenant.pages],
      reservations: tenant.reservations,
    })),
  };
  const seen = new Map<string, SeenRow[]>();
  for (const [id, { late, at }] of state.seen) {
    const bucket = seen.get(id.slice(0, 2));
    if (bucket === undefined) seen.set(id.slice(0, 2), [[id, late, at]]);
    else bucket.push([id, late, at]);
  }
  return [
    cell("meta", meta),
    ...[...state.incidents].map(([id, incident]) => cell(`incident/${id}`, incident)),
    ...[...state.open.values()].map((lease) => cell(`lease/${lease.action["action.id"]}`, lease)),
    ...[...seen].map(([bucket, rows]) => cell(`seen/${bucket}`, rows)),
  ];
}

const cell = (key: string, value: unknown): readonly [string, Uint8Array] => [
  key,
  Buffer.from(JSON.stringify(value)),
];

export function decodeState(cells: ReadonlyMap<string, Uint8Array>): TriageState {
  const state = createState();
  const incidents: IncidentState[] = [];
  const leases: Lease[] = [];
  for (const [key, bytes] of cells) {
    const value = parse(key, bytes);
    if (key === "meta") readMeta(state, value as Meta);
    else if (key.startsWith("incident/")) incidents.push(value as IncidentState);
    else if (key.startsWith("lease/")) leases.push(value as Lease);
    else if (key.startsWith("seen/")) {
      for (const [id, late, at] of value as SeenRow[]) state.seen.set(id, { late, at });
    }
  }
  for (const incident of incidents.toSorted((left, right) => left.order - right.order)) {
    const id = incident.record["incident.id"];
    state.incidents.set(id, incident);
    for (const key of incident.keys) state.byEntity.set(key, id);
  }
  for (const lease of leases.toSorted((left, right) => left.order - right.order)) {
    const key = keyOfAction(lease.action);
    state.open.set(key, withAbsent(lease));
    state.keyOf.set(lease.action["action.id"], key);
  }
  return state;
}

/** JSON drops what is undefined; the fold tests for it by value, so only the shape is restored. */
const withAbsent = (lease: Lease): Lease => ({
  order: lease.order,
  action: lease.action,
  claim: lease.claim,
  claimed: lease.claimed,
  quietUntil: lease.quietUntil,
  endsAt: lease.endsAt,
  giveUp: lease.giveUp,
});

function readMeta(state: TriageState, meta: Meta): void {
  state.nextOrder = meta.nextOrder;
  state.stops = { ...meta.stops };
  for (const { name, pages, reservations, ...rest } of meta.tenants) {
    state.tenants.set(name, {
      clock: rest.clock,
      prunedAt: rest.prunedAt,
      paged: [...(rest.paged ?? [])],
      pages: new Map(pages.map(([key, page]) => [key, readPage(page)])),
      reservations: [...reservations],
    });
  }
}

function parse(key: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString("utf8"));
  } catch (error) {
    throw new MetsukeError("METSUKE_LOG_CORRUPT", `triage cell ${key}: ${errorText(error)}`, {
      cause: error,
    });
  }
}
