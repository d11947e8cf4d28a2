import { isUtf8 } from "node:buffer";
import { carriedText, envelopeId, envelopeSyslog } from "./envelope.ts";
import type { ParseFailure, RawRecord } from "./format.ts";
import { type JsonDocument, readJson } from "./json.ts";
import { readSyslog, type SyslogRecord } from "./syslog-header.ts";
import { visible, wellFormed } from "./values.ts";

/** The bytes of a record as text, reversibly. */
export interface Original {
  readonly text: string;
  readonly encoding: "latin1" | undefined;
}

export interface Arrival {
  readonly arrivedAt: number;
  readonly timezone: string;
}

/** A record without what framing leaves at its ends: LF, CR, NUL, byte order mark. */
export function contentOf(record: Buffer): Buffer {
  let end = record.length;
  while (end > 0 && (record[end - 1] === 10 || record[end - 1] === 13 || record[end - 1] === 0)) {
    end--;
  }
  const marked = end >= 3 && record[0] === 0xef && record[1] === 0xbb && record[2] === 0xbf;
  return record.subarray(marked ? 3 : 0, end);
}

/**
 * Bytes as text: UTF-8 where they are, else one character per byte. What framing leaves is no part
 * of the record, so that a record has the same id over every channel.
 */
export function originalOf(record: Buffer): Original {
  const bytes = contentOf(record);
  return isUtf8(bytes)
    ? { text: bytes.toString("utf8"), encoding: undefined }
    : { text: bytes.toString("latin1"), encoding: "latin1" };
}

const startsJson = (text: string): boolean => {
  const code = text.charCodeAt(0);
  return code === 123 || code === 91;
};

/** A message that is itself JSON, also behind the `@cee:` cookie. */
function carriedJson(message: string): JsonDocument | undefined {
  const text = message.startsWith("@cee:") ? message.slice(5).trimStart() : message;
  if (text.charCodeAt(0) !== 123) return undefined;
  const read = readJson(text);
  return "code" in read || read.length !== 1 ? undefined : read[0];
}

function rawOf(
  text: string,
  document: JsonDocument | undefined,
  syslog: SyslogRecord | undefined,
  arrival: Arrival,
): RawRecord {
  const raw = { text, json: document?.json, flat: document?.flat, syslog, ...arrival };
  const nativeId = document === undefined ? undefined : envelopeId(document.flat);
  return nativeId === undefined ? raw : { ...raw, nativeId };
}

/** Escaped halves of characters cannot be seen in the bytes, only in what JSON makes of them. */
const mayHoldSurrogate = (text: string): boolean =>
  text.includes("\\u") && /\\u[dD][89a-fA-F]/.test(text);

function mended(document: JsonDocument): JsonDocument {
  const flat = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(document.flat)) {
    flat[wellFormed(key)] = mendedValue(document.flat[key]);
  }
  return { json: document.json, flat };
}

function mendedValue(value: unknown): unknown {
  if (typeof value === "string") return wellFormed(value);
  if (!Array.isArray(value)) return value;
  return JSON.parse(JSON.stringify(value), (_key, item: unknown) =>
    typeof item === "string" ? wellFormed(item) : item,
  ) as unknown;
}

/**
 * Every reading of one document: as it stands, and the document that a shipper carried as text inside
 * it. The format that is surest decides which it is.
 */
function viewsOf(document: JsonDocument, text: string, arrival: Arrival): RawRecord[] {
  const outer = rawOf(text, document, envelopeSyslog(document.flat), arrival);
  const carried = carriedText(document.flat);
  if (carried === undefined || !carried.includes("{")) return [outer];
  const inner = carriedJson(readSyslog(carried)?.message ?? carried.trim());
  if (inner === undefined) return [outer];
  const view = rawOf(text, inner, outer.syslog, arrival);
  return [outer, outer.nativeId === undefined ? view : { ...view, nativeId: outer.nativeId }];
}

/** What one record may mean: per document in it, its possible readings, the innermost last. */
export function readRaw(text: string, arrival: Arrival): RawRecord[][] | ParseFailure {
  const trimmed = text.trimStart();
  if (startsJson(trimmed)) {
    const read = readJson(trimmed);
    if ("code" in read) {
      // `[` also begins plain text.
      const syslog = trimmed.startsWith("{") ? undefined : readSyslog(visible(text));
      return syslog === undefined ? read : [[rawOf(text, undefined, syslog, arrival)]];
    }
    const mend = mayHoldSurrogate(trimmed);
    return read.map((document) => viewsOf(mend ? mended(document) : document, text, arrival));
  }
  const clean = visible(text);
  const syslog = readSyslog(clean);
  const plain = rawOf(clean, undefined, syslog, arrival);
  if (syslog === undefined) return [[plain]];
  // The visible form of control characters between JSON tokens would not parse.
  const carried = carriedJson((clean === text ? syslog : readSyslog(text))?.message ?? "");
  if (carried === undefined) return [[plain]];
  const document = mayHoldSurrogate(text) ? mended(carried) : carried;
  return [[plain, ...viewsOf(document, clean, arrival).map((view) => behind(view, syslog))]];
}

/** The document's own syslog view where it has one, else the header in front of it. */
const behind = (view: RawRecord, syslog: SyslogRecord): RawRecord => ({
  ...view,
  syslog: view.syslog === undefined ? syslog : { ...syslog, ...view.syslog },
});
