import type { Refused } from "../source.ts";

const LF = 10;
const CR = 13;
export const isSpace = (byte: number): boolean => byte === 32 || (byte >= 9 && byte <= 13);

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

const withoutCr = (taken: Buffer | Refused | undefined): Buffer | Refused | undefined =>
  Buffer.isBuffer(taken) && taken.at(-1) === CR ? taken.subarray(0, -1) : taken;

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
        gather.add(chunk.subarray(from, end));
        place(split, withoutCr(gather.take()));
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
