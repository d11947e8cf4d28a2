import { Compile } from "typebox/compile";
import { Event } from "./event.ts";

const event = Compile(Event);

type Holds = "text" | "time" | "integer" | "number" | "flag" | "texts" | "other";

const timePattern = (Event.properties["@timestamp"] as { readonly pattern?: unknown }).pattern;

/** What a field may hold, as far as a plain `typeof` decides it. */
function holdsOf(schema: unknown): Holds {
  const { type, pattern, items } = schema as Record<string, unknown>;
  switch (type) {
    case "string":
      if (pattern === undefined) return "text";
      return pattern === timePattern ? "time" : "other";
    case "integer":
      return "integer";
    case "number":
      return "number";
    case "boolean":
      return "flag";
    case "array":
      return holdsOf(items) === "text" ? "texts" : "other";
    default:
      return "other";
  }
}

interface Field {
  readonly name: string;
  readonly holds: Holds;
  /** The field that came after this one when it was met last: most events are like others. */
  next: Field | undefined;
}

const known: ReadonlyMap<string, Field> = new Map(
  Object.entries(Event.properties).map(([name, schema]) => [
    name,
    { name, holds: holdsOf(schema), next: undefined },
  ]),
);
const start: Field = { name: "", holds: "other", next: undefined };
const required: readonly (keyof Event)[] = Event.required;

/** RFC 3339 UTC with 3 to 9 digits of a second: the pattern of a time field, without its cost. */
function isTime(value: unknown): boolean {
  if (typeof value !== "string" || value.length < 24 || value.length > 30) return false;
  const last = value.length - 1;
  for (let at = 0; at < last; at++) {
    const code = value.charCodeAt(at);
    if (at === 4 || at === 7) {
      if (code !== 45) return false;
    } else if (at === 10) {
      if (code !== 84) return false;
    } else if (at === 13 || at === 16) {
      if (code !== 58) return false;
    } else if (at === 19) {
      if (code !== 46) return false;
    } else if (code < 48 || code > 57) return false;
  }
  return value.charCodeAt(last) === 90;
}

function fits(kind: Exclude<Holds, "text" | "other">, value: unknown): boolean {
  switch (kind) {
    case "time":
      return isTime(value);
    case "integer":
      return Number.isInteger(value);
    case "number":
      return Number.isFinite(value);
    case "flag":
      return typeof value === "boolean";
    case "texts":
      return Array.isArray(value) && value.every((one) => typeof one === "string");
  }
}

/**
 * Whether a value is an Event, as its schema says. Asks what an event has, not about each field it
 * might have: every event that is read passes here. What is not plain goes to the compiled schema.
 */
export function isEvent(value: unknown): value is Event {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const fields = value as Readonly<Record<string, unknown>>;
  for (const name of required) if (fields[name] === undefined) return false;
  let last = start;
  // Without a list of the names: it would be made for every event.
  for (const name in fields) {
    let at = last.next;
    if (at === undefined || at.name !== name) {
      at = known.get(name);
      if (at === undefined) return false;
      last.next = at;
    }
    last = at;
    const kind = at.holds;
    const field = fields[name];
    if (kind === "text") {
      if (typeof field !== "string" && field !== undefined) return false;
      continue;
    }
    if (field === undefined) continue;
    if (kind === "other") {
      if (name === "event.outcome" && (field === "success" || field === "failure")) continue;
      return event.Check(value);
    }
    if (!fits(kind, field)) return false;
  }
  return true;
}

/** First thing wrong with a value that is not an Event: `path: message`. */
export function eventError(value: unknown): string {
  const first = event.Errors(value)[0];
  return first === undefined ? "" : `${first.instancePath || "/"}: ${first.message}`;
}
