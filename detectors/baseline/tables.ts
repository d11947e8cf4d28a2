import type { TableSpec } from "../detector.ts";
import type { Context } from "./feature.ts";
import { tables } from "./knowledge.ts";

const ENGINE = "baseline.";

/** One engine may run under several names: each has tables of its own, called after it. */
export function tablesUnder(name: string): {
  readonly tables: readonly TableSpec[];
  /** The same context, in which the engine's tables are those of this name. */
  readonly within: (context: Context) => Context;
} {
  const renamed = new Map(
    tables.map((table) => [table.name, `${name}.${table.name.slice(ENGINE.length)}`]),
  );
  const nameOf = (table: string): string => renamed.get(table) ?? table;
  if (nameOf(`${ENGINE}peers`) === `${ENGINE}peers`)
    return { tables, within: (context) => context };
  const known = new WeakMap<Context, Context>();
  return {
    tables: tables.map((table) => ({ ...table, name: nameOf(table.name) })),
    within(context) {
      let own = known.get(context);
      if (own === undefined) known.set(context, (own = renaming(context, nameOf)));
      return own;
    },
  };
}

/** Reads through, for the runtime fills one context anew for every call. */
const renaming = (context: Context, nameOf: (table: string) => string): Context => ({
  get params() {
    return context.params;
  },
  get tenant() {
    return context.tenant;
  },
  get entity() {
    return context.entity;
  },
  get at() {
    return context.at;
  },
  get late() {
    return context.late;
  },
  get zoneOffsetMs() {
    return context.zoneOffsetMs;
  },
  emit: context.emit,
  score: context.score,
  wakeAt: context.wakeAt,
  contribute: (table, key, amount, at) => context.contribute(nameOf(table), key, amount, at),
  shared: (table) => context.shared(nameOf(table)),
  statistics: context.statistics,
});
