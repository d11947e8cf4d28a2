import type { Refused } from "../source.ts";
import { type Split, createGatherer, place } from "./split.ts";

const LF = 10;
const NUL = 0;
const SPACE = 32;
const MAX_DIGITS = 7;
const isDigit = (byte: number): boolean => byte >= 0x30 && byte <= 0x39;
const isFiller = (byte: number): boolean =>
  byte === LF || byte === 13 || byte === NUL || byte === SPACE;

interface Framing {
  readonly gather: ReturnType<typeof createGatherer>;
  kind: "octets" | "lines" | undefined;
  state: "boundary" | "count" | "octets" | "line";
  digits: string;
  remaining: number;
  /** Next NUL of the current chunk, so that looking for it stays linear. */
  nul: number;
  split: Split;
}

const empty = (): Split => ({ records: [], refused: [] });

function startLine(framing: Framing): void {
  framing.kind ??= "lines";
  framing.state = "line";
  framing.gather.add(Buffer.from(framing.digits));
  framing.digits = "";
}

function nextEnd(framing: Framing, chunk: Buffer, at: number): number {
  if (framing.nul < at) {
    const nul = chunk.indexOf(NUL, at);
    framing.nul = nul === -1 ? chunk.length : nul;
  }
  const lf = chunk.indexOf(LF, at);
  return Math.min(framing.nul, lf === -1 ? chunk.length : lf);
}

/** Each step takes bytes of the chunk and returns the next position. */
const steps = {
  boundary(framing: Framing, chunk: Buffer, at: number): number {
    const byte = chunk[at] ?? NUL;
    if (isFiller(byte)) return at + 1;
    if (framing.kind !== "lines" && isDigit(byte) && byte !== 0x30) framing.state = "count";
    else startLine(framing);
    return at;
  },
  count(framing: Framing, chunk: Buffer, at: number): number {
    const byte = chunk[at] ?? NUL;
    if (isDigit(byte) && framing.digits.length < MAX_DIGITS) {
      framing.digits += String.fromCharCode(byte);
      return at + 1;
    }
    if (byte !== SPACE) {
      startLine(framing);
      return at;
    }
    framing.kind = "octets";
    framing.state = "octets";
    framing.remaining = Number(framing.digits);
    framing.digits = "";
    return at + 1;
  },
  octets(framing: Framing, chunk: Buffer, at: number): number {
    const end = Math.min(chunk.length, at + framing.remaining);
    framing.gather.add(chunk.subarray(at, end));
    framing.remaining -= end - at;
    if (framing.remaining === 0) {
      place(framing.split, framing.gather.take());
      framing.state = "boundary";
    }
    return end;
  },
  line(framing: Framing, chunk: Buffer, at: number): number {
    const end = nextEnd(framing, chunk, at);
    framing.gather.add(chunk.subarray(at, end));
    if (end === chunk.length) return end;
    place(framing.split, framing.gather.take());
    framing.state = "boundary";
    return end + 1;
  },
};

function cut(taken: Buffer | Refused): Refused {
  const bytes = Buffer.isBuffer(taken) ? taken : taken.bytes;
  return { bytes, code: "frame_cut", reason: "the connection ended within the record" };
}

/**
 * Records of a syslog stream in either framing of RFC 6587, told apart by its first record: octet
 * counting (`LEN SP MSG`), or a delimiter (LF, or NUL as old devices send). The choice then holds for
 * the connection: otherwise whoever gets a line break into a message could start a "frame" that
 * swallows what others say next. A record above `maxBytes` is refused and skipped to its end, so the
 * stream stays in step.
 */
export function createFramer(maxBytes: number) {
  const framing: Framing = {
    gather: createGatherer(maxBytes),
    kind: undefined,
    state: "boundary",
    digits: "",
    remaining: 0,
    nul: -1,
    split: empty(),
  };
  return {
    push(chunk: Buffer): Split {
      framing.split = empty();
      framing.nul = -1;
      for (let at = 0; at < chunk.length;) at = steps[framing.state](framing, chunk, at);
      return framing.split;
    },
    /**
     * The connection is over. A last line without delimiter counts only after an orderly end:
     * otherwise it may be cut, and a cut address is another address.
     */
    end(orderly: boolean): Split {
      framing.split = empty();
      if (framing.state === "count") startLine(framing);
      const taken = framing.gather.take();
      if (framing.state === "line" && orderly) place(framing.split, taken);
      else if (taken !== undefined) framing.split.refused.push(cut(taken));
      framing.state = "boundary";
      return framing.split;
    },
  };
}
