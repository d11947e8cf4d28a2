import { type Static, Type } from "typebox";
import { EntityRef } from "./entity.ts";
import { decimal, integer, json, text, texts, time, word } from "./fields.ts";

/** What a person works on: anomalies that belong together. The greatest revision of an id counts. */
export const Incident = Type.Object(
  {
    "incident.id": text("hash(tenant, id of its first anomaly)."),
    "incident.revision": integer("Grows with every change; readers keep the greatest."),
    "organization.id": word("Tenant."),
    "@timestamp": time("Event time of its first anomaly."),
    "incident.last": time("Event time of its latest anomaly."),
    "incident.entities": json(Type.Array(EntityRef), "Entities it is about, first one first."),
    "anomaly.ids": texts("Its anomalies, oldest first, at most 256."),
    "paged.anomaly.ids": texts("Those among them that the page budget let through."),
    "incident.families": texts("Evidence families seen."),
    "incident.risk": decimal("0–100, for ordering and display only."),
    message: text("One sentence for a person."),
  },
  { $id: "incident", title: "Incident", additionalProperties: false },
);
export type Incident = Static<typeof Incident>;
