import type { TObject } from "typebox";
import { Action } from "./action.ts";
import { Anomaly } from "./anomaly.ts";
import { type Column, type ColumnExtra, columnsOf } from "./ddl-columns.ts";
import { Event } from "./event.ts";
import { Control } from "./exchange.ts";
import { Incident } from "./incident.ts";
import { Reject } from "./reject.ts";
import { Score } from "./score.ts";

/** Name of a stored view; its physical table is the name with `_raw`. */
export type StoredView =
  | "events"
  | "anomalies"
  | "scores"
  | "incidents"
  | "actions"
  | "rejects"
  | "control";

export interface TableSpec {
  readonly view: StoredView;
  readonly table: string;
  readonly columns: readonly Column[];
  /** Column whose greatest value survives among rows of one key; undefined: the last inserted. */
  readonly version?: string;
  /** Sorting key, which is also what makes two rows the same thing. */
  readonly orderBy: readonly string[];
  readonly partitionBy?: string;
  /** When a row may go. */
  readonly ttl?: string;
  /** Columns looked up by exact value. */
  readonly bloom: readonly string[];
}

/**
 * The day a row belongs to. Days that lie outside [arrival − 400 d, arrival + 1 d] share the
 * partition `odd`, so that forged dates cannot make partitions without end. All repeats of a row
 * must come to one partition: folding does not look across.
 */
const dayPartition = (day: string, arrival: string): string =>
  `if(${day} < toDate(${arrival}) - 400 OR ${day} > toDate(${arrival}) + 1, 'odd', toString(${day}))`;

/** When the log took the record, for records that do not say when they arrived. */
const appended: Column = {
  name: "log.appended",
  field: undefined,
  type: "DateTime64(3, 'UTC')",
  kind: "time",
  modifiers: "",
};

const stamp: ColumnExtra = { modifiers: "CODEC(Delta(8), ZSTD(1))" };
const wide: ColumnExtra = { modifiers: "CODEC(ZSTD(3))" };

const spec = (
  view: StoredView,
  schema: TObject,
  extras: Readonly<Record<string, ColumnExtra>>,
  rest: Omit<TableSpec, "view" | "table" | "columns" | "bloom"> & {
    readonly bloom?: readonly string[];
    readonly hidden?: readonly Column[];
  },
): TableSpec => {
  const { hidden = [], bloom = [], ...table } = rest;
  const columns = [...columnsOf(schema, extras), ...hidden];
  return { view, table: `${view}_raw`, columns, bloom, ...table };
};

/**
 * The store as one table of specifications. Events and scores come by day and go as whole parts;
 * what people decided and what was done (anomalies, incidents, actions, control) is small, has no
 * partition, so that revisions always meet, and stays.
 */
export const tables: readonly TableSpec[] = [
  spec(
    "events",
    Event,
    {
      "@timestamp": stamp,
      "event.original": {
        modifiers: "CODEC(ZSTD(3)) TTL toDateTime(`event.ingested`) + INTERVAL 90 DAY",
      },
      "event.ingested": { modifiers: "DEFAULT `@timestamp` CODEC(Delta(8), ZSTD(1))" },
      "organization.id": { modifiers: "DEFAULT 'default'" },
      "process.command_line": wide,
      message: wide,
      attributes: wide,
    },
    {
      orderBy: [
        "`organization.id`",
        "toStartOfHour(`@timestamp`)",
        "`user.entity.id`",
        "`@timestamp`",
        "`event.id`",
      ],
      partitionBy: dayPartition("toDate(`@timestamp`)", "`event.ingested`"),
      ttl: "toDateTime(`event.ingested`) + INTERVAL 400 DAY",
      bloom: ["source.ip", "session.id", "user.name", "event.id"],
    },
  ),
  spec(
    "rejects",
    Reject,
    { "reject.original": wide },
    {
      orderBy: ["`organization.id`", "toStartOfHour(`@timestamp`)", "`reject.id`"],
      partitionBy: "toString(toDate(`@timestamp`))",
      ttl: "toDateTime(`@timestamp`) + INTERVAL 90 DAY",
    },
  ),
  spec("anomalies", Anomaly, {}, { orderBy: ["`organization.id`", "`anomaly.id`"] }),
  spec(
    "scores",
    Score,
    {},
    {
      version: "@timestamp",
      orderBy: [
        "`organization.id`",
        "day",
        "`entity.type`",
        "`entity.id`",
        "`detector.name`",
        "`detector.version`",
      ],
      partitionBy: dayPartition("toDateOrZero(day)", "`log.appended`"),
      ttl: "toDateTime(`log.appended`) + INTERVAL 400 DAY",
      hidden: [appended],
    },
  ),
  spec(
    "incidents",
    Incident,
    { "incident.revision": { type: "UInt64" } },
    {
      version: "incident.revision",
      orderBy: ["`organization.id`", "`incident.id`"],
    },
  ),
  spec(
    "actions",
    Action,
    { "action.revision": { type: "UInt64" } },
    {
      version: "action.revision",
      orderBy: ["`organization.id`", "`action.id`"],
    },
  ),
  spec(
    "control",
    Control,
    {},
    {
      orderBy: [
        "`organization.id`",
        "`control.kind`",
        "`control.name`",
        "`control.value`",
        "`@timestamp`",
        "`control.removed`",
      ],
    },
  ),
];

export function tableOf(view: StoredView): TableSpec {
  const found = tables.find((table) => table.view === view);
  if (found === undefined) throw new Error(`no table for view ${view}`);
  return found;
}
