import type {
  AppendBatch,
  AssignmentHandlers,
  Cut,
  EventLog,
  Restored,
  StoredRecord,
} from "../../platform/event-log/port.ts";

/** An EventLog in memory, for tests of what stands on the port. `fail` makes the next appends reject. */
export interface MemoryLog extends EventLog {
  /** Everything in a partition so far. */
  records(topic: string, partition?: number): readonly StoredRecord[];
  /** Calls to `append` that will reject before anything is stored. */
  failAppends: number;
  failCheckpoints: number;
  /** Topic that takes no records. */
  refuse: string | undefined;
}

interface Partition {
  readonly records: StoredRecord[];
  wake: (() => void)[];
}

export function createMemoryLog(now: () => number = () => 0): MemoryLog {
  const topics = new Map<string, Partition[]>();
  const cuts = new Map<string, Map<string, Uint8Array>>();
  const offsets = new Map<string, number>();
  const committed = new Map<string, number>();
  const partition = (topic: string, number: number): Partition => {
    const partitions = topics.get(topic) ?? [];
    topics.set(topic, partitions);
    while (partitions.length <= number) partitions.push({ records: [], wake: [] });
    return partitions[number] as Partition;
  };
  const store = ({ topic, partition: number, records }: AppendBatch) => {
    const into = partition(topic, number);
    for (const record of records) {
      into.records.push({
        offset: into.records.length,
        appendedAt: now(),
        key: record.key,
        value: record.value,
        headers: record.headers ?? {},
      });
    }
    const { wake } = into;
    into.wake = [];
    for (const call of wake) call();
  };
  const log: MemoryLog = {
    failAppends: 0,
    failCheckpoints: 0,
    refuse: undefined,
    records: (topic, number = 0) => partition(topic, number).records,
    async ensureTopics(specs) {
      for (const spec of specs) partition(spec.name, spec.partitions - 1);
    },
    partitions: async (topic) => topics.get(topic)?.length ?? 0,
    async append(batches) {
      if (log.failAppends > 0) {
        log.failAppends -= 1;
        throw new Error("append failed");
      }
      if (batches.some((batch) => batch.topic === log.refuse)) throw new Error("refused");
      for (const batch of batches) store(batch);
    },
    async *read(topic, number, from, signal) {
      const of = partition(topic, number);
      let at = Math.max(0, from);
      while (!signal.aborted) {
        if (at < of.records.length) {
          const batch = of.records.slice(at, at + 64);
          at += batch.length;
          yield batch;
          continue;
        }
        await new Promise<void>((resolve) => {
          const done = () => {
            signal.removeEventListener("abort", done);
            resolve();
          };
          of.wake.push(done);
          signal.addEventListener("abort", done, { once: true });
        });
      }
    },
    bounds: async (topic, number) => ({ first: 0, next: partition(topic, number).records.length }),
    async assign(names, _group, handlers: AssignmentHandlers, signal) {
      for (const name of names) {
        for (const [number] of (topics.get(name) ?? []).entries()) {
          handlers.assigned(name, number, signal);
        }
      }
    },
    async commit(group, topic, number, next) {
      committed.set(`${group}/${topic}/${number}`, next);
    },
    committed: async (group, topic, number) => committed.get(`${group}/${topic}/${number}`),
    async checkpoint(task, cut: Cut) {
      if (log.failCheckpoints > 0) {
        log.failCheckpoints -= 1;
        throw new Error("checkpoint failed");
      }
      const cells = cut.full ? new Map<string, Uint8Array>() : new Map(cuts.get(task) ?? []);
      for (const [key, value] of cut.cells) {
        if (value === null) cells.delete(key);
        else cells.set(key, Uint8Array.from(value));
      }
      cuts.set(task, cells);
      offsets.set(task, cut.offset);
    },
    async restore(task): Promise<Restored | undefined> {
      const cells = cuts.get(task);
      const offset = offsets.get(task);
      return cells === undefined || offset === undefined ? undefined : { offset, cells };
    },
    close: async () => {},
  };
  return log;
}
