import { Event } from "../schemas/event.ts";
import { readableTime } from "./time.ts";
import { decimalOf, flagOf, integerOf, ipOf, portOf, textOf } from "./values.ts";

type Read = (value: unknown) => unknown;

/** What ingest alone may say of an event: never taken from a record. */
export const stamped: ReadonlySet<string> = new Set([
  "event.id",
  "event.original",
  "event.original_encoding",
  "event.ingested",
  "event.future",
  "organization.id",
  "user.entity.id",
  "user.entity.type",
  "sender.transport",
  "sender.id",
  "sender.ip",
  "sender.authenticated",
]);

function texts(value: unknown): unknown {
  const list: unknown[] = Array.isArray(value) ? value : [value];
  const words = list.map(textOf);
  return words.length > 0 && words.every((word) => word !== undefined) ? words : undefined;
}

/** A list of one where a field holds one value. */
export const single = (value: unknown): unknown =>
  Array.isArray(value) && value.length === 1 ? (value as unknown[])[0] : value;

function readOf(name: string, schema: { readonly type?: string; readonly pattern?: string }): Read {
  if (name.endsWith(".ip")) return (value) => ipOf(firstOf(value));
  if (name.endsWith(".port")) return (value) => portOf(single(value));
  if (schema.pattern !== undefined) return (value) => readableTime(textOf(single(value)));
  if (schema.type === "array") return texts;
  if (schema.type === "integer") return (value) => integerOf(single(value));
  if (schema.type === "number") return (value) => decimalOf(single(value));
  if (schema.type === "boolean") return (value) => flagOf(single(value));
  return (value) => textOf(single(value));
}

/** ECS lists every address a proxy chain named; the first is the nearest to the client. */
const firstOf = (value: unknown): unknown =>
  Array.isArray(value) ? (value as unknown[])[0] : value;

const successWords = new Set(["success", "succeeded", "successful", "ok", "allow", "allowed"]);
const failureWords = new Set(["failure", "failed", "fail", "error", "deny", "denied", "blocked"]);

/** ECS knows three outcomes; other words are none of them. */
export function outcomeOf(value: unknown): "success" | "failure" | "unknown" | undefined {
  const word = textOf(single(value))?.toLowerCase();
  if (word === undefined) return undefined;
  if (successWords.has(word)) return "success";
  return failureWords.has(word) ? "failure" : word === "unknown" ? "unknown" : undefined;
}

/** Field of the vocabulary → how its value is read; undefined when the value cannot be one. */
export const fieldReaders: ReadonlyMap<string, Read> = new Map(
  Object.entries(Event.properties)
    .filter(([name]) => !stamped.has(name))
    .map(([name, schema]): [string, Read] => [
      name,
      name === "event.outcome"
        ? outcomeOf
        : readOf(name, schema as { readonly type?: string; readonly pattern?: string }),
    ]),
);
