import { quoted } from "./ddl-columns.ts";
import type { StoredView, TableSpec } from "./ddl-tables.ts";
import { topics } from "./topics.ts";

/**
 * The view of a table: ECS names, `ts` beside `@timestamp`, repeats folded (`FINAL`; no key is in
 * two partitions, so each is folded by itself), so that `count()` over it is the truth.
 */
export function createView(database: string, table: TableSpec): string {
  const columns = table.columns.flatMap((column) => {
    if (column.field === undefined) return [];
    const selected =
      column.name === column.field
        ? quoted(column.name)
        : `${quoted(column.name)} AS ${quoted(column.field)}`;
    return column.field === "@timestamp" ? [selected, "`@timestamp` AS ts"] : [selected];
  });
  if (table.view === "anomalies") columns.push(alert(database));
  return [
    `CREATE OR REPLACE VIEW ${quoted(database)}.${quoted(table.view)} AS SELECT`,
    columns.map((column) => `  ${column}`).join(",\n"),
    `FROM ${quoted(database)}.${quoted(table.table)} FINAL`,
    "SETTINGS do_not_merge_across_partitions_select_final = 1",
  ].join("\n");
}

/** An anomaly alerts when the page budget let it through, which its incident says. */
const alert = (database: string): string =>
  `\`anomaly.id\` IN (SELECT arrayJoin(paged_anomaly_ids) FROM ${quoted(database)}.incidents_raw FINAL) AS \`anomaly.alert\``;

export interface StoredTopic {
  readonly topic: string;
  readonly view: StoredView;
}

/** Which topics the sink copies, and to which table each. */
export const storedTopics: readonly StoredTopic[] = Object.values(topics).flatMap((topic) =>
  "view" in topic && topic.view !== undefined
    ? [{ topic: topic.name, view: topic.view as StoredView }]
    : [],
);
