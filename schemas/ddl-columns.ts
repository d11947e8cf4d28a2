import type { TObject } from "typebox";

/** How a column's values are checked and written; follows from its ClickHouse type. */
export type ColumnKind = "text" | "time" | "integer" | "decimal" | "flag" | "texts" | "json";

export interface Column {
  /** Name in the physical table; for arrays it has no dot (see {@link physicalName}). */
  readonly name: string;
  /** Name in the record and in the view; undefined for a column that only the table has. */
  readonly field: string | undefined;
  readonly type: string;
  readonly kind: ColumnKind;
  /** What follows the type in CREATE: DEFAULT, CODEC, TTL. */
  readonly modifiers: string;
}

/** What a table says about one of its columns beyond the record's own schema. */
export interface ColumnExtra {
  readonly type?: string;
  readonly modifiers?: string;
}

interface FieldSchema {
  readonly column?: unknown;
  readonly type?: unknown;
}

/** ClickHouse reads dotted array columns as parts of one Nested column, hence the other name. */
export const physicalName = (field: string, type: string): string =>
  type.startsWith("Array(") ? field.replaceAll(".", "_") : field;

export const quoted = (name: string): string => `\`${name.replaceAll(/[\\`]/g, "\\$&")}\``;

/**
 * The columns of a record: one per property, in order. An absent optional text is '' and an absent
 * array is []; numbers, times and tri-state flags are Nullable where absent, since 0, 1970 or
 * false would lie.
 * @throws Error naming the property that carries no `column`.
 */
export function columnsOf(
  schema: TObject,
  extras: Readonly<Record<string, ColumnExtra>> = {},
): Column[] {
  const required = new Set<string>(schema.required ?? []);
  return Object.entries<FieldSchema>(schema.properties).map(([field, property]) => {
    if (typeof property.column !== "string") throw new Error(`no column type: ${field}`);
    const extra = extras[field];
    const declared = extra?.type ?? property.column;
    const absent = required.has(field) || extra?.modifiers?.startsWith("DEFAULT") === true;
    const type = absent ? declared : nullable(declared);
    return {
      name: physicalName(field, type),
      field,
      type,
      kind: kindOf(property, declared),
      modifiers: extra?.modifiers ?? "",
    };
  });
}

const nullable = (type: string): string =>
  /^(U?Int\d+|Float\d+|DateTime64|Bool)/.test(type) ? `Nullable(${type})` : type;

function kindOf(property: FieldSchema, type: string): ColumnKind {
  if (type.startsWith("Array(")) return "texts";
  if (type.includes("DateTime64")) return "time";
  if (type.includes("Int")) return "integer";
  if (type.includes("Float")) return "decimal";
  if (type.includes("Bool")) return "flag";
  return property.type === "array" || property.type === "object" ? "json" : "text";
}
