import type { Event } from "../schemas/event.ts";
import type { Reject } from "../schemas/reject.ts";
import type { GeoLookup, Network } from "./geo.ts";
import type { RawBatch } from "./source.ts";

export interface Limits {
  /** Greatest record in bytes that is parsed; a longer one is rejected as `too_large`. Default 1 MiB. */
  readonly recordBytes: number;
  /** Bytes of a rejected record that are kept. Default 16 MiB; a log with a message limit needs less. */
  readonly keptBytes: number;
}

export interface NormaliserConfig {
  /** dataset → domain: accounts of that dataset resolve to `name@domain`. */
  readonly identityDomains?: Readonly<Record<string, string>>;
  readonly networks?: readonly Network[];
  readonly geo: GeoLookup;
  readonly limits?: Partial<Limits>;
}

export interface Normalised {
  readonly events: Event[];
  readonly rejects: Reject[];
}

/** Raw records → Events and Rejects, in order; a record gives events or exactly one reject. Never throws. */
export type Normaliser = (batch: RawBatch) => Normalised;

export function createNormaliser(_config: NormaliserConfig): Normaliser {
  return () => ({ events: [], rejects: [] });
}
