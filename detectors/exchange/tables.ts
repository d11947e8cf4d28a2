import type { Table } from "../../schemas/exchange.ts";
import type { SharedTable } from "../detector.ts";
import { INTERVAL, opensDay } from "./boundaries.ts";

type Amounts = Map<string, number>;
/** Tenant → table → key → integer. */
export type TableSet = Map<string, Map<string, Amounts>>;
type Chunk = Extract<Table, { kind: "chunk" }>;
type Marker = Extract<Table, { kind: "marker" }>;

interface Version {
  readonly boundary: number;
  /** True: `set` is everything; false: increments to the version before. */
  readonly whole: boolean;
  readonly set: TableSet;
  readonly handles: Map<string, Map<string, SharedTable>>;
}

/**
 * Versions of the shared tables as read back from the log. `base` is one version in full; `newer`
 * are those after it, as they came. Whoever looks tables up keeps `base` at or below the oldest
 * version it may still ask for.
 */
export interface Tables {
  /** First boundary G; undefined until the log has named it. */
  first: number | undefined;
  base: Version | undefined;
  readonly newer: Version[];
  /** `topic/partition` → last boundary folded into the newest version. */
  folded: Readonly<Record<string, number>>;
  /** Next offset of `control` that the newest version has not folded in. */
  control: number;
  readonly tries: Map<string, Map<number, Chunk>>;
  readonly empty: Version;
}

export function createTables(): Tables {
  return {
    first: undefined,
    base: undefined,
    newer: [],
    folded: {},
    control: 0,
    tries: new Map(),
    empty: version(0, true, new Map()),
  };
}

const version = (boundary: number, whole: boolean, set: TableSet): Version => ({
  boundary,
  whole,
  set,
  handles: new Map(),
});

/** Boundary of the newest version, undefined while there is none. */
export const lastBoundary = (tables: Tables): number | undefined =>
  tables.newer.at(-1)?.boundary ?? tables.base?.boundary;

/** Whether a version of this boundary is whole rather than an increment. */
export const isWhole = (tables: Tables, boundary: number): boolean =>
  opensDay(boundary) || boundary === tables.first;

/** Takes the next record of `tables`; true when it completed the next version. The first whole one of a boundary holds. */
export function addTableRecord(tables: Tables, record: Table): boolean {
  switch (record.kind) {
    case "first":
      tables.first ??= record.boundary;
      return false;
    case "chunk":
      addChunk(tables, record);
      return false;
    case "marker":
      return addMarker(tables, record);
  }
}

const tryKey = (record: Chunk | Marker): string => `${record.boundary}/${record.try}`;

function addChunk(tables: Tables, chunk: Chunk): void {
  if (chunk.boundary <= (lastBoundary(tables) ?? Number.NEGATIVE_INFINITY)) return;
  const key = tryKey(chunk);
  const chunks = tables.tries.get(key) ?? new Map<number, Chunk>();
  tables.tries.set(key, chunks);
  chunks.set(chunk.chunk, chunk);
}

function addMarker(tables: Tables, marker: Marker): boolean {
  const last = lastBoundary(tables);
  if (last === undefined ? !mayBegin(tables, marker) : marker.boundary !== last + INTERVAL) {
    return false;
  }
  const chunks = tables.tries.get(tryKey(marker)) ?? new Map<number, Chunk>();
  if (chunks.size !== marker.chunks) return false;
  tables.first ??= marker.boundary;
  const set: TableSet = new Map();
  for (const chunk of chunks.values()) {
    const amounts = amountsOf(set, chunk.tenant, chunk.table);
    for (const [key, amount] of chunk.entries) amounts.set(key, amount);
  }
  const next = version(marker.boundary, isWhole(tables, marker.boundary), set);
  if (tables.base === undefined) tables.base = next;
  else tables.newer.push(next);
  tables.folded = marker.folded;
  tables.control = marker.control;
  for (const key of tables.tries.keys()) {
    if (Number(key.slice(0, key.indexOf("/"))) <= marker.boundary) tables.tries.delete(key);
  }
  return true;
}

// A log whose start has expired begins at the first whole version that is left.
const mayBegin = (tables: Tables, marker: Marker): boolean =>
  tables.first === undefined ? opensDay(marker.boundary) : isWhole(tables, marker.boundary);

export function amountsOf(set: TableSet, tenant: string, table: string): Amounts {
  let ofTenant = set.get(tenant);
  if (ofTenant === undefined) set.set(tenant, (ofTenant = new Map()));
  let amounts = ofTenant.get(table);
  if (amounts === undefined) ofTenant.set(table, (amounts = new Map()));
  return amounts;
}

