import type { AppendBatch, LogRecord } from "../platform/event-log/port.ts";
import type { Event } from "../schemas/event.ts";
import { partitionOf } from "../schemas/ids.ts";
import type { Reject } from "../schemas/reject.ts";
import { entityOf, eventKey, HISTORICAL, routingKey, topics } from "../schemas/topics.ts";
import { projectionOf } from "./projection.ts";

/** One JSON line on its way to one partition. */
export interface Line {
  readonly topic: string;
  readonly partition: number;
  readonly schema: "event/1" | "reject/1";
  readonly text: string;
  /** UTF-8 bytes of `text`. */
  readonly bytes: number;
  /** True: learned from, and never acted on. */
  readonly historical?: boolean;
}

export type ProjectionTopic = "bySource" | "byHost" | "byDevice";

const kindOf = { bySource: "source", byHost: "host", byDevice: "device" } as const;

/** A record of several lines stays below this many bytes; a longer line travels alone. */
export const PACK_BYTES = 500_000;

/** A line above this cannot be appended (Kafka takes 1 MB a request and never splits). */
export const MAX_LINE_BYTES = 900_000;

function textOf(value: unknown): Pick<Line, "text" | "bytes"> {
  const text = JSON.stringify(value);
  return { text, bytes: Buffer.byteLength(text) };
}

const lineOf = (target: Pick<Line, "topic" | "partition" | "schema">, value: unknown): Line => ({
  ...target,
  ...textOf(value),
});

export function rejectLine(reject: Reject): Line {
  const target = { topic: topics.rejects.name, partition: 0, schema: "reject/1" } as const;
  let line = lineOf(target, reject);
  // JSON may spend six bytes on one character: cut until it fits rather than guess.
  let keep = MAX_LINE_BYTES;
  while (line.bytes > MAX_LINE_BYTES) {
    keep = Math.floor(keep / 2);
    line = lineOf(target, {
      ...reject,
      "reject.original": reject["reject.original"].slice(0, keep),
      "reject.reason":
        `${reject["reject.reason"].slice(0, 1_000)} ` +
        `(first ${keep} of ${reject["reject.original"].length} characters kept)`,
    });
  }
  return line;
}

/** A record whose Event outgrew what one line may hold. */
function oversize(event: Event, bytes: number): Reject {
  const said = <K extends keyof Event & keyof Reject>(field: K): Pick<Event, K> | object =>
    event[field] === undefined ? {} : { [field]: event[field] };
  return {
    "reject.id": event["event.id"],
    "@timestamp": event["event.ingested"] ?? event["@timestamp"],
    "reject.code": "event_too_large",
    "reject.reason": `event_too_large: as an event it takes ${bytes} bytes, at most ${MAX_LINE_BYTES} fit`,
    "reject.original": event["event.original"] ?? "",
    ...said("event.dataset"),
    ...said("sender.transport"),
    ...said("sender.id"),
    ...said("sender.ip"),
    ...said("sender.authenticated"),
    "organization.id": event["organization.id"] ?? "default",
  };
}

/** Lines of one event: `events` and the projections it has an entity for; or its reject. */
export function linesOf(
  event: Event,
  partitions: number,
  projections: readonly ProjectionTopic[],
): { readonly lines: readonly Line[]; readonly reject?: Reject } {
  const main = lineOf(
    {
      topic: topics.events.name,
      partition: partitionOf(eventKey(event), partitions),
      schema: "event/1",
    },
    event,
  );
  if (main.bytes > MAX_LINE_BYTES) {
    const reject = oversize(event, main.bytes);
    return { lines: [rejectLine(reject)], reject };
  }
  const lines = [main];
  const tenant = event["organization.id"] ?? "default";
  let small: Pick<Line, "text" | "bytes"> | undefined;
  for (const projection of projections) {
    const id = entityOf(event, kindOf[projection]);
    if (id === undefined) continue;
    // One text for all of them: they differ in where they go only.
    small ??= textOf(projectionOf(event));
    const topic = topics[projection].name;
    const partition = partitionOf(routingKey(tenant, id), partitions);
    lines.push({ topic, partition, schema: "event/1", ...small });
  }
  return { lines };
}

interface Pile {
  readonly topic: string;
  readonly partition: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly records: LogRecord[];
  texts: string[];
  bytes: number;
}

function closePack(pile: Pile): void {
  if (pile.texts.length === 0) return;
  const value = Buffer.from(`${pile.texts.join("\n")}\n`);
  pile.records.push({ value, headers: pile.headers });
  pile.texts = [];
  pile.bytes = 0;
}

/** NDJSON packs per topic and partition, lines in the order given. */
export function pack(lines: Iterable<Line>): AppendBatch[] {
  const piles = new Map<string, Pile>();
  for (const line of lines) {
    const historical = line.historical === true ? "/historical" : "";
    const name = `${line.topic}/${line.partition}${historical}`;
    let pile = piles.get(name);
    if (pile === undefined) {
      const { topic, partition, schema } = line;
      const headers = historical === "" ? { schema } : { schema, [HISTORICAL]: "1" };
      pile = { topic, partition, headers, records: [], texts: [], bytes: 0 };
      piles.set(name, pile);
    }
    if (pile.bytes + line.bytes > PACK_BYTES) closePack(pile);
    pile.texts.push(line.text);
    pile.bytes += line.bytes + 1;
  }
  const batches: AppendBatch[] = [];
  for (const pile of piles.values()) {
    closePack(pile);
    batches.push({ topic: pile.topic, partition: pile.partition, records: pile.records });
  }
  return batches;
}

/** One heartbeat for every partition of the named topics. */
export function heartbeats(
  at: number,
  ingest: string,
  target: { readonly topics: readonly string[]; readonly partitions: number },
): AppendBatch[] {
  const value = Buffer.from(`${JSON.stringify({ kind: "heartbeat", at, ingest })}\n`);
  const record: LogRecord = { value, headers: { schema: "heartbeat/1" } };
  return target.topics.flatMap((topic) =>
    Array.from({ length: target.partitions }, (_, partition) => ({
      topic,
      partition,
      records: [record],
    })),
  );
}
