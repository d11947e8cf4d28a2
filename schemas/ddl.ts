import { budgetViews } from "./budget-views.ts";
import { type Column, quoted } from "./ddl-columns.ts";
import { type TableSpec, tables } from "./ddl-tables.ts";
import { createView } from "./views.ts";

/** What a store has now: table → column → type, as `system.columns` tells it. */
export type ExistingColumns = ReadonlyMap<string, ReadonlyMap<string, string>>;

/**
 * The statements that bring a database from `existing` to what this version needs: tables that are
 * missing, columns that are missing, and all views. With nothing existing it is the whole DDL.
 * Columns are only ever added; one that this version does not know stays.
 * @throws Error naming the column whose type would have to change.
 */
export function ddl(database: string, existing: ExistingColumns = new Map()): string[] {
  const statements = [`CREATE DATABASE IF NOT EXISTS ${quoted(database)}`];
  for (const table of tables) {
    const columns = existing.get(table.table);
    if (columns === undefined) statements.push(createTable(database, table));
    else statements.push(...addedColumns(database, table, columns));
  }
  for (const table of tables) statements.push(createView(database, table));
  statements.push(...budgetViews(database));
  return statements;
}

function createTable(database: string, table: TableSpec): string {
  const version = table.version === undefined ? "" : quoted(table.version);
  const lines = [
    ...table.columns.map(definition),
    ...table.bloom.map(
      (name) => `INDEX ${indexName(name)} ${quoted(name)} TYPE bloom_filter(0.01)`,
    ),
  ];
  return [
    `CREATE TABLE IF NOT EXISTS ${quoted(database)}.${quoted(table.table)} (`,
    lines.map((line) => `  ${line}`).join(",\n"),
    `) ENGINE = ReplacingMergeTree(${version})`,
    ...(table.partitionBy === undefined ? [] : [`PARTITION BY ${table.partitionBy}`]),
    `ORDER BY (${table.orderBy.join(", ")})`,
    ...(table.ttl === undefined ? [] : [`TTL ${table.ttl}`]),
    "SETTINGS index_granularity = 8192, ttl_only_drop_parts = 1, non_replicated_deduplication_window = 10000",
  ].join("\n");
}

function addedColumns(
  database: string,
  table: TableSpec,
  existing: ReadonlyMap<string, string>,
): string[] {
  const added: string[] = [];
  for (const column of table.columns) {
    const type = existing.get(column.name);
    if (type === undefined) {
      added.push(
        `ALTER TABLE ${quoted(database)}.${quoted(table.table)} ADD COLUMN IF NOT EXISTS ${definition(column)}`,
      );
    } else if (type !== column.type) {
      throw new Error(
        `${table.table}.${column.name} is ${type} and would have to become ${column.type}; a column never changes its type, give the new one a new name`,
      );
    }
  }
  return added;
}

const definition = (column: Column): string =>
  `${quoted(column.name)} ${column.type} ${column.modifiers}`.trimEnd();

const indexName = (name: string): string => `bloom_${name.replaceAll(".", "_")}`;
