import { Type } from "typebox";

/**
 * Field builders: a TypeBox schema that also carries its ClickHouse column type (`column`), so that
 * one line in a record's file is the TypeScript type, the JSON Schema, the DDL and the reference row.
 */

interface FieldOptions {
  /** ClickHouse column type; without it the builder's default. */
  readonly column?: string;
  readonly [keyword: string]: unknown;
}

/** Free text of any cardinality. */
export const text = (description: string, options: FieldOptions = {}) =>
  Type.String({ description, column: "String", ...options });

/** Text with few distinct values chosen by us or by a vendor, never by an outsider. */
export const word = (description: string, options: FieldOptions = {}) =>
  Type.String({ description, column: "LowCardinality(String)", ...options });

/** RFC 3339 UTC text ending in `Z`, at least milliseconds. */
export const time = (description: string, options: FieldOptions = {}) =>
  Type.String({
    description,
    column: "DateTime64(6, 'UTC')",
    pattern: "^\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3,9}Z$",
    ...options,
  });

export const integer = (description: string, options: FieldOptions = {}) =>
  Type.Integer({ description, column: "Int64", ...options });

export const decimal = (description: string, options: FieldOptions = {}) =>
  Type.Number({ description, column: "Float64", ...options });

/** Tri-state: true, false, or absent when the source did not say. Stored as Nullable. */
export const flag = (description: string, options: FieldOptions = {}) =>
  Type.Boolean({ description, column: "Nullable(Bool)", ...options });

export const texts = (description: string, options: FieldOptions = {}) =>
  Type.Array(Type.String(), { description, column: "Array(String)", ...options });

/** A nested value, stored as JSON text in one String column. */
export const json = <S extends object>(schema: S, description: string): S => ({
  ...schema,
  description,
  column: "String",
});
