import { isUtf8 } from "node:buffer";
import { errorText } from "../platform/errors.ts";
import type { Event } from "../schemas/event.ts";
import { hash128 } from "../schemas/ids.ts";
import type { Reject } from "../schemas/reject.ts";
import type { RawBatch, Refused } from "./source.ts";
import { ordinalsOf } from "./sources/ordinals.ts";

export interface Normalised {
  readonly events: readonly Event[];
  readonly rejects: readonly Reject[];
}

export type Normalise = (batch: RawBatch) => Normalised;

function rejectOf(batch: RawBatch, refused: Refused, ordinal: number): Reject {
  const { provenance } = batch;
  const utf8 = isUtf8(refused.bytes);
  const original = refused.bytes.toString(utf8 ? "utf8" : "latin1");
  const { tenant, senderId } = provenance;
  return {
    "reject.id": hash128(tenant, senderId, original, utf8 ? "" : "latin1", String(ordinal)),
    "@timestamp": new Date(batch.arrivedAt).toISOString(),
    "reject.code": refused.code,
    "reject.reason": `${refused.code}: ${refused.reason}`,
    "reject.original": original,
    ...(utf8 ? {} : { "reject.original_encoding": "latin1" }),
    ...(batch.dataset === undefined ? {} : { "event.dataset": batch.dataset }),
    "organization.id": tenant,
    "sender.transport": provenance.transport,
    "sender.id": senderId,
    ...(provenance.peer === undefined ? {} : { "sender.ip": provenance.peer }),
    "sender.authenticated": provenance.authenticated,
  };
}

/**
 * Normalises a batch so that a defect in a parser costs one record, not the stream: when the batch
 * fails, its records are tried one by one and the failing ones become rejects.
 */
export function normaliseSafely(
  normalise: Normalise,
  batch: RawBatch,
  onError: (error: unknown) => void,
): Normalised {
  const refusedOrdinal = ordinalsOf((batch.refused ?? []).map(({ bytes }) => bytes));
  const refused = (batch.refused ?? []).map((one) =>
    rejectOf(batch, one, refusedOrdinal(one.bytes)),
  );
  if (batch.records.length === 0) return { events: [], rejects: refused };
  try {
    const { events, rejects } = normalise(batch);
    return { events, rejects: refused.length === 0 ? rejects : [...refused, ...rejects] };
  } catch (error) {
    onError(error);
  }
  const events: Event[] = [];
  const rejects = refused;
  const ordinals = batch.ordinals ?? ordinalsOf(batch.records);
  for (const record of batch.records) {
    try {
      const one = normalise({ ...batch, records: [record], ordinals });
      events.push(...one.events);
      rejects.push(...one.rejects);
    } catch (error) {
      const reason = `the normaliser failed on it (${errorText(error).slice(0, 200)})`;
      const failure = { bytes: record, code: "normaliser_failed", reason };
      rejects.push(rejectOf(batch, failure, ordinals(record)));
    }
  }
  return { events, rejects };
}
