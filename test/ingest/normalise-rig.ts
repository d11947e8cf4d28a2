import type { Event } from "../../schemas/event.ts";
import type { Reject } from "../../schemas/reject.ts";
import { createNormaliser, type NormaliserConfig } from "../../ingest/normalise.ts";
import type { RawBatch } from "../../ingest/source.ts";

/** 2026-11-24T22:00:00Z: every fixture is written shortly before it. */
export const ARRIVAL = Date.UTC(2026, 10, 24, 22);

export interface RigOptions extends Partial<Omit<RawBatch, "records">> {
  readonly config?: Partial<NormaliserConfig>;
}

const bytes = (record: string | Buffer): Buffer =>
  typeof record === "string" ? Buffer.from(record) : record;

export function normalise(
  records: readonly (string | Buffer)[],
  options: RigOptions = {},
): { events: Event[]; rejects: Reject[] } {
  const { config, ...batch } = options;
  return createNormaliser({ geo: () => undefined, ...config })({
    provenance: {
      tenant: "default",
      transport: "http",
      senderId: "test",
      authenticated: true,
    },
    arrivedAt: ARRIVAL,
    ...batch,
    records: records.map(bytes),
  });
}

/** The one event of a record. */
export function event(record: string | Buffer, options: RigOptions = {}): Event {
  const { events, rejects } = normalise([record], options);
  if (events.length !== 1) throw new Error(`not one event: ${JSON.stringify(rejects)}`);
  return events[0]!;
}

/** The reject code of a record. */
export function rejectCode(record: string | Buffer, options: RigOptions = {}): string | undefined {
  return normalise([record], options).rejects[0]?.["reject.code"];
}
