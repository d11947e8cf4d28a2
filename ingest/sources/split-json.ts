import { type Split, createGatherer, createLineSplitter, isSpace, place } from "./split.ts";

const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN: ReadonlySet<number> = new Set([BRACKET, 0x7b]);
const CLOSE: ReadonlySet<number> = new Set([CLOSE_BRACKET, 0x7d]);
const BRACE = 0x7b;

/** A JSON string in an array of lines stands for the line itself. */
function unquoted(record: Buffer): Buffer {
  if (record[0] !== QUOTE) return record;
  try {
    const line: unknown = JSON.parse(record.toString());
    return typeof line === "string" ? Buffer.from(line) : record;
  } catch {
    // Not JSON: the normaliser says so, with the bytes as they came.
    return record;
  }
}

/**
 * Elements of one JSON array, found by brackets and strings alone, so that an element's bytes stay
 * as they came and a broken one is the normaliser's to reject. What follows the array is a record of
 * its own, for the same reason.
 */
function createElementSplitter(maxBytes: number) {
  const gather = createGatherer(maxBytes);
  let phase: "before" | "inside" | "after" = "before";
  let depth = 0;
  let inString = false;
  let escaped = false;

  /** Whether the byte stands between elements: `[`, `,` or `]` of the array itself. */
  const divides = (byte: number): boolean => {
    if (inString) {
      if (escaped) escaped = false;
      else if (byte === BACKSLASH) escaped = true;
      else if (byte === QUOTE) inString = false;
      return false;
    }
    if (phase === "before") {
      if (byte !== BRACKET) return false;
      phase = "inside";
      return true;
    }
    if (byte === QUOTE) inString = phase === "inside";
    else if (OPEN.has(byte)) depth++;
    else if (CLOSE.has(byte) && depth > 0) depth--;
    else if (phase === "inside" && byte === CLOSE_BRACKET) {
      phase = "after";
      return true;
    } else return phase === "inside" && byte === COMMA && depth === 0;
    return false;
  };

  const finish = (split: Split): void => {
    const taken = gather.take();
    place(split, Buffer.isBuffer(taken) ? unquoted(trimmed(taken)) : taken);
  };

  return {
    push(chunk: Buffer): Split {
      const split: Split = { records: [], refused: [] };
      let from = 0;
      for (let index = 0; index < chunk.length; index++) {
        const inside = phase !== "before";
        if (!divides(chunk[index] ?? 0)) continue;
        // Before the array there is nothing but space and a BOM.
        if (inside) gather.add(chunk.subarray(from, index));
        finish(split);
        from = index + 1;
      }
      gather.add(chunk.subarray(from));
      return split;
    },
    end(): Split {
      const split: Split = { records: [], refused: [] };
      finish(split);
      return split;
    },
  };
}

const trimmed = (bytes: Buffer): Buffer => {
  let from = 0;
  let to = bytes.length;
  while (from < to && isSpace(bytes[from] ?? 0)) from++;
  while (to > from && isSpace(bytes[to - 1] ?? 0)) to--;
  return bytes.subarray(from, to);
};

const isBom = (bytes: Buffer): boolean =>
  bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;

/** So much of a body decides whether it is an array. */
const PREFIX = 64;

/** `[` before `{`, `"`, `[` or `]` is a JSON array; `[24/Nov/2026` is a log line. */
function isArray(head: Buffer): boolean | undefined {
  if (head[0] === 0xef && head.length < 3) return undefined;
  const text = head.toString("latin1", isBom(head) ? 3 : 0).trimStart();
  if (text === "") return head.length >= PREFIX ? false : undefined;
  if (!text.startsWith("[")) return false;
  const second = text.slice(1).trimStart();
  if (second === "") return head.length >= PREFIX ? false : undefined;
  return /^["[{\]]/.test(second);
}

const choose = (array: boolean, maxBytes: number) =>
  array ? createElementSplitter(maxBytes) : createLineSplitter(maxBytes);

/** A request body: NDJSON or text lines, or one JSON array of documents or lines. */
export function createBodySplitter(maxBytes: number) {
  let head: Buffer = Buffer.alloc(0);
  let splitter: ReturnType<typeof choose> | undefined;

  return {
    push(chunk: Buffer): Split {
      if (splitter !== undefined) return splitter.push(chunk);
      head = Buffer.concat([head, chunk]);
      const array = isArray(head);
      if (array === undefined) return { records: [], refused: [] };
      splitter = choose(array, maxBytes);
      return splitter.push(head);
    },
    end: (): Split => splitter?.end() ?? drained(choose(false, maxBytes), head),
  };
}

function isDocument(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // Several documents, or none: its lines are records of their own.
    return false;
  }
}

function drained(splitter: ReturnType<typeof choose>, value: Buffer): Split {
  const split = splitter.push(value);
  const rest = splitter.end();
  split.records.push(...rest.records);
  split.refused.push(...rest.refused);
  return split;
}

/**
 * Records of one message: a JSON array's elements, NDJSON's lines, or else the whole message: a
 * line break within a text message was put there by whoever wrote the text, and starts nothing.
 */
export function splitMessage(message: Buffer, maxBytes: number): Split {
  const value = trimmed(message.subarray(isBom(message) ? 3 : 0));
  if (value[0] === BRACE) {
    const split = drained(createLineSplitter(maxBytes), value);
    const printed = split.records.length > 1 && value.length <= maxBytes;
    return printed && isDocument(value.toString()) ? { records: [value], refused: [] } : split;
  }
  if (isArray(value.subarray(0, PREFIX)) === true) return drained(choose(true, maxBytes), value);
  const gather = createGatherer(maxBytes);
  gather.add(value);
  const split: Split = { records: [], refused: [] };
  place(split, gather.take());
  return split;
}
