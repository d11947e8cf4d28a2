import type { FlatDocument, Format, ParsedEvent, RawRecord } from "../format.ts";
import { attributesOf, decimalOf, integerOf, ipOf, portOf, textOf } from "../values.ts";

const DATASET = "zeek.conn";

/** Zeek's names (base/protocols/conn/main.zeek) that have a field of their own here. */
const mapped = new Set([
  "ts",
  "id.orig_h",
  "id.orig_p",
  "id.resp_h",
  "id.resp_p",
  "proto",
  "service",
  "duration",
  "orig_bytes",
  "resp_bytes",
  "community_id",
  "_path",
]);

const endpointKeys = ["id.orig_h", "id.resp_h"];

function sniff(raw: RawRecord): number {
  const flat = raw.flat;
  if (flat === undefined) return 0;
  const path = textOf(flat["_path"]) ?? textOf(flat["path"]);
  if (!endpointKeys.every((key) => key in flat)) return 0;
  if (path !== undefined && path !== "conn") return 0;
  if (path === "conn") return 0.97;
  return "proto" in flat && "conn_state" in flat ? 0.95 : 0;
}

function restOf(flat: FlatDocument): ParsedEvent {
  const rest = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(flat)) {
    const value = flat[key];
    if (!mapped.has(key) && (typeof value === "object" || textOf(value) !== undefined)) {
      rest[key] = value;
    }
  }
  const attributes = attributesOf(rest);
  return attributes === undefined ? {} : { attributes };
}

type Writable = { -readonly [K in keyof ParsedEvent]: ParsedEvent[K] };

function put<K extends keyof Writable>(
  event: Writable,
  key: K,
  value: Writable[K] | undefined,
): void {
  if (value !== undefined) event[key] = value;
}

function endpoints(flat: FlatDocument, event: Writable): void {
  put(event, "source.ip", ipOf(flat["id.orig_h"]));
  put(event, "source.port", portOf(flat["id.orig_p"]));
  put(event, "destination.ip", ipOf(flat["id.resp_h"]));
  put(event, "destination.port", portOf(flat["id.resp_p"]));
}

function parse(raw: RawRecord): ReturnType<Format["parse"]> {
  const flat = raw.flat;
  if (flat === undefined) return { code: "json_invalid", reason: "a Zeek log line is JSON here" };
  const event: Writable = {
    "event.dataset": DATASET,
    "event.kind": "event",
    "event.category": ["network"],
    "event.type": ["connection"],
    "event.action": "connection",
    ...restOf(flat),
  };
  endpoints(flat, event);
  if (event["source.ip"] === undefined && event["destination.ip"] === undefined) {
    return { code: "zeek_incomplete", reason: "neither id.orig_h nor id.resp_h is an address" };
  }
  put(event, "network.transport", textOf(flat["proto"]));
  put(event, "network.protocol", textOf(flat["service"]));
  put(event, "network.community_id", textOf(flat["community_id"]));
  const sent = integerOf(flat["orig_bytes"]);
  const received = integerOf(flat["resp_bytes"]);
  put(event, "source.bytes", sent);
  put(event, "destination.bytes", received);
  if (sent !== undefined && received !== undefined) event["network.bytes"] = sent + received;
  const seconds = decimalOf(flat["duration"]);
  if (seconds !== undefined) event["event.duration"] = Math.round(seconds * 1e9);
  const time = textOf(flat["ts"]) ?? textOf(flat["@timestamp"]);
  const uid = textOf(flat["uid"]);
  return [
    {
      event,
      ...(uid === undefined ? {} : { nativeId: `conn/${uid}` }),
      ...(time === undefined ? {} : { timeAsWritten: time }),
    },
  ];
}

export const zeekConn: Format = { name: DATASET, title: "Zeek connections", sniff, parse };
