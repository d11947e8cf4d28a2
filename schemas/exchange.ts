import { type Static, Type } from "typebox";
import { time, word } from "./fields.ts";

/**
 * Records of the exchange. A *table* is a map from key to integer that everyone shares; a *delta*
 * is what one task adds to one table in one interval. Amounts are integers, so that sums do not
 * depend on order.
 */
export const Delta = Type.Union([
  Type.Object({
    kind: Type.Literal("delta"),
    topic: Type.String(),
    partition: Type.Integer(),
    /** Boundary T (epoch ms) that ends the interval. */
    boundary: Type.Integer(),
    tenant: Type.String(),
    table: Type.String(),
    /** Large deltas are split; parts of one table are numbered from 0. */
    part: Type.Integer(),
    entries: Type.Array(Type.Tuple([Type.String(), Type.Integer()])),
  }),
  Type.Object({
    kind: Type.Literal("close"),
    topic: Type.String(),
    partition: Type.Integer(),
    boundary: Type.Integer(),
    /** Number of delta records the task wrote for this boundary. */
    deltas: Type.Integer(),
  }),
]);
export type Delta = Static<typeof Delta>;

export const Table = Type.Union([
  Type.Object({ kind: Type.Literal("first"), boundary: Type.Integer(), try: Type.String() }),
  Type.Object({
    kind: Type.Literal("chunk"),
    boundary: Type.Integer(),
    try: Type.String(),
    tenant: Type.String(),
    table: Type.String(),
    chunk: Type.Integer(),
    /** True: replaces the whole table (daily); false: increments to the version before. */
    whole: Type.Boolean(),
    entries: Type.Array(Type.Tuple([Type.String(), Type.Integer()])),
  }),
  Type.Object({
    kind: Type.Literal("marker"),
    boundary: Type.Integer(),
    try: Type.String(),
    chunks: Type.Integer(),
    /** `topic/partition` to the last boundary folded in. */
    folded: Type.Record(Type.String(), Type.Integer()),
    /** Next offset of `control` that is not folded in. */
    control: Type.Integer(),
  }),
]);
export type Table = Static<typeof Table>;

/** What operators decide that detection must know: lists, directory entries, verdicts. */
export const Control = Type.Object(
  {
    "@timestamp": time("When the operator said it."),
    "organization.id": word("Tenant."),
    "control.kind": Type.Union(
      [Type.Literal("list"), Type.Literal("directory"), Type.Literal("verdict")],
      { description: "What it is.", column: "LowCardinality(String)" },
    ),
    "control.name": Type.String({
      description: "List name (`devices.approved`), account, or anomaly id.",
      column: "String",
    }),
    "control.value": Type.String({ description: "Entry or value.", column: "String" }),
    "control.removed": Type.Boolean({ description: "True takes the entry back.", column: "Bool" }),
    "control.by": Type.String({ description: "Operator.", column: "String" }),
  },
  { $id: "control", title: "Control", additionalProperties: false },
);
export type Control = Static<typeof Control>;

/** Written by ingest to every partition of every events topic: all it had read up to `at` is appended. */
export const Heartbeat = Type.Object({
  kind: Type.Literal("heartbeat"),
  at: Type.Integer(),
  ingest: Type.String(),
});
export type Heartbeat = Static<typeof Heartbeat>;
