import type { FlatDocument, SyslogHeader } from "./format.ts";
import { readSyslog, readTag, type SyslogRecord } from "./syslog-header.ts";
import { textOf, visible } from "./values.ts";

/**
 * Where daemons and shippers put a syslog record's parts when they write JSON: rsyslog (jsonf,
 * jsonmesg), syslog-ng (format-json), journald, Beats, Vector, Fluent Bit, Logstash, GELF.
 */
const messageKeys = ["message", "MESSAGE", "msg", "log", "syslog_message", "short_message", "MSG"];
const tagKeys = ["syslogtag", "syslog-tag", "syslog_tag"];
const programKeys = [
  "_COMM",
  "SYSLOG_IDENTIFIER",
  "programname",
  "program",
  "PROGRAM",
  "appname",
  "app-name",
  "app_name",
  "APP-NAME",
  "ident",
  "syslog_program",
  "log.syslog.appname",
  "journald.process.name",
  "syslog.identifier",
  "syslog_identifier",
  "process.name",
  "process.program",
  "application_name",
  "_application_name",
];
const pidKeys = [
  "_PID",
  "SYSLOG_PID",
  "procid",
  "pid",
  "PID",
  "PROCID",
  "syslog_pid",
  "log.syslog.procid",
  "process.pid",
  "journald.pid",
  "_process_id",
];
const hostKeys = [
  "_HOSTNAME",
  "hostname",
  "HOSTNAME",
  // A daemon's own words go before `host`, which may be the collector's.
  "log.syslog.hostname",
  "syslog_hostname",
  "logsource",
  "host",
  "HOST",
  "host.hostname",
  "host.name",
  "fromhost",
  "source",
];
const timeKeys = [
  "_SOURCE_REALTIME_TIMESTAMP",
  "__REALTIME_TIMESTAMP",
  "timereported",
  "ISODATE",
  "R_ISODATE",
  "timestamp",
  "TIMESTAMP",
  "syslog_timestamp",
  "@timestamp",
  "time",
  "date",
  "DATE",
  "timegenerated",
];

/** Shippers call many things a tag; only `name[pid]:` or `name:` is a syslog one. */
function tagOf(flat: FlatDocument): string | undefined {
  const named = first(flat, tagKeys);
  if (named !== undefined) return named;
  const tag = first(flat, ["tag", "TAG"]);
  return tag !== undefined && /^[^\s:[\]]{1,128}(?:\[\d{1,10}\]:?|:)$/.test(tag) ? tag : undefined;
}

function first(flat: FlatDocument, keys: readonly string[]): string | undefined {
  for (const key of keys) {
    const value = flat[key];
    if (value === undefined) continue;
    const text = textOf(value);
    if (text !== undefined) return text;
  }
  return undefined;
}

/** journald writes a message that is not UTF-8 as a list of bytes. */
function bytesAsText(value: unknown): string | undefined {
  if (!Array.isArray(value) || value.length === 0) return undefined;
  const bytes = value as unknown[];
  const valid = bytes.every(
    (item) => Number.isInteger(item) && Number(item) >= 0 && Number(item) < 256,
  );
  return valid ? Buffer.from(bytes as number[]).toString("latin1") : undefined;
}

/** The text that a shipper carried, if this document is one's envelope. */
export const carriedText = (flat: FlatDocument): string | undefined =>
  first(flat, messageKeys) ?? bytesAsText(flat["MESSAGE"]);

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function assign<K extends keyof SyslogHeader>(
  header: Writable<SyslogHeader>,
  key: K,
  value: SyslogHeader[K] | undefined,
): void {
  if (value !== undefined) header[key] = value;
}

/**
 * The syslog record inside a JSON document: from its fields when one names the program, else from the
 * header in front of the carried text. `_COMM` (the kernel's word) goes before `SYSLOG_IDENTIFIER`,
 * which any local user may choose.
 */
export function envelopeSyslog(flat: FlatDocument): SyslogRecord | undefined {
  const carried = carriedText(flat);
  if (carried === undefined) return undefined;
  const message = visible(carried.trimEnd());
  const inner = readSyslog(message);
  const tag = tagOf(flat);
  const program = first(flat, programKeys);
  const header: Writable<SyslogHeader> = {};
  assign(header, "timestamp", first(flat, timeKeys));
  assign(header, "host", first(flat, hostKeys));
  if (inner?.program !== undefined) return { ...header, ...inner };
  if (program === undefined && tag === undefined) {
    return inner === undefined ? undefined : { ...header, ...inner };
  }
  const tagged = tag === undefined ? undefined : readTag(tag);
  const named = readTag(program ?? "");
  assign(header, "program", program === undefined ? tagged?.program : named.program);
  assign(header, "pid", first(flat, pidKeys) ?? tagged?.pid ?? named.pid);
  return { ...header, message: message.trimStart() };
}

/** Cursor of a journal entry, or the id a Beat gave the document. */
export const envelopeId = (flat: FlatDocument): string | undefined =>
  first(flat, ["__CURSOR", "@metadata._id"]);
