/** A line without its LF, and how long it was where only its beginning was kept. */
export interface Line {
  readonly record: Buffer;
  /** Whole length in bytes. Greater than `record.length` when the line was cut. */
  readonly bytes: number;
}

/**
 * Splits chunks into lines at LF in bounded memory: of a line longer than `keptBytes` only the
 * beginning is kept, its length is counted to the end. A last line without LF is a line; empty lines
 * are not records.
 */
export function createLineSplitter(keptBytes = 16 * 1_048_576) {
  let parts: Buffer[] = [];
  let kept = 0;
  let bytes = 0;

  function take(part: Buffer): void {
    bytes += part.length;
    const room = keptBytes - kept;
    if (room <= 0 || part.length === 0) return;
    const piece = part.length > room ? part.subarray(0, room) : part;
    parts.push(piece);
    kept += piece.length;
  }

  function finish(lines: Line[]): void {
    const record = parts.length === 1 ? parts[0]! : Buffer.concat(parts);
    const blank = record.length === 0 || (bytes === 1 && record[0] === 0x0d);
    if (!blank) lines.push({ record, bytes });
    parts = [];
    kept = 0;
    bytes = 0;
  }

  return {
    /** Lines completed by this chunk. They share its memory. */
    push(chunk: Buffer): Line[] {
      const lines: Line[] = [];
      let from = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
        const whole = parts.length === 0 && end - from > 1 && end - from <= keptBytes;
        if (whole) lines.push({ record: chunk.subarray(from, end), bytes: end - from });
        else {
          take(chunk.subarray(from, end));
          finish(lines);
        }
        from = end + 1;
      }
      // A copy: the chunk may be a pooled buffer that the reader fills again.
      if (from < chunk.length) take(Buffer.from(chunk.subarray(from)));
      return lines;
    },
    /** The last line, where the input did not end in LF. */
    end(): Line[] {
      const lines: Line[] = [];
      finish(lines);
      return lines;
    },
  };
}
