import { hash } from "node:crypto";
import { contentOf } from "../raw-record.ts";

/** How far back a connection or file remembers equal records. */
const STREAM_MEMORY = 4_096;

/** Framing apart, as in the id. */
const digest = (record: Buffer): string => hash("sha1", contentOf(record), "base64").slice(0, 16);

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

/** How often each record was counted before, over a whole file: 12 bytes a slot, so that 1 GB of lines fits. */
function createCounts(): (record: Buffer) => number {
  let slots = 4_096;
  let used = 0;
  let keys = new Uint32Array(2 * slots);
  let counts = new Uint32Array(slots);

  /** The slot of a key, or the free one where it belongs. */
  const find = (high: number, low: number): number => {
    let slot = low & (slots - 1);
    while (counts[slot] !== 0 && (keys[2 * slot] !== high || keys[2 * slot + 1] !== low)) {
      slot = (slot + 1) & (slots - 1);
    }
    return slot;
  };

  const put = (slot: number, high: number, low: number, count: number): void => {
    keys[2 * slot] = high;
    keys[2 * slot + 1] = low;
    counts[slot] = count;
  };

  const grow = (): void => {
    const [oldKeys, oldCounts] = [keys, counts];
    slots *= 2;
    keys = new Uint32Array(2 * slots);
    counts = new Uint32Array(slots);
    for (const [slot, count] of oldCounts.entries()) {
      const [high, low] = [oldKeys[2 * slot]!, oldKeys[2 * slot + 1]!];
      if (count !== 0) put(find(high, low), high, low, count);
    }
  };

  return (record) => {
    // Half of SHA-1: nobody finds many that crowd one place, and equal halves only raise an ordinal.
    const sum = hash("sha1", contentOf(record), "buffer");
    const [high, low] = [sum.readUInt32LE(0), sum.readUInt32LE(4)];
    let slot = find(high, low);
    const count = counts[slot]!;
    if (count === 0 && ++used > slots * 0.7) {
      grow();
      slot = find(high, low);
    }
    put(slot, high, low, count + 1);
    return count;
  };
}

/**
 * Counts equal records of one stream (a connection, a file, a long request): an ordinal counts on
 * while its record was seen among the last `memory` ones, and starts again after that. Without end
 * (`Infinity`) every record counts.
 */
export function createOrdinalMemory(memory = STREAM_MEMORY) {
  const next = memory === Number.POSITIVE_INFINITY ? createCounts() : createWindow(memory);
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

function createWindow(memory: number): (record: Buffer) => number {
  const seen = new Map<string, { ordinal: number; at: number }>();
  let index = 0;

  const forget = (): void => {
    for (const [key, { at }] of seen) {
      if (at >= index - memory) return;
      seen.delete(key);
    }
  };

  return (record) => {
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
}

export type OrdinalMemory = ReturnType<typeof createOrdinalMemory>;
