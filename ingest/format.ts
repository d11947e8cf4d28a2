import type { Event } from "../schemas/event.ts";

/** What a format says of one event; the pipeline adds identity, provenance, geo, id and original. */
export type ParsedEvent = Omit<
  Partial<Event>,
  "event.id" | "event.original" | "event.original_encoding" | "event.ingested" | "organization.id"
> & {
  /** RFC 3339, or epoch ms; undefined takes the time of arrival. */
  readonly "@timestamp"?: string;
};

export interface ParsedRecord {
  readonly event: ParsedEvent;
  /** Id the source itself guarantees, where it has one. */
  readonly nativeId?: string;
  /**
   * The time exactly as the source wrote it: part of the event id, and what `@timestamp` is read from
   * where the event has none (RFC 3339, RFC 3164, or epoch in s, ms, us or ns).
   */
  readonly timeAsWritten?: string;
}

/** Why a record could not become an Event. `code` is snake_case and stable. */
export interface ParseFailure {
  readonly code: string;
  /** One sentence: what was wrong and where. */
  readonly reason: string;
}

export type FlatDocument = Readonly<Record<string, unknown>>;

/** A syslog header as read from the wire or from a shipper's line. */
export interface SyslogHeader {
  readonly timestamp?: string;
  readonly host?: string;
  readonly program?: string;
  readonly pid?: string;
  readonly facility?: number;
  readonly severity?: number;
  readonly messageId?: string;
}

/** What is known of a raw record before its meaning is: one view, made once, for all formats. */
export interface RawRecord {
  /** The record as text, control characters and trailing newline, NUL and BOM removed. */
  readonly text: string;
  /** The document when the record is JSON, else undefined. Its objects are as JSON.parse makes them: look fields up in `flat`. */
  readonly json: Readonly<Record<string, unknown>> | undefined;
  /** The same document as dotted key → scalar or array, without a prototype: nested and flat input look alike. */
  readonly flat: FlatDocument | undefined;
  /** Header and message when it is syslog or a JSON document that a syslog daemon made. */
  readonly syslog: (SyslogHeader & { readonly message: string }) | undefined;
  /** Epoch ms of arrival: years missing in the record are chosen against it. */
  readonly arrivedAt: number;
  /** IANA zone for times without one. */
  readonly timezone: string;
  /** Id that the shipper or journal guarantees for this record. */
  readonly nativeId?: string;
}

/**
 * A log format: pure meaning, raw record → events. `parse` never throws for bad input; it returns a
 * failure. A record that holds several events gives several.
 */
export interface Format {
  /** Dataset name, for example `linux.sshd`. */
  readonly name: string;
  readonly title: string;
  /** 0–1: how sure it is that the record is its own; the greatest wins, 0 is no. */
  sniff(raw: RawRecord): number;
  parse(raw: RawRecord): readonly ParsedRecord[] | ParseFailure;
}
