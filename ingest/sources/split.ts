import type { Refused } from "../source.ts";

const LF = 10;
const CR = 13;
const QUOTE = 34;
const COMMA = 44;
const BACKSLASH = 92;
const BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
const OPEN: ReadonlySet<number> = new Set([BRACKET, 0x7b]);
const CLOSE: ReadonlySet<number> = new Set([CLOSE_BRACKET, 0x7d]);
const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);

export interface Split {
  readonly records: Buffer[];
  readonly refused: Refused[];
}

/**
 * Gathers the bytes of one record over several chunks, at most `maxBytes` of them; what is longer
 * is refused with its head kept and never harms its neighbours.
 */
export function createGatherer(maxBytes: number) {
  let parts: Buffer[] = [];
  let kept = 0;
  let length = 0;

  return {
    length: (): number => length,
    add(bytes: Buffer): void {
      length += bytes.length;
      const piece = bytes.subarray(0, maxBytes - kept);
      if (piece.length === 0) return;
      kept += piece.length;
      parts.push(piece);
    },
    /** The record, a refusal, or undefined when it is blank. Starts anew. */
    take(): Buffer | Refused | undefined {
      // A copy: a slice would keep the whole chunk alive for as long as the record waits.
      const bytes = Buffer.concat(parts);
      const total = length;
      parts = [];
      kept = 0;
      length = 0;
      if (total > maxBytes) {
        const reason = `it has ${total} bytes, at most ${maxBytes} are taken; its head is kept`;
        return { bytes, code: "record_too_long", reason };
      }
      return bytes.every(isSpace) ? undefined : bytes;
    },
  };
}

export function place(split: Split, taken: Buffer | Refused | undefined): void {
  if (taken === undefined) return;
  if (Buffer.isBuffer(taken)) split.records.push(taken);
  else split.refused.push(taken);
}

/** Records separated by LF or CRLF. */
export function createLineSplitter(maxBytes: number) {
  const gather = createGatherer(maxBytes);
  return {
    /** Bytes of the line not yet ended. */
    rest: gather.length,
    push(chunk: Buffer): Split {
      const split: Split = { records: [], refused: [] };
      let from = 0;
      for (let end = chunk.indexOf(LF); end !== -1; end = chunk.indexOf(LF, from)) {
        const last = end > from && chunk[end - 1] === CR ? end - 1 : end;
        gather.add(chunk.subarray(from, last));
        place(split, gather.take());
        from = end + 1;
      }
      if (from < chunk.length) gather.add(chunk.subarray(from));
      return split;
    },
    /** The last line, when it has no LF. */
    end(): Split {
      const split: Split = { records: [], refused: [] };
      place(split, gather.take());
      return split;
    },
  };
}

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
        if (!divides(chunk[index] ?? 0)) continue;
        gather.add(chunk.subarray(from, index));
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

const PREFIX = 64;

/** `[` before `{`, `"`, `[` or `]` is a JSON array; `[24/Nov/2026` is a log line. */
function isArray(head: Buffer): boolean | undefined {
  const text = head
    .toString("latin1")
    .replace(/^\u00ef\u00bb\u00bf/, "")
    .trimStart();
  if (text === "") return head.length >= PREFIX ? false : undefined;
  if (!text.startsWith("[")) return false;
  const second = text.slice(1).trimStart();
  if (second === "") return head.length >= PREFIX ? false : undefined;
  return /^["[{\]]/.test(second);
}

/** A request body: NDJSON or text lines, or one JSON array of documents or lines. */
export function createBodySplitter(maxBytes: number) {
  let head: Buffer = Buffer.alloc(0);
  let splitter: ReturnType<typeof createLineSplitter | typeof createElementSplitter> | undefined;
  const choose = (array: boolean) =>
    array ? createElementSplitter(maxBytes) : createLineSplitter(maxBytes);

  return {
    push(chunk: Buffer): Split {
      if (splitter !== undefined) return splitter.push(chunk);
      head = Buffer.concat([head, chunk]);
      const array = isArray(head);
      if (array === undefined) return { records: [], refused: [] };
      splitter = choose(array);
      return splitter.push(array && head[0] === 0xef ? head.subarray(3) : head);
    },
    end(): Split {
      if (splitter !== undefined) return splitter.end();
      splitter = choose(false);
      const split = splitter.push(head);
      const rest = splitter.end();
      split.records.push(...rest.records);
      split.refused.push(...rest.refused);
      return split;
    },
  };
}
