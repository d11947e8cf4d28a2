import type { Control, Delta, Table } from "../../schemas/exchange.ts";
import type { TableSpec } from "../detector.ts";
import { INTERVAL, opensDay } from "./boundaries.ts";
import {
  amountsOf,
  isWhole,
  lastBoundary,
  newestEntries,
  type Tables,
  type TableSet,
} from "./tables.ts";
import { controlKey, CONTROL, tableChunks } from "./chunks.ts";

type DeltaRecord = Extract<Delta, { kind: "delta" }>;

/** What one partition has said of one boundary. */
interface Closing {
  readonly deltas: Map<string, DeltaRecord>;
  /** Number of deltas by the close record; undefined until it came. */
  expected: number | undefined;
}

interface PartitionState {
  readonly open: Map<number, Closing>;
  /** Smallest and greatest boundary closed. */
  first: number;
  closed: number;
}

/**
 * The fold from deltas to versions. All that decides is in the logs: it holds only deltas not yet
 * folded and reads everything else from `tables` as read back.
 */
export interface Exchange {
  readonly tables: Tables;
  readonly keep: ReadonlyMap<string, number>;
  /** `topic/partition` of every task that contributes. */
  readonly expected: readonly string[];
  /** How long a partition is waited for, in ms of the clock given to {@link nextStep}; < 15 min. */
  readonly patience: number;
  readonly partitions: Map<string, PartitionState>;
  readonly control: { readonly offset: number; readonly record: Control }[];
  /** Boundary → clock at which the first close at it or later came. */
  waiting: { boundary: number; since: number } | undefined;
}

export interface ExchangeOptions {
  readonly tables: Tables;
  readonly specs: readonly TableSpec[];
  readonly expected: readonly string[];
  readonly patience: number;
}

export const createExchange = (options: ExchangeOptions): Exchange => ({
  tables: options.tables,
  keep: new Map(options.specs.map((spec) => [spec.name, spec.keepPerMille])),
  expected: options.expected,
  patience: options.patience,
  partitions: new Map(),
  control: [],
  waiting: undefined,
});

export const partitionKey = (of: { readonly topic: string; readonly partition: number }): string =>
  `${of.topic}/${of.partition}`;

/** Takes a record of `deltas`; repeats fold by (topic, partition, boundary, tenant, table, part). */
export function addDelta(exchange: Exchange, record: Delta): void {
  const key = partitionKey(record);
  const state = exchange.partitions.get(key) ?? {
    open: new Map<number, Closing>(),
    first: Number.POSITIVE_INFINITY,
    closed: Number.NEGATIVE_INFINITY,
  };
  exchange.partitions.set(key, state);
  const done = record.boundary <= foldedOf(exchange, key);
  const closing = state.open.get(record.boundary) ?? { deltas: new Map(), expected: undefined };
  if (!done) state.open.set(record.boundary, closing);
  if (record.kind === "delta") {
    closing.deltas.set(JSON.stringify([record.tenant, record.table, record.part]), record);
    return;
  }
  closing.expected = record.deltas;
  state.first = Math.min(state.first, record.boundary);
  state.closed = Math.max(state.closed, record.boundary);
}

/** Takes a record of `control`; those that the newest version holds are skipped when it builds. */
export function addControl(exchange: Exchange, offset: number, record: Control): void {
  exchange.control.push({ offset, record });
}

const foldedOf = (exchange: Exchange, key: string): number =>
  exchange.tables.folded[key] ?? Number.NEGATIVE_INFINITY;

const isComplete = (closing: Closing): boolean => closing.deltas.size === closing.expected;

export type Step =
  | { readonly kind: "first"; readonly boundary: number }
  | { readonly kind: "build"; readonly boundary: number };

/** What may be written now (`now`: any clock in ms, for patience alone); undefined = wait for more deltas. */
export function nextStep(exchange: Exchange, now: number): Step | undefined {
  const { tables } = exchange;
  if (tables.first === undefined) return firstStep(exchange, now);
  const last = lastBoundary(tables);
  const boundary = last === undefined ? tables.first : last + INTERVAL;
  const states = [...exchange.partitions.entries()];
  if (!states.some(([, state]) => state.closed >= boundary)) return undefined;
  const awaited = states.some(
    ([key, state]) => present(state, boundary) && !isReady(exchange, key, boundary),
  );
  if (awaited && !patienceOver(exchange, boundary, now)) return undefined;
  return { kind: "build", boundary };
}

// A partition is waited for if it closed the boundary before: one further behind is absent.
const present = (state: PartitionState, boundary: number): boolean =>
  state.closed >= boundary - INTERVAL;

// A task closes boundaries in order: past this one, only a part that is missing can hold it up.
function isReady(exchange: Exchange, key: string, boundary: number): boolean {
  const state = exchange.partitions.get(key);
  if (state === undefined || state.closed < boundary) return false;
  for (const [open, closing] of state.open) {
    if (open <= boundary && !isComplete(closing)) return false;
  }
  return true;
}

