import type { Column } from "./ddl-columns.ts";
import { type StoredView, type TableSpec, tables } from "./ddl-tables.ts";

export type Row =
  | { readonly line: string; readonly day: string }
  /** Sentence that names the field. */
  | { readonly malformed: string };

/** The value as the column holds it (the same one when nothing need change), undefined when it cannot. */
type Fit = (value: unknown) => unknown;

interface FieldPlan {
  readonly name: string;
  readonly fit: Fit;
}

interface ViewPlan {
  readonly fields: ReadonlyMap<string, FieldPlan>;
  /** Without these a row could not be told from another. */
  readonly required: readonly string[];
  /** Key as written in JSON → key of the row, for the columns that have another name. */
  readonly renames: readonly (readonly [field: string, from: string, to: string])[];
  readonly isDaily: boolean;
}

/** DateTime64 holds 1900 to 2299; what lies outside is stored as the nearest it can hold. */
const EARLIEST = "1900-01-01T00:00:00.000Z";
const LATEST = "2299-12-31T23:59:59.999Z";
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z$/;
const LONE_SURROGATE = /\\ud[89a-f]/i;

/**
 * Makes the line of a record for INSERT … FORMAT JSONEachRow: array columns renamed, nested values
 * as JSON text, integers within what the column holds. Fields that this version does not know
 * are left out. `appendedAt`: epoch ms at which the log took the record; `text`: the JSON that
 * `record` was parsed from, re-used where it can be.
 */
export function rowOf(
  view: StoredView,
  record: Readonly<Record<string, unknown>>,
  appendedAt: number,
  text?: string,
): Row {
  const plan = plans[view];
  let asWritten = text !== undefined && view !== "scores" && !LONE_SURROGATE.test(text);
  for (const field in record) {
    const value = record[field];
    const known = plan.fields.get(field);
    if (known === undefined || value === null || value === undefined) asWritten = false;
    else {
      const held = known.fit(value);
      if (held === undefined) return { malformed: `${field} has the wrong type` };
      if (held !== value) asWritten = false;
    }
  }
  for (const field of plan.required) {
    if (record[field] === undefined) return { malformed: `${field} is missing` };
  }
  const day = plan.isDaily ? String(record[view === "scores" ? "day" : "@timestamp"]) : "";
  const line =
    asWritten && text !== undefined
      ? renamed(text, record, plan)
      : rewritten(view, record, appendedAt);
  return { line, day: day.slice(0, 10) };
}

/**
 * The text with other keys. Every key of it is known and every value flat here, and inside a string
 * a quote has a backslash before it: what looks like the key is the key.
 */
function renamed(text: string, record: Readonly<Record<string, unknown>>, plan: ViewPlan): string {
  let line = text;
  for (const [field, from, to] of plan.renames) {
    if (record[field] !== undefined) line = line.replace(from, to);
  }
  return line;
}

function rewritten(
  view: StoredView,
  record: Readonly<Record<string, unknown>>,
  appendedAt: number,
): string {
  const { fields } = plans[view];
  const row: Record<string, unknown> = {};
  for (const field in record) {
    const known = fields.get(field);
    const value = record[field];
    if (known === undefined || value === null || value === undefined) continue;
    row[known.name] = known.fit(value);
  }
  if (view === "scores") row["log.appended"] = new Date(appendedAt).toISOString();
  const line = JSON.stringify(row);
  return LONE_SURROGATE.test(line) ? JSON.stringify(wellFormed(row)) : line;
}

const plans = Object.fromEntries(tables.map((table) => [table.view, planOf(table)])) as Readonly<
  Record<StoredView, ViewPlan>
>;

function planOf(table: TableSpec): ViewPlan {
  const stored = table.columns.flatMap((column) =>
    column.field === undefined ? [] : [{ ...column, field: column.field }],
  );
  const keys = stored.filter(
    ({ name, modifiers }) =>
      table.orderBy.some((key) => key.includes(name)) && !modifiers.startsWith("DEFAULT"),
  );
  return {
    fields: new Map(
      stored.map((column) => [column.field, { name: column.name, fit: fitOf(column) }]),
    ),
    required: keys.map(({ field }) => field).filter((field) => field !== "user.entity.id"),
    renames: stored
      .filter(({ name, field }) => name !== field)
      .map(({ name, field }) => [field, `"${field}":`, `"${name}":`]),
    isDaily: table.partitionBy !== undefined,
  };
}

function fitOf(column: Column): Fit {
  switch (column.kind) {
    case "text":
      return (value) => (typeof value === "string" ? value : undefined);
    case "time":
      return (value) => (typeof value === "string" && TIME.test(value) ? within(value) : undefined);
    case "integer": {
      const [least, greatest] = rangeOf(column.type);
      return (value) =>
        typeof value === "number" && Number.isFinite(value)
          ? Math.trunc(Math.min(greatest, Math.max(least, value)))
          : undefined;
    }
    case "decimal":
      return (value) => (Number.isFinite(value) ? value : undefined);
    case "flag":
      return (value) => (typeof value === "boolean" ? value : undefined);
    case "texts":
      return (value) =>
        Array.isArray(value) && value.every((item) => typeof item === "string") ? value : undefined;
    case "json":
      return (value) => JSON.stringify(value);
  }
}

function within(time: string): string {
  if (time < EARLIEST) return EARLIEST;
  return time > LATEST ? LATEST : time;
}

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
