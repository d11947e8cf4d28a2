import type { EventLog } from "./port.ts";

export interface EmbeddedOptions {
  /** Data folder; created when missing. One process at a time. */
  readonly dir: string;
  /** Size of the address range, in bytes; the file is sparse. Default 1 TiB. */
  readonly mapSizeBytes?: number;
  /** Bytes kept at most per partition of the topics `events*`. Default 10 GiB. */
  readonly eventsBytes?: number;
  /** Time between two trims, in ms; 0 = only when `trim` is called. Default 10 minutes. */
  readonly trimEveryMs?: number;
}

export interface EmbeddedLog extends EventLog {
  /** Deletes, from the front, what is older than its topic's retention at `now` (epoch ms) or beyond its bytes. */
  trim(now: number): Promise<void>;
}

/** @throws METSUKE_DATA_IN_USE, METSUKE_LOG_UNAVAILABLE */
export function openEmbeddedLog(_options: EmbeddedOptions): Promise<EmbeddedLog> {
  throw new Error("being written");
}
