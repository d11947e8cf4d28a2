import { type Row, rowOf } from "../../schemas/ddl-rows.ts";
import type { StoredView } from "../../schemas/ddl-tables.ts";
import type { StoredRecord } from "../event-log/port.ts";

/** Header `schema` of the records that become rows of a view. */
const schemaOf: Readonly<Record<StoredView, string>> = {
  events: "event",
  rejects: "reject",
  anomalies: "casework",
  scores: "score",
  incidents: "incident",
  actions: "action",
  control: "control",
};

/** The rows of one log record, and sentences about lines that make none. */
export interface RecordRows {
  readonly rows: readonly Extract<Row, { readonly line: string }>[];
  readonly malformed: readonly string[];
}

const none: RecordRows = { rows: [], malformed: [] };

/** Never throws: whatever a record holds, the sink goes on. */
export function rowsOf(view: StoredView, record: StoredRecord): RecordRows {
  const [schema, major] = (record.headers["schema"] ?? `${schemaOf[view]}/1`).split("/");
  if (schema === "heartbeat") return none;
  if (schema !== schemaOf[view] || major !== "1") {
    return { rows: [], malformed: [`schema ${schema}/${major} is not ${schemaOf[view]}/1`] };
  }
  const rows: Extract<Row, { readonly line: string }>[] = [];
  const malformed: string[] = [];
  for (const line of record.value.toString("utf8").split("\n")) {
    if (line.trim() === "") continue;
    const row = rowOfLine(view, line, record.appendedAt);
    if (row === undefined) continue;
    if ("malformed" in row) malformed.push(row.malformed);
    else rows.push(row);
  }
  return { rows, malformed };
}

function rowOfLine(view: StoredView, line: string, appendedAt: number): Row | undefined {
  const value = parsed(line);
  if (value === undefined) return { malformed: "not a JSON object" };
  if (view !== "anomalies") return rowOf(view, value, appendedAt, line);
  if (value["kind"] !== "anomaly") return undefined;
  const anomaly = value["anomaly"];
  return isObject(anomaly)
    ? rowOf(view, anomaly, appendedAt)
    : { malformed: "anomaly is not an object" };
}

function parsed(line: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : undefined;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);
