import { fieldReaders, single } from "../event-fields.ts";
import type { FlatDocument, Format, ParsedEvent, ParsedRecord, RawRecord } from "../format.ts";
import { isObject } from "../json.ts";
import { attributesOf, decimalOf, textOf } from "../values.ts";

/** Names that mean a field of ours where that one is missing; the first that is readable wins. */
const aliases: Readonly<Record<string, readonly string[]>> = {
  "user.group.name": ["user.group"],
  "user.name": ["user"],
  "host.name": ["host.hostname", "host"],
  "source.ip": ["client.ip", "source.address", "client.address"],
  "source.port": ["client.port"],
  "source.bytes": ["client.bytes"],
  "destination.ip": ["server.ip", "destination.address", "server.address"],
  "destination.port": ["server.port"],
  "destination.bytes": ["server.bytes"],
  "destination.domain": ["server.domain"],
  "source.geo.country_iso_code": ["client.geo.country_iso_code"],
  "source.geo.city_name": ["client.geo.city_name"],
  "source.geo.location.lat": ["client.geo.location.lat"],
  "source.geo.location.lon": ["client.geo.location.lon"],
  "process.parent.name": ["parent.process.name"],
};
const aliasEntries = Object.entries(aliases);

/** Fields that make a document an event of ours and not just somebody's JSON. */
const telling = [
  "event.category",
  "event.action",
  "event.outcome",
  "event.type",
  "event.code",
  "user.name",
  "user.id",
  "user.email",
  "source.ip",
  "client.ip",
  "destination.ip",
  "process.name",
  "process.executable",
  "event.dataset",
  "event.kind",
];

/** Text fields whose content is read as it is written, absent words included. */
const verbatim: ReadonlySet<string> = new Set(["message", "process.command_line"]);

function sniff(raw: RawRecord): number {
  const flat = raw.flat;
  if (flat === undefined) return 0;
  const told = telling.reduce((count, key) => (key in flat ? count + 1 : count), 0);
  const said = "event.category" in flat || "event.outcome" in flat || "event.action" in flat;
  const who = "user.name" in flat || "source.ip" in flat || "user.id" in flat;
  if (said && who) return 0.95;
  if (said || (told > 0 && "@timestamp" in flat)) return 0.6;
  if (told > 1) return 0.5;
  // A shipper's envelope around a text that no format knows is still worth keeping.
  return "@timestamp" in flat && typeof flat["message"] === "string" ? 0.1 : 0;
}

const wellKnownText = /^POINT ?\((\S{1,24}) (\S{1,24})\)$/i;

/** `"48.1,11.6"`, `POINT (11.6 48.1)`, GeoJSON's `[lon, lat]`, in a list. */
function pointOf(value: unknown): readonly [number, number] | undefined {
  if (typeof value === "string" && value.length >= 64) return undefined;
  const point = typeof value === "string" ? wellKnownText.exec(value) : null;
  const list: unknown[] =
    point !== null
      ? [point[2], point[1]]
      : typeof value === "string"
        ? value.split(",").map((part) => part.trim())
        : Array.isArray(value)
          ? [...(value as unknown[])].reverse()
          : [];
  const lat = decimalOf(list[0]);
  const lon = decimalOf(list[1]);
  return list.length !== 2 || lat === undefined || lon === undefined ? undefined : [lat, lon];
}

type Fields = Record<string, unknown>;

/** Read on their own, or, of id and original, in the record's own id and bytes. */
const apart: ReadonlySet<string> = new Set([
  "@timestamp",
  "event.id",
  "event.original",
  "attributes",
]);

function readFields(flat: FlatDocument, event: Fields, rest: Fields): void {
  for (const key of Object.keys(flat)) {
    const value = flat[key];
    if (value === null || apart.has(key)) continue;
    const read = fieldReaders.get(key);
    const known = verbatim.has(key) && typeof value === "string" ? value : read?.(value);
    if (known !== undefined) event[key] = known;
    else if (textOf(value) !== undefined || typeof value === "object") rest[key] = value;
  }
}

function readAliases(event: Fields, rest: Fields): void {
  for (const [field, names] of aliasEntries) {
    if (event[field] !== undefined) continue;
    for (const name of names) {
      const value = rest[name];
      const known = value === undefined ? undefined : fieldReaders.get(field)!(value);
      if (known === undefined) continue;
      event[field] = known;
      delete rest[name];
      break;
    }
  }
}

/** Several groups, or groups with ids: the first stands for the peers. */
function readGroup(event: Fields, rest: Fields): void {
  if (event["user.group.name"] !== undefined) return;
  for (const key of ["user.group.name", "user.group"]) {
    const value = rest[key];
    const head: unknown = Array.isArray(value) ? (value as unknown[])[0] : undefined;
    const name = textOf(isObject(head) ? head["name"] : head);
    if (name === undefined) continue;
    event["user.group.name"] = name;
    return;
  }
}

/** Geo stands for a place only as a whole, and half of one is none. */
function readPoint(event: Fields, rest: Fields): void {
  for (const key of ["source.geo.location", "source.geo.location.coordinates"]) {
    const point = pointOf(rest[key]);
    if (point === undefined) continue;
    [event["source.geo.location.lat"], event["source.geo.location.lon"]] = point;
    delete rest[key];
    return;
  }
}

/** An outcome in a word that ECS does not have is unknown, and the word is its reason. */
function readOutcome(event: Fields, rest: Fields): void {
  const word = textOf(rest["event.outcome"]);
  if (word === undefined || event["event.outcome"] !== undefined) return;
  event["event.outcome"] = "unknown";
  event["event.reason"] ??= word;
  delete rest["event.outcome"];
}

function parse(raw: RawRecord): ReturnType<Format["parse"]> {
  const flat = raw.flat;
  if (flat === undefined) return { code: "json_invalid", reason: "ECS is JSON, this is text" };
  const event: Fields = {};
  const rest = Object.create(null) as Fields;
  readFields(flat, event, rest);
  const said = flat["attributes"];
  const asWritten = textOf(single(flat["@timestamp"])) ?? timeIn(rest);
  readAliases(event, rest);
  readGroup(event, rest);
  readPoint(event, rest);
  readOutcome(event, rest);
  if (typeof said === "object" || textOf(said) !== undefined) rest["attributes"] = said;
  const attributes = attributesOf(rest);
  if (attributes !== undefined) event["attributes"] = attributes;
  event["event.dataset"] ??= "ecs";
  const nativeId = textOf(flat["event.id"]) ?? raw.nativeId;
  const parsed: ParsedRecord = {
    event: event as ParsedEvent,
    ...(nativeId === undefined ? {} : { nativeId }),
    ...(asWritten === undefined ? {} : { timeAsWritten: asWritten }),
  };
  return [parsed];
}

/** Shippers that know no ECS name the time their own way. */
function timeIn(rest: Fields): string | undefined {
  for (const name of ["timestamp", "time", "date"]) {
    const text = textOf(rest[name]);
    if (text === undefined) continue;
    delete rest[name];
    return text;
  }
  return undefined;
}

export const ecs: Format = { name: "ecs", title: "ECS JSON", sniff, parse };