/** Whether the version of a boundary can be looked up: it has come, or lies before the first one. */
export function hasVersion(tables: Tables, boundary: number): boolean {
  if (tables.first === undefined) return false;
  return boundary < tables.first || boundary <= (lastBoundary(tables) ?? Number.NEGATIVE_INFINITY);
}

/** Gives up versions before `boundary`: from now on it is the oldest that may be asked for. */
export function retainFrom(tables: Tables, boundary: number): void {
  while (tables.base !== undefined && tables.base.boundary < boundary) {
    const next = tables.newer[0];
    if (next === undefined || next.boundary > boundary) return;
    tables.newer.shift();
    tables.base = next.whole ? next : merge(tables.base, next);
    // Their handles look into the base that was just merged into.
    for (const newer of tables.newer) newer.handles.clear();
  }
}

function merge(base: Version, next: Version): Version {
  for (const [tenant, ofTenant] of next.set) {
    for (const [table, amounts] of ofTenant) addAll(amountsOf(base.set, tenant, table), amounts);
  }
  return version(next.boundary, true, base.set);
}

function addAll(into: Amounts, amounts: Amounts): void {
  for (const [key, amount] of amounts) {
    const value = (into.get(key) ?? 0) + amount;
    if (value === 0) into.delete(key);
    else into.set(key, value);
  }
}

/** A table of a tenant as of a boundary; empty before the first. Valid until the next {@link retainFrom}. */
export function sharedTable(
  tables: Tables,
  boundary: number,
  name: { readonly tenant: string; readonly table: string },
): SharedTable {
  const at = versionAt(tables, boundary);
  let ofTenant = at.handles.get(name.tenant);
  if (ofTenant === undefined) at.handles.set(name.tenant, (ofTenant = new Map()));
  let handle = ofTenant.get(name.table);
  if (handle === undefined) {
    handle = createHandle(layersOf(tables, at, name), at.boundary);
    ofTenant.set(name.table, handle);
  }
  return handle;
}

function versionAt(tables: Tables, boundary: number): Version {
  const base = tables.base;
  if (base === undefined || tables.first === undefined || boundary < tables.first) {
    return tables.empty;
  }
  if (boundary <= base.boundary) return base;
  return tables.newer[(boundary - base.boundary) / INTERVAL - 1] ?? tables.newer.at(-1) ?? base;
}

function layersOf(
  tables: Tables,
  at: Version,
  name: { readonly tenant: string; readonly table: string },
): readonly Amounts[] {
  const versions = at === tables.base || at === tables.empty ? [at] : [tables.base as Version];
  for (const next of tables.newer) {
    if (at === tables.empty || next.boundary > at.boundary) break;
    if (next.whole) versions.length = 0;
    versions.push(next);
  }
  const layers: Amounts[] = [];
  for (const { set } of versions) {
    const amounts = set.get(name.tenant)?.get(name.table);
    // A version does not change while its handles are valid: what is empty stays so.
    if (amounts !== undefined && amounts.size > 0) layers.push(amounts);
  }
  return layers;
}

const NO_ENTRIES: readonly (readonly [string, number])[] = [];

function createHandle(layers: readonly Amounts[], boundary: number): SharedTable {
  const get = (key: string): number => {
    let value = 0;
    for (let index = 0; index < layers.length; index++) {
      value += (layers[index] as Amounts).get(key) ?? 0;
    }
    return value;
  };
  return {
    get,
    boundary,
    entries: (prefix = "") => (layers.length === 0 ? NO_ENTRIES : entriesOf(layers, get, prefix)),
  };
}

function* entriesOf(
  layers: readonly Amounts[],
  get: (key: string) => number,
  prefix: string,
): Iterable<readonly [string, number]> {
  const seen = new Set<string>();
  for (const layer of layers) {
    for (const key of layer.keys()) {
      if (!key.startsWith(prefix) || seen.has(key)) continue;
      if (layers.length > 1) seen.add(key);
      const value = get(key);
      if (value !== 0) yield [key, value];
    }
  }
}

/** Everything in the newest version, by tenant and table. */
export function* newestEntries(
  tables: Tables,
): Iterable<readonly [tenant: string, table: string, shared: SharedTable]> {
  const boundary = lastBoundary(tables);
  if (boundary === undefined) return;
  const names = new Set<string>();
  for (const one of [tables.base, ...tables.newer]) {
    for (const [tenant, ofTenant] of one?.set ?? []) {
      for (const table of ofTenant.keys()) names.add(`${tenant}\u0000${table}`);
    }
  }
  for (const name of names) {
    const split = name.indexOf("\u0000");
    const tenant = name.slice(0, split);
    const table = name.slice(split + 1);
    yield [tenant, table, sharedTable(tables, boundary, { tenant, table })];
  }
}
