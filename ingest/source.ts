import type { Logger } from "pino";
import type { TObject } from "typebox";
import type { EventLog } from "../platform/event-log/port.ts";
import type { Metrics } from "../platform/metrics.ts";

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
  /** What the transport itself could not frame: it becomes rejects, beside `records`. */
  readonly refused?: readonly Refused[];
  /**
   * Name of the file that this is a backlog of: arrival is then derived from the event times, and
   * heartbeats are held to the smallest event time of the latest batch until `position` ends it.
   */
  readonly backlog?: string;
  /** True: the events are learned from, and never lead to an anomaly or action. */
  readonly historical?: boolean;
}

/** Bytes that are no record: too long, cut off, badly framed. */
export interface Refused {
  /** As much of it as is kept. */
  readonly bytes: Buffer;
  /** snake_case and stable. */
  readonly code: string;
  /** One sentence: what was wrong and where. */
  readonly reason: string;
}

export interface Accepted {
  readonly events: number;
  readonly rejects: number;
  /** Reasons of the first rejects, at most 5. */
  readonly reasons: readonly string[];
}

/**
 * Resolves once everything of the batch is durable; waits (back-pressure) while we are full. A log
 * that does not answer is tried again for ever, or, for a sender that can be told, until `patienceMs`
 * have passed. @throws METSUKE_LOG_UNAVAILABLE then: the batch may still become durable later, and
 * sent again it folds by id.
 */
export type Accept = (
  batch: RawBatch,
  options?: { readonly patienceMs?: number },
) => Promise<Accepted>;

export interface SourceContext<Params> {
  readonly params: Params;
  readonly accept: Accept;
  readonly log: Logger;
  readonly signal: AbortSignal;
  /** For sources that read topics or keep their position in the log. */
  readonly eventLog: EventLog;
  readonly metrics: Metrics;
  /** Epoch ms. */
  readonly now: () => number;
  /** True while nothing more should be read: the moment to refuse before reading a body. */
  readonly full: () => boolean;
  /**
   * Where reader `key` stands in its backlog (epoch ms): everything it will still hand over arrived
   * at or after `at`. Heartbeats never pass it. `undefined` ends the backlog.
   */
  readonly position: (key: string, at: number | undefined) => void;
  /** How far a file is read, in bytes. */
  readonly progress?: (path: string, read: number, size: number) => void;
}

export interface OpenSource {
  /** Where it listens or reads, for the start-up lines. */
  readonly address: string;
  /** Resolves when a source that has an end (files read once) has handed everything over. */
  readonly done?: Promise<void>;
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
