import { Action } from "../../schemas/action.ts";
import { Anomaly } from "../../schemas/anomaly.ts";
import { Event } from "../../schemas/event.ts";
import { Control } from "../../schemas/exchange.ts";
import { Incident } from "../../schemas/incident.ts";
import { Reject } from "../../schemas/reject.ts";
import { Score } from "../../schemas/score.ts";
import { topics } from "../../schemas/topics.ts";
import { code, page, table } from "./markdown.ts";

/** Records that have a table and a view of their own. */
export const records = { Event, Reject, Anomaly, Score, Incident, Action, Control } as const;

interface Column {
  readonly description?: string;
  readonly column?: string;
}

export function fieldsPage(): string {
  const sections = Object.entries(records).map(([name, schema]) => {
    const required = new Set<string>(schema.required ?? []);
    const rows = Object.entries(schema.properties as Readonly<Record<string, Column>>).map(
      ([field, spec]) => [
        code(field),
        code(spec.column ?? "String"),
        required.has(field) ? "yes" : "",
        spec.description ?? "",
      ],
    );
    return `## ${name}\n\n${table(["field", "ClickHouse column", "always", "meaning"], rows)}`;
  });
  return page(
    "Fields",
    "Every record, field by field. Names are those of the Elastic Common Schema; the same word is the " +
      "JSON key, the TypeScript property and the column of the view.",
    ...sections,
  );
}

export function topicsPage(): string {
  const rows = Object.values(topics).map((topic) => [
    code(topic.name),
    topic.partitions === "configured" ? "as configured" : String(topic.partitions),
    topic.writtenBy,
    topic.retentionMs === 0
      ? "last two full checkpoints"
      : `${topic.retentionMs / 86_400_000} days`,
    topic.view === undefined ? "" : code(topic.view),
    topic.description,
  ]);
  return page(
    "Topics",
    "Stages never call each other; they meet in these topics. The same table creates them on Kafka.",
    table(["topic", "partitions", "written by", "kept", "view", "what"], rows),
  );
}
