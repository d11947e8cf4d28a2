import { MetsukeError } from "../../../platform/errors.ts";
import type { Cut, EventLog, Restored, StoredRecord } from "../../../platform/event-log/port.ts";

export interface MemoryLog extends EventLog {
  /** While true every call fails as a log that is away does. */
  away: boolean;
  /** JSON lines of a topic, in order. */
  lines<T>(topic: string): T[];
  /** Another process over the same records. */
  join(): MemoryLog;
}

interface Place {
  readonly topics: Map<string, StoredRecord[]>;
  readonly cuts: Map<string, Restored>;
  readonly readers: Set<() => void>;
  owner: string | undefined;
}

/** A log in memory with one partition per topic, for tests of what reads and writes logs. */
export function createMemoryLog(
  place: Place = { topics: new Map(), cuts: new Map(), readers: new Set(), owner: undefined },
): MemoryLog {
  const of = (topic: string) => {
    const records = place.topics.get(topic) ?? [];
    place.topics.set(topic, records);
    return records;
  };
  const reachable = () => {
    if (log.away) throw new MetsukeError("METSUKE_LOG_UNAVAILABLE", "away", { retryable: true });
  };
  const log: MemoryLog = {
    away: false,
    join: () => createMemoryLog(place),
    lines: <T>(topic: string) =>
      of(topic).flatMap(({ value }) =>
        value
          .toString()
          .split("\n")
          .filter((line) => line !== "")
          .map((line) => JSON.parse(line) as T),
      ),
    ensureTopics: () => Promise.resolve(),
    partitions: () => Promise.resolve(1),
    append(batches) {
      return Promise.resolve().then(() => {
        reachable();
        for (const { topic, records } of batches) {
          for (const { key, value, headers } of records) {
            const offset = of(topic).length;
            of(topic).push({ offset, appendedAt: 0, key, value, headers: headers ?? {} });
          }
        }
        for (const wake of place.readers) wake();
      });
    },
    async *read(topic, _partition, from, signal) {
      let position = from;
      while (!signal.aborted) {
        reachable();
        const records = of(topic).slice(position, position + 100);
        if (records.length > 0) {
          position += records.length;
          yield records;
        } else await woken(place, signal);
      }
    },
    bounds: (topic) => Promise.resolve({ first: 0, next: of(topic).length }),
    async assign(topics, _group, handlers, signal) {
      const name = `${Math.random()}`;
      const take = () => {
        if (place.owner !== undefined || signal.aborted) return;
        place.owner = name;
        for (const topic of topics) handlers.assigned(topic, 0, signal);
      };
      take();
      place.readers.add(take);
      signal.addEventListener("abort", () => {
        place.readers.delete(take);
        if (place.owner === name) place.owner = undefined;
      });
      return Promise.resolve();
    },
    commit: () => Promise.resolve(),
    committed: () => Promise.resolve(undefined),
    checkpoint(task: string, cut: Cut) {
      return Promise.resolve().then(() => {
        reachable();
        const cells = new Map<string, Uint8Array>();
        for (const [key, value] of cut.cells) if (value !== null) cells.set(key, value);
        place.cuts.set(task, { offset: cut.offset, cells });
      });
    },
    restore: (task) => Promise.resolve(place.cuts.get(task)),
    close: () => Promise.resolve(),
  };
  return log;
}

const woken = (place: Place, signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    const wake = () => {
      place.readers.delete(wake);
      signal.removeEventListener("abort", wake);
      resolve();
    };
    place.readers.add(wake);
    signal.addEventListener("abort", wake);
  });