function patienceOver(exchange: Exchange, boundary: number, now: number): boolean {
  if (exchange.waiting?.boundary !== boundary) exchange.waiting = { boundary, since: now };
  return now - exchange.waiting.since >= exchange.patience;
}

function firstStep(exchange: Exchange, now: number): Step | undefined {
  let first = Number.POSITIVE_INFINITY;
  for (const state of exchange.partitions.values()) first = Math.min(first, state.first);
  if (!Number.isFinite(first)) return undefined;
  const heard = (key: string): boolean =>
    Number.isFinite(exchange.partitions.get(key)?.first ?? Number.POSITIVE_INFINITY);
  if (!exchange.expected.every(heard) && !patienceOver(exchange, 0, now)) return undefined;
  return { kind: "first", boundary: first };
}

/** Greatest boundary ≤ `until` up to which all that the partition wrote is here in whole. */
function foldable(exchange: Exchange, key: string, until: number): number {
  const state = exchange.partitions.get(key);
  let through = foldedOf(exchange, key);
  if (state === undefined) return through;
  const boundaries = [...state.open.keys()].sort((left, right) => left - right);
  for (const boundary of boundaries) {
    if (boundary > until) break;
    if (!isComplete(state.open.get(boundary) as Closing)) break;
    through = Math.max(through, boundary);
  }
  return through;
}

/** Records of a first boundary or a version under a try id; they hold once read back. */
export function buildStep(exchange: Exchange, step: Step, tryId: string): Table[] {
  if (step.kind === "first") {
    return [{ kind: "first", boundary: step.boundary, try: tryId }];
  }
  const { boundary } = step;
  const added: TableSet = new Map();
  const folded: Record<string, number> = { ...exchange.tables.folded };
  for (const [key, state] of exchange.partitions) {
    const through = foldable(exchange, key, boundary);
    if (!Number.isFinite(through)) continue;
    addOpen(added, state, { after: foldedOf(exchange, key), through });
    folded[key] = through;
  }
  const control = foldControl(exchange, added);
  const whole = isWhole(exchange.tables, boundary);
  if (whole) addAged(exchange, added, opensDay(boundary));
  const chunks = tableChunks(added, { boundary, try: tryId, whole });
  return [
    ...chunks,
    { kind: "marker", boundary, try: tryId, chunks: chunks.length, folded, control },
  ];
}

function addOpen(
  added: TableSet,
  state: PartitionState,
  range: { readonly after: number; readonly through: number },
): void {
  for (const [boundary, closing] of state.open) {
    if (boundary <= range.after || boundary > range.through) continue;
    for (const delta of closing.deltas.values()) {
      const amounts = amountsOf(added, delta.tenant, delta.table);
      for (const [key, amount] of delta.entries) {
        amounts.set(key, (amounts.get(key) ?? 0) + amount);
      }
    }
  }
}

/** floor(value × keep / 1000): the value before ages, what is new does not. */
function addAged(exchange: Exchange, added: TableSet, ages: boolean): void {
  for (const [tenant, table, shared] of newestEntries(exchange.tables)) {
    const keep = ages ? (exchange.keep.get(table) ?? 1000) : 1000;
    const amounts = amountsOf(added, tenant, table);
    for (const [key, value] of shared.entries()) {
      const aged = keep === 1000 ? value : Math.floor((value * keep) / 1000);
      amounts.set(key, (amounts.get(key) ?? 0) + aged);
    }
  }
}

/** Adds what operators said since the newest version: an entry is 1, taken back it is gone. */
function foldControl(exchange: Exchange, added: TableSet): number {
  let next = exchange.tables.control;
  if (exchange.control.length === 0) return next;
  const current = new Map<string, number>();
  const held = new Map(
    [...newestEntries(exchange.tables)].map(
      ([tenant, table, shared]) => [`${tenant}\u0000${table}`, shared] as const,
    ),
  );
  for (const { offset, record } of exchange.control) {
    if (offset < next) continue;
    next = offset + 1;
    const tenant = record["organization.id"];
    const key = controlKey(record);
    const name = `${tenant}\u0000${key}`;
    const before = current.get(name) ?? held.get(`${tenant}\u0000${CONTROL}`)?.get(key) ?? 0;
    const after = record["control.removed"] ? 0 : 1;
    const amounts = amountsOf(added, tenant, CONTROL);
    amounts.set(key, (amounts.get(key) ?? 0) + after - before);
    current.set(name, after);
  }
  return next;
}

/** Forgets what the newest version as read back has folded in. */
export function forgetFolded(exchange: Exchange): void {
  for (const [key, state] of exchange.partitions) {
    const folded = foldedOf(exchange, key);
    for (const boundary of state.open.keys()) {
      if (boundary <= folded) state.open.delete(boundary);
    }
  }
  while ((exchange.control[0]?.offset ?? Number.POSITIVE_INFINITY) < exchange.tables.control) {
    exchange.control.shift();
  }
}
