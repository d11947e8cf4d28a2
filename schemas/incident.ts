import { type Static, Type } from "typebox";
import { EntityRef } from "./entity.ts";
import { decimal, integer, json, text, texts, time, word } from "./fields.ts";

/**
 * What the page budget decided about an anomaly: `paged`; `over_budget`: the pages of the day or of
 * the last 24 hours were used up; `folded`: its entity was paged within three days and nothing
 * tenfold rarer or newly certain came; `slight`: severity under 40; `late`: by a late event.
 */
export const PageDecision = Type.Union([
  Type.Literal("paged"),
  Type.Literal("over_budget"),
  Type.Literal("folded"),
  Type.Literal("slight"),
  Type.Literal("late"),
]);
export type PageDecision = Static<typeof PageDecision>;

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
    "page.decisions": Type.Optional(
      Type.Array(Type.Union([PageDecision, Type.Literal("")]), {
        description:
          "What the page budget decided about each of `anomaly.ids`, in their order: paged, over_budget, folded, slight or late; empty where a former version decided.",
        column: "Array(String)",
      }),
    ),
    "page.days": Type.Optional(
      texts("Day of the organisation's zone that each of `anomaly.ids` counts to, in their order."),
    ),
    "page.promise": Type.Optional(
      decimal("Pages a day that were promised when its latest anomaly joined."),
    ),
    "incident.families": texts("Evidence families seen."),
    "incident.risk": decimal("0–100, for ordering and display only."),
    message: text("One sentence for a person."),
  },
  { $id: "incident", title: "Incident", additionalProperties: false },
);
export type Incident = Static<typeof Incident>;
