import { type Static, Type } from "typebox";
import { EntityKind } from "./entity.ts";
import { decimal, integer, text, time, word } from "./fields.ts";

/** How odd an entity's day was; the last record of a day counts. */
export const Score = Type.Object(
  {
    "organization.id": word("Tenant."),
    "@timestamp": time("Event time at which it was computed."),
    "detector.name": word("Detector that scored."),
    "detector.version": word("Its version."),
    "entity.type": {
      ...EntityKind,
      description: "Kind of entity.",
      column: "LowCardinality(String)",
    },
    "entity.id": text("Entity."),
    day: word("YYYY-MM-DD of the entity's own zone.", { pattern: "^\\d{4}-\\d\\d-\\d\\d$" }),
    "anomaly.p": Type.Union([Type.Number(), Type.Null()], {
      description: "Calibrated p-value of the day; null while tables are too thin.",
      column: "Nullable(Float64)",
    }),
    "anomaly.score": decimal("Higher is odder; there even when p is null."),
    "baseline.age_days": integer("Active days learned before this one."),
    "score.closed": Type.Boolean({ description: "True when the day is closed.", column: "Bool" }),
  },
  { $id: "score", title: "Score", additionalProperties: false },
);
export type Score = Static<typeof Score>;
