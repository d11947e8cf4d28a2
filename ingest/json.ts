import type { FlatDocument, ParseFailure } from "./format.ts";

export const MAX_DEPTH = 32;
export const MAX_KEYS = 512;
/** Documents in one record (a list, or several lines). */
export const MAX_DOCUMENTS = 1_000;

export type JsonObject = Readonly<Record<string, unknown>>;

export interface JsonDocument {
  readonly json: JsonObject;
  readonly flat: FlatDocument;
}

/** Keys whose repetition shippers are known to cause and nothing depends on. */
const repeatable = new Set(["@timestamp", "time", "date", "timestamp", "tag", "tags", "stream"]);

const QUOTE = 34;
const BACKSLASH = 92;
const COLON = 58;
const COMMA = 44;

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Index behind the string that starts at `at`; text length when it never ends. */
function skipString(text: string, at: number): number {
  let index = at + 1;
  for (; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === BACKSLASH) index++;
    else if (code === QUOTE) return index + 1;
  }
  return text.length;
}

/**
 * Depth and number of keys before anything is built. In an array of records the keys are those of
 * its largest element.
 */
function measure(text: string): { depth: number; keys: number; total: number } {
  const perElement = text.charCodeAt(0) === 91;
  let depth = 0;
  let deepest = 0;
  let keys = 0;
  let most = 0;
  let total = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    if (code === QUOTE) index = skipString(text, index) - 1;
    else if (code === 123 || code === 91) deepest = Math.max(deepest, ++depth);
    else if (code === 125 || code === 93) depth--;
    else if (code === COLON) {
      total++;
      if (++keys > most) most = keys;
    } else if (code === COMMA && perElement && depth === 1) keys = 0;
  }
  return { depth: deepest, keys: most, total };
}

function countKeys(value: unknown): number {
  if (typeof value !== "object" || value === null) return 0;
  if (Array.isArray(value)) return value.reduce<number>((sum, item) => sum + countKeys(item), 0);
  let count = 0;
  for (const item of Object.values(value)) count += 1 + countKeys(item);
  return count;
}

interface Flattening {
  readonly flat: Record<string, unknown>;
  keys: number;
  conflict: string | undefined;
}

function flattenInto(state: Flattening, object: JsonObject, prefix: string): void {
  for (const key of Object.keys(object)) {
    const value = object[key];
    const path = prefix === "" ? key : `${prefix}.${key}`;
    state.keys++;
    if (isObject(value)) {
      flattenInto(state, value, path);
      continue;
    }
    if (path in state.flat && state.flat[path] !== value) state.conflict ??= path;
    else state.flat[path] = value;
  }
}

/** Dotted key → scalar or array; says which key has two values when written both ways. */
export function flatten(object: JsonObject): Flattening {
  const state: Flattening = {
    flat: Object.create(null) as Record<string, unknown>,
    keys: 0,
    conflict: undefined,
  };
  flattenInto(state, object, "");
  return state;
}

interface Frame {
  readonly seen: Map<string, string>;
  key: string;
  valueFrom: number;
}

/**
 * Path of the first key that one object gives two different values; the JSON is known to be valid.
 * Only documents that have a repeated key come here.
 */
function repeatedKey(text: string): string | undefined {
  const stack: (Frame | undefined)[] = [];
  let found: string | undefined;
  const close = (frame: Frame | undefined, end: number): void => {
    if (frame === undefined || frame.key === "") return;
    const value = text.slice(frame.valueFrom, end).trim();
    const before = frame.seen.get(frame.key);
    const name = frame.key.slice(1);
    if (before !== undefined && before !== value && !repeatable.has(name)) found ??= name;
    frame.seen.set(frame.key, value);
    frame.key = "";
  };
  for (let index = 0; index < text.length && found === undefined; index++) {
    const code = text.charCodeAt(index);
    const top = stack.at(-1);
    if (code === QUOTE) {
      const end = skipString(text, index);
      if (top !== undefined && top.key === "" && top.valueFrom <= index) {
        top.key = `.${JSON.parse(text.slice(index, end)) as string}`;
        top.valueFrom = text.indexOf(":", end) + 1;
      }
      index = end - 1;
    } else if (code === 123) {
      stack.push({ seen: new Map(), key: "", valueFrom: index });
    } else if (code === 91) stack.push(undefined);
    else if (code === COMMA) close(top, index);
    else if (code === 125 || code === 93) close(stack.pop(), index);
  }
  return found;
}

/** `keys` without those inside lists. */
function documentOf(value: JsonObject): { document: JsonDocument; keys: number } | ParseFailure {
  const { flat, keys, conflict } = flatten(value);
  if (conflict !== undefined && !repeatable.has(conflict)) {
    return { code: "json_duplicate_key", reason: `two different values for ${quote(conflict)}` };
  }
  return { document: { json: value, flat }, keys };
}

const quote = (name: string): string => JSON.stringify(name.slice(0, 80));

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

/** One failure or one document per JSON object of the record: an object, an array of objects, or NDJSON. */
export function readJson(text: string): readonly JsonDocument[] | ParseFailure {
  const { depth, keys, total } = measure(text);
  if (depth > MAX_DEPTH) {
    return { code: "json_too_deep", reason: `nested ${depth} deep, at most ${MAX_DEPTH} are read` };
  }
  const lines = text.includes("\n");
  const tooManyKeys: ParseFailure = {
    code: "json_too_many_keys",
    reason: `${keys} keys, at most ${MAX_KEYS} are read`,
  };
  if (keys > MAX_KEYS && !lines) return tooManyKeys;
  const value = parsed(text);
  if (value === undefined) return lines ? readLines(text) : invalid;
  if (keys > MAX_KEYS) return tooManyKeys;
  return readValue(text, value, total);
}

const invalid: ParseFailure = { code: "json_invalid", reason: "not valid JSON" };

function readValue(
  text: string,
  value: unknown,
  total: number,
): readonly JsonDocument[] | ParseFailure {
  const values = Array.isArray(value) ? (value as unknown[]) : [value];
  if (values.length > MAX_DOCUMENTS) return tooMany(values.length);
  const documents: JsonDocument[] = [];
  let counted = 0;
  for (const item of values) {
    if (!isObject(item)) {
      return { code: "json_not_object", reason: "the JSON is not an object or a list of objects" };
    }
    const read = documentOf(item);
    if ("code" in read) return read;
    counted += read.keys;
    documents.push(read.document);
  }
  if (documents.length === 0) return { code: "json_not_object", reason: "the list is empty" };
  // Every key counts once unless an object has it twice.
  const twice = counted < total && countKeys(value) < total;
  const repeated = twice ? repeatedKey(text) : undefined;
  if (repeated !== undefined) {
    return { code: "json_duplicate_key", reason: `two different values for ${quote(repeated)}` };
  }
  return documents;
}

const tooMany = (count: number): ParseFailure => ({
  code: "json_too_many_documents",
  reason: `${count} documents in one record, at most ${MAX_DOCUMENTS} are read`,
});

/** Some producers put several JSON lines into one message. */
function readLines(text: string): readonly JsonDocument[] | ParseFailure {
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length < 2 || !lines.every((line) => line.trimStart().startsWith("{"))) return invalid;
  if (lines.length > MAX_DOCUMENTS) return tooMany(lines.length);
  const documents: JsonDocument[] = [];
  for (const line of lines) {
    const read = readJson(line.trim());
    if ("code" in read) return read;
    documents.push(...read);
  }
  return documents;
}
