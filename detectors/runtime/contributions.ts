import { MetsukeError } from "../../platform/errors.ts";
import type { Delta } from "../../schemas/exchange.ts";
import { intervalOf } from "../exchange/boundaries.ts";
import { boundedEntries } from "../exchange/chunks.ts";

/** Keys one task adds to one table in one interval; more are counted as refused. */
const KEYS = 200_000;

type Amounts = Map<string, number>;
type OfTenant = Map<string, Amounts>;

/** What a task adds to the shared tables in intervals that are still open. */
export interface Contributions {
  /** Boundary → tenant → table → key → amount. */
  readonly open: Map<number, Map<string, OfTenant>>;
  readonly dirty: Set<number>;
  /** Where the last amount went, dirty already: the next one mostly goes there too. */
  latest: Place | undefined;
  refused: number;
}

interface Place {
  readonly boundary: number;
  readonly tenant: string;
  readonly table: string;
  readonly amounts: Amounts;
}

export const createContributions = (): Contributions => ({
  open: new Map(),
  dirty: new Set(),
  latest: undefined,
  refused: 0,
});

export interface Contribution {
  readonly at: number;
  readonly tenant: string;
  readonly table: string;
  readonly key: string;
  readonly amount: number;
}

/**
 * Adds to the interval of `at`, or to the next open one (`nextClose`, NaN = none closed yet) if that
 * is closed.
 * @throws METSUKE_INTERNAL for an amount that is not an integer: sums would depend on order.
 */
export function contribute(to: Contributions, nextClose: number, what: Contribution): void {
  if (!Number.isSafeInteger(what.amount)) {
    throw new MetsukeError(
      "METSUKE_INTERNAL",
      `table ${what.table}: amount ${what.amount} is not an integer`,
    );
  }
  const interval = intervalOf(what.at);
  const boundary = interval < nextClose ? nextClose : interval;
  const { amounts } = placeOf(to, boundary, what);
  const old = amounts.get(what.key);
  if (old === undefined && amounts.size >= KEYS) {
    to.refused += 1;
    return;
  }
  amounts.set(what.key, (old ?? 0) + what.amount);
}

function placeOf(to: Contributions, boundary: number, what: Contribution): Place {
  const { latest } = to;
  const { tenant, table } = what;
  if (latest?.boundary === boundary && latest.table === table && latest.tenant === tenant) {
    return latest;
  }
  to.dirty.add(boundary);
  to.latest = { boundary, tenant, table, amounts: amountsOf(to, boundary, what) };
  return to.latest;
}

function amountsOf(to: Contributions, boundary: number, what: Contribution): Amounts {
  let tenants = to.open.get(boundary);
  if (tenants === undefined) to.open.set(boundary, (tenants = new Map()));
  let tables = tenants.get(what.tenant);
  if (tables === undefined) tenants.set(what.tenant, (tables = new Map()));
  let amounts = tables.get(what.table);
  if (amounts === undefined) tables.set(what.table, (amounts = new Map()));
  return amounts;
}

/** Ends the interval of `boundary` (and any before it): its deltas, then the close record. */
export function closeInterval(from: Contributions, of: Closing): Delta[] {
  const deltas: Delta[] = from.open.size === 0 ? [] : [...openDeltas(from, of)];
  deltas.push({ kind: "close", ...of, deltas: deltas.length });
  return deltas;
}

interface Closing {
  readonly topic: string;
  readonly partition: number;
  readonly boundary: number;
}

function* openDeltas(from: Contributions, of: Closing): Iterable<Delta> {
  for (const [tenant, tables] of takeUpTo(from, of.boundary)) {
    for (const [table, amounts] of tables) {
      const parts = [...boundedEntries(amounts)];
      yield* parts.map((entries, part): Delta => ({
        kind: "delta",
        ...of,
        tenant,
        table,
        part,
        entries,
      }));
    }
  }
}

function takeUpTo(from: Contributions, boundary: number): Map<string, OfTenant> {
  from.latest = undefined;
  const taken = new Map<string, OfTenant>();
  for (const [open, tenants] of from.open) {
    if (open > boundary) continue;
    from.open.delete(open);
    from.dirty.add(open);
    for (const [tenant, tables] of tenants) {
      const into = taken.get(tenant) ?? new Map<string, Amounts>();
      taken.set(tenant, into);
      for (const [table, amounts] of tables) into.set(table, sum(into.get(table), amounts));
    }
  }
  return taken;
}

function sum(into: Amounts | undefined, amounts: Amounts): Amounts {
  if (into === undefined) return amounts;
  for (const [key, amount] of amounts) into.set(key, (into.get(key) ?? 0) + amount);
  return into;
}

type Cell = readonly [tenant: string, table: string, entries: [string, number][]];

/** To be called when what is dirty has become durable. */
export function contributionsCovered(of: Contributions): void {
  of.dirty.clear();
  of.latest = undefined;
}

/** One cell per open interval. */
export function* contributionCells(
  from: Contributions,
  boundaries: Iterable<number>,
): Iterable<readonly [string, Uint8Array | null]> {
  for (const boundary of boundaries) {
    const tenants = from.open.get(boundary);
    const cells: Cell[] = [];
    for (const [tenant, tables] of tenants ?? []) {
      for (const [table, amounts] of tables) cells.push([tenant, table, [...amounts]]);
    }
    yield [`c/${boundary}`, tenants === undefined ? null : Buffer.from(JSON.stringify(cells))];
  }
}

export function restoreContributions(into: Contributions, key: string, bytes: Uint8Array): void {
  const cells: Cell[] = JSON.parse(Buffer.from(bytes).toString());
  const tenants = new Map<string, OfTenant>();
  for (const [tenant, table, entries] of cells) {
    const tables = tenants.get(tenant) ?? new Map<string, Amounts>();
    tenants.set(tenant, tables);
    tables.set(table, new Map(entries));
  }
  into.open.set(Number(key.slice(2)), tenants);
}
