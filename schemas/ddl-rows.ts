import type { Column } from "./ddl-columns.ts";
import { type StoredView, tables } from "./ddl-tables.ts";

export type Row =
  | { readonly line: string; readonly day: string }
  /** Sentence that names the field. */
  | { readonly malformed: string };

type Writer = (row: Record<string, unknown>, value: unknown) => boolean;

/** DateTime64 holds 1900 to 2299; what lies outside is stored as the nearest it can hold. */
const EARLIEST = "1900-01-01T00:00:00.000Z";
const LATEST = "2299-12-31T23:59:59.999Z";
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
const LONE_SURROGATE = /\\ud[89a-f]/i;

/**
 * Makes the line of a record for INSERT … FORMAT JSONEachRow: array columns renamed, nested values
 * as JSON text, integers within what the column holds. Fields that this version does not know
 * are left out. `appendedAt`: epoch ms at which the log took the record.
 */
export function rowOf(
  view: StoredView,
  record: Readonly<Record<string, unknown>>,
  appendedAt: number,
): Row {
  const writers = writersByView.get(view) ?? new Map<string, Writer>();
  const row: Record<string, unknown> = {};
  for (const field in record) {
    const value = record[field];
    if (value === undefined || value === null) continue;
    const write = writers.get(field);
    if (write !== undefined && !write(row, value))
      return { malformed: `${field} has the wrong type` };
  }
  for (const field of requiredByView.get(view) ?? []) {
    if (record[field] === undefined) return { malformed: `${field} is missing` };
  }
  if (view === "scores") row["log.appended"] = new Date(appendedAt).toISOString();
  const text = JSON.stringify(row);
  return {
    line: LONE_SURROGATE.test(text) ? JSON.stringify(wellFormed(row)) : text,
    day: dayOf(view, row),
  };
}

/** The partition's day, as far as the sink must know it to bound the days of one insert. */
function dayOf(view: StoredView, row: Readonly<Record<string, unknown>>): string {
  if (!dailyViews.has(view)) return "";
  return String(view === "scores" ? row["day"] : row["@timestamp"]).slice(0, 10);
}

const dailyViews = new Set(
  tables.filter((table) => table.partitionBy !== undefined).map((table) => table.view),
);

const writersByView = new Map(
  tables.map((table) => [
    table.view,
    new Map(
      table.columns.flatMap((column): [string, Writer][] =>
        column.field === undefined ? [] : [[column.field, writerOf(column)]],
      ),
    ),
  ]),
);

/** Without these a row could not be told from another. */
const requiredByView = new Map(
  tables.map((table) => [
    table.view,
    table.columns.flatMap((column) =>
      column.field !== undefined &&
      table.orderBy.some((key) => key.includes(column.name)) &&
      !column.modifiers.startsWith("DEFAULT") &&
      column.field !== "user.entity.id"
        ? [column.field]
        : [],
    ),
  ]),
);

function writerOf(column: Column): Writer {
  const { name } = column;
  const put = (row: Record<string, unknown>, value: unknown): true => {
    row[name] = value;
    return true;
  };
  switch (column.kind) {
    case "text":
      return (row, value) => typeof value === "string" && put(row, value);
    case "time":
      return (row, value) => typeof value === "string" && TIME.test(value) && put(row, held(value));
    case "integer": {
      const [least, greatest] = rangeOf(column.type);
      return (row, value) =>
        Number.isFinite(value) &&
        put(row, Math.trunc(Math.min(greatest, Math.max(least, value as number))));
    }
    case "decimal":
      return (row, value) => Number.isFinite(value) && put(row, value);
    case "flag":
      return (row, value) => typeof value === "boolean" && put(row, value);
    case "texts":
      return (row, value) =>
        Array.isArray(value) && value.every((item) => typeof item === "string") && put(row, value);
    case "json":
      return (row, value) => put(row, JSON.stringify(value));
  }
}

const held = (time: string): string => (time < EARLIEST ? EARLIEST : time > LATEST ? LATEST : time);

/** JSON numbers are exact to 2^53 only; nothing we store needs more. */
function rangeOf(type: string): readonly [least: number, greatest: number] {
  if (type.includes("UInt8")) return [0, 255];
  return [type.includes("UInt") ? 0 : Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER];
}

/** ClickHouse refuses half a surrogate pair; the replacement character stands for it. */
function wellFormed(row: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(row).map(([name, value]) => [
      name,
      typeof value === "string"
        ? paired(value)
        : Array.isArray(value)
          ? value.map((item) => (typeof item === "string" ? paired(item) : item))
          : value,
    ]),
  );
}

const paired = (text: string): string => Buffer.from(text, "utf8").toString("utf8");
