import type { AppendBatch, LogRecord, StoredRecord } from "../../platform/event-log/port.ts";
import type { Casework } from "../../schemas/casework.ts";
import type { Event } from "../../schemas/event.ts";
import type { Heartbeat } from "../../schemas/exchange.ts";
import { HISTORICAL, routingKey, topics } from "../../schemas/topics.ts";
import { linesOf } from "../exchange/reading.ts";
import type { Outputs } from "./outputs.ts";

export type Input =
  | { readonly kind: "events"; readonly events: readonly Event[]; readonly historical: boolean }
  | { readonly kind: "heartbeat"; readonly beats: readonly Heartbeat[] }
  | { readonly kind: "unknown"; readonly schema: string };

/** Reads a record of an `events*` topic by its `schema` header. @throws METSUKE_LOG_CORRUPT. */
export function readInput(record: StoredRecord, topic: string): Input {
  const schema = record.headers["schema"] ?? "";
  if (schema.startsWith("event/")) {
    const historical = record.headers[HISTORICAL] !== undefined;
    return { kind: "events", events: linesOf<Event>(record, topic), historical };
  }
  if (schema.startsWith("heartbeat/")) {
    return { kind: "heartbeat", beats: linesOf<Heartbeat>(record, topic) };
  }
  return { kind: "unknown", schema };
}

const PACK_ROWS = 500;
/** Characters after which a record is full: far below the log's record limit. */
const PACK_CHARS = 400_000;

/** Packs rows of one key after another into records, in order. */
function pack<Row>(
  schema: string,
  rows: readonly Row[],
  keyOf: (row: Row) => string,
): readonly LogRecord[] {
  const records: LogRecord[] = [];
  let lines: string[] = [];
  let chars = 0;
  let key = "";
  const flush = () => {
    if (lines.length === 0) return;
    records.push({ key, value: Buffer.from(lines.join("\n")), headers: { schema } });
    lines = [];
    chars = 0;
  };
  for (const row of rows) {
    const rowKey = keyOf(row);
    if (rowKey !== key || lines.length >= PACK_ROWS || chars >= PACK_CHARS) flush();
    key = rowKey;
    const line = JSON.stringify(row);
    lines.push(line);
    chars += line.length;
  }
  flush();
  return records;
}

/**
 * Batches in the order in which they must become durable: what others build on first. `now` (epoch ms)
 * is the writer's time in casework.
 */
export function batchesOf(outputs: Outputs, now: number): readonly AppendBatch[] {
  const cases = outputs.anomalies.map((anomaly): Casework => ({
    kind: "anomaly",
    at: now,
    anomaly,
  }));
  const tenantOf = (row: Casework): string =>
    row.kind === "anomaly" ? row.anomaly["organization.id"] : "";
  const batch = (topic: string, records: readonly LogRecord[]): AppendBatch => ({
    topic,
    partition: 0,
    records,
  });
  return [
    batch(
      topics.tables.name,
      pack("table/1", outputs.tables, () => ""),
    ),
    batch(
      topics.deltas.name,
      pack("delta/1", outputs.deltas, (row) => `${row.topic}/${row.partition}`),
    ),
    batch(topics.casework.name, pack("casework/1", cases, tenantOf)),
    batch(
      topics.scores.name,
      pack("score/1", outputs.scores, (row) =>
        routingKey(row["organization.id"], row["entity.id"]),
      ),
    ),
  ].filter(({ records }) => records.length > 0);
}
