import type { Logger } from "pino";
import type { TObject } from "typebox";

/** How a record came; the pipeline stamps it into `sender.*` and `organization.id`. */
export interface Provenance {
  readonly tenant: string;
  readonly transport: "http" | "syslog-tcp" | "syslog-udp" | "kafka" | "file";
  /** Credential, topic or file name. */
  readonly senderId: string;
  readonly peer?: string;
  readonly authenticated: boolean;
}

/** Raw bytes that came in one request, datagram, connection read, Kafka message or file slice. */
export interface RawBatch {
  readonly provenance: Provenance;
  /** Fixed by configuration; undefined = sniff each record. */
  readonly dataset?: string;
  readonly timezone?: string;
  readonly records: readonly Buffer[];
  /** Ordinals restart per batch, but on a TCP connection count on over its last 4 096 records. */
  readonly ordinals?: (record: Buffer) => number;
  /** Epoch ms at which the batch arrived (record time on Kafka). */
  readonly arrivedAt: number;
}

/** Resolves once everything of the batch is durable; waits (back-pressure) while we are full. */
export type Accept = (
  batch: RawBatch,
) => Promise<{ readonly events: number; readonly rejects: number }>;

export interface SourceContext<Params> {
  readonly params: Params;
  readonly accept: Accept;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

export interface OpenSource {
  /** Where it listens or reads, for the start-up lines. */
  readonly address: string;
  /** Stops taking in, finishes what is in flight. */
  close(): Promise<void>;
}

/** A transport. `open` resolves when it is ready to take records. */
export interface Source<Params = unknown> {
  readonly name: string;
  readonly title: string;
  readonly params: TObject;
  open(context: SourceContext<Params>): Promise<OpenSource>;
}
