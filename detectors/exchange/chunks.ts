import type { Control, Table } from "../../schemas/exchange.ts";
import type { TableSet } from "./tables.ts";

/** Shared table that holds what operators decided: `kind:name:value` → 1. */
export const CONTROL = "control";

const CHUNK_ENTRIES = 4000;
const CHUNK_CHARS = 200_000;

export const controlKey = (record: Control): string =>
  `${record["control.kind"]}:${record["control.name"]}:${record["control.value"]}`;

/** Splits amounts into lists of bounded size; zeros are left out. */
export function* boundedEntries(
  amounts: Iterable<readonly [string, number]>,
): Iterable<[string, number][]> {
  let entries: [string, number][] = [];
  let chars = 0;
  for (const [key, amount] of amounts) {
    if (amount === 0) continue;
    entries.push([key, amount]);
    chars += key.length;
    if (entries.length >= CHUNK_ENTRIES || chars >= CHUNK_CHARS) {
      yield entries;
      entries = [];
      chars = 0;
    }
  }
  if (entries.length > 0) yield entries;
}

/** Chunks of a version, numbered over all tables. */
export function tableChunks(
  set: TableSet,
  of: { readonly boundary: number; readonly try: string; readonly whole: boolean },
): Table[] {
  const chunks: Table[] = [];
  for (const [tenant, tables] of set) {
    for (const [table, amounts] of tables) {
      for (const entries of boundedEntries(amounts)) {
        chunks.push({ kind: "chunk", ...of, tenant, table, chunk: chunks.length, entries });
      }
    }
  }
  return chunks;
}
