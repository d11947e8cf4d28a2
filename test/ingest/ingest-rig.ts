import { Value } from "typebox/value";
import type { TObject } from "typebox";
import { pino } from "pino";
import { type Ingest, type IngestOptions, createIngest } from "../../ingest/role.ts";
import type { Normalise } from "../../ingest/role-normalise.ts";
import { createMetrics } from "../../platform/metrics.ts";
import type { Event } from "../../schemas/event.ts";
import { hash128 } from "../../schemas/ids.ts";
import type { Source } from "../../ingest/source.ts";
import { type MemoryLog, createMemoryLog } from "./memory-log.ts";

/**
 * A stand-in for the real normaliser: JSON objects become events as they are, `throw` breaks it,
 * anything that starts with `bad` is a reject, other text is an event with the text as message.
 */
export const plainNormalise: Normalise = (batch) => {
  const events: Event[] = [];
  const rejects = [];
  for (const record of batch.records) {
    const text = record.toString();
    if (text === "throw") throw new Error("parser broke");
    const ordinal = batch.ordinals?.(record) ?? 0;
    const id = hash128(batch.provenance.senderId, text, String(ordinal));
    const at = new Date(batch.arrivedAt).toISOString();
    const sender = {
      "organization.id": batch.provenance.tenant,
      "sender.id": batch.provenance.senderId,
      "sender.transport": batch.provenance.transport,
      "sender.authenticated": batch.provenance.authenticated,
    };
    if (text.startsWith("bad")) {
      const reason = { "reject.code": "bad", "reject.reason": "bad: it says so" };
      rejects.push({
        "reject.id": id,
        "@timestamp": at,
        ...reason,
        ...sender,
        "reject.original": text,
      });
      continue;
    }
    const said = text.startsWith("{") ? (JSON.parse(text) as Partial<Event>) : { message: text };
    events.push({
      "@timestamp": at,
      "event.dataset": batch.dataset ?? "test",
      "event.original": text,
      "event.ingested": at,
      ...said,
      ...sender,
      "event.id": id,
    });
  }
  return { events, rejects };
};

export interface Rig {
  readonly memory: MemoryLog;
  readonly ingest: Ingest;
  readonly metrics: ReturnType<typeof createMetrics>;
  readonly warnings: string[];
  /** Messages of the events, in log order. */
  messages(): unknown[];
  open<Params>(source: Source<Params>, params?: object): ReturnType<Ingest["open"]>;
}

export const paramsOf = <Params>(source: { readonly params: TObject }, given: object): Params =>
  Value.Default(source.params, structuredClone(given)) as Params;

export function createRig(
  options: Partial<IngestOptions> & { readonly memory?: MemoryLog } = {},
): Rig {
  const memory = options.memory ?? createMemoryLog(options.now);
  const metrics = createMetrics();
  const warnings: string[] = [];
  const logger = pino({ level: "warn" }, { write: (line: string) => warnings.push(line) });
  const ingest = createIngest({
    log: memory.log,
    normalise: plainNormalise,
    partitions: 1,
    projections: [],
    logger,
    metrics,
    ingestId: "ingest-1",
    now: Date.now,
    backoffMs: 1,
    ...options,
  });
  return {
    memory,
    ingest,
    metrics,
    warnings,
    messages: () => memory.lines("events").map((line) => line["message"]),
    open: (source, params = {}) => ingest.open(source, paramsOf(source, params)),
  };
}
