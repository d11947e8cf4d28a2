import { hash } from "node:crypto";

/** How far back a connection or file remembers equal records. */
const STREAM_MEMORY = 4_096;

const digest = (record: Buffer): string => hash("sha1", record, "base64").slice(0, 16);

/**
 * Ordinal of each record among the equal ones of the same list, found by the Buffer itself, so that
 * it does not matter in what order or how often it is asked for.
 */
export function ordinalsOf(records: readonly Buffer[]): (record: Buffer) => number {
  const ordinals = new Map<Buffer, number>();
  if (records.length > 1) {
    const seen = new Map<string, number>();
    for (const record of records) {
      const key = digest(record);
      const ordinal = seen.get(key) ?? 0;
      seen.set(key, ordinal + 1);
      if (ordinal > 0) ordinals.set(record, ordinal);
    }
  }
  return (record) => ordinals.get(record) ?? 0;
}

/**
 * Counts equal records of one stream (a connection, a file, a long request): an ordinal counts on
 * while its record was seen among the last `memory` ones, and starts again after that.
 */
export function createOrdinalMemory(memory = STREAM_MEMORY) {
  const seen = new Map<string, { ordinal: number; at: number }>();
  let index = 0;

  const forget = (): void => {
    for (const [key, { at }] of seen) {
      if (at >= index - memory) return;
      seen.delete(key);
    }
  };

  const next = (record: Buffer): number => {
    const key = digest(record);
    const before = seen.get(key);
    const ordinal = before === undefined || before.at < index - memory ? 0 : before.ordinal + 1;
    // Re-inserted, so that the map stays in order of last sight.
    seen.delete(key);
    seen.set(key, { ordinal, at: index });
    index++;
    forget();
    return ordinal;
  };

  return {
    /** Counts the records in order and answers for each of these Buffers. */
    take(records: readonly Buffer[]): (record: Buffer) => number {
      const ordinals = new Map<Buffer, number>();
      for (const record of records) {
        const ordinal = next(record);
        if (ordinal > 0) ordinals.set(record, ordinal);
      }
      return (record) => ordinals.get(record) ?? 0;
    },
  };
}

export type OrdinalMemory = ReturnType<typeof createOrdinalMemory>;
