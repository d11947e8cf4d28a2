import { type Static, Type } from "typebox";
import { EntityKind, EntityRef, EvidenceFamily } from "./entity.ts";
import { decimal, flag, integer, json, text, texts, time, word } from "./fields.ts";

/** One line of an explanation: what was seen, what was expected, how much of the score it carries. */
export const Explanation = Type.Object(
  {
    feature: Type.String({ description: "What was looked at, for example `new device`." }),
    observed: Type.String({ description: "What was seen." }),
    expected: Type.String({ description: "Expected interval or value, in words." }),
    peers: Type.Optional(Type.String({ description: "How peers compare, `k of n`." })),
    share: Type.Number({ description: "Part of the score, 0–1; the shares sum to 1." }),
  },
  { additionalProperties: false },
);
export type Explanation = Static<typeof Explanation>;

/** What one detector found about one entity in one window. */
export const Anomaly = Type.Object(
  {
    "anomaly.id": text("hash(tenant, detector, version, entity, window start, discriminator)."),
    "@timestamp": time("Event time at which it fired."),
    "organization.id": word("Tenant."),
    "detector.name": word("Detector that raised it."),
    "detector.version": word("Its version."),
    "threat.technique.id": texts("MITRE ATT&CK technique ids of the detector."),
    "entity.type": {
      ...EntityKind,
      description: "Kind of entity.",
      column: "LowCardinality(String)",
    },
    "entity.id": text("Entity it is about."),
    "related.entities": json(Type.Array(EntityRef), "Further entities the evidence names."),
    "anomaly.p": Type.Union([Type.Number(), Type.Null()], {
      description: "Calibrated p-value of the entity's day, 0–1; null where the detector has none.",
      column: "Nullable(Float64)",
    }),
    "anomaly.score": decimal("Higher is odder, comparable over entities and days."),
    "anomaly.severity": integer("0–100.", { minimum: 0, maximum: 100, column: "UInt8" }),
    "anomaly.certain": flag("True when the detector counts as certain, not calibrated.", {
      column: "Bool",
    }),
    "anomaly.families": {
      ...Type.Array(EvidenceFamily),
      description: "Evidence families it stands for.",
      column: "Array(String)",
    },
    "anomaly.window.start": time("Start of the detector's fixed event-time window."),
    "anomaly.late": flag("Raised by a late event or one dated ahead of its arrival: never acts.", {
      column: "Bool",
    }),
    "event.ids": texts("Evidence, at most 32 event ids.", { maxItems: 32 }),
    "evidence.authenticated": flag("Every piece of evidence came by an authenticated sender.", {
      column: "Bool",
    }),
    "evidence.success": flag("At least one piece of evidence is a success.", { column: "Bool" }),
    "evidence.datasets": texts("Datasets of the evidence (which identity system it names)."),
    "source.ip": Type.Optional(text("Address the decisive event came from.")),
    "baseline.age_days": integer("Active days the entity's baseline has learned; -1 unknown."),
    "population.entity_days": integer("Entity-days the installation has learned."),
    "population.active_users": integer("Users active in the last 14 days."),
    message: text("One sentence: what was seen, what was expected, why it matters."),
    explanation: json(Type.Array(Explanation), "How the score came about."),
  },
  { $id: "anomaly", title: "Anomaly", additionalProperties: false },
);
export type Anomaly = Static<typeof Anomaly>;
