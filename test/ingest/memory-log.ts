import { MetsukeError } from "../../platform/errors.ts";
import type {
  AppendBatch,
  AssignmentHandlers,
  EventLog,
  StoredRecord,
} from "../../platform/event-log/port.ts";

/** An EventLog in memory whose appends can be held or made to fail. */
export function createMemoryLog(now: () => number = Date.now) {
  const stored = new Map<string, StoredRecord[]>();
  const commits = new Map<string, number>();
  const cells = new Map<string, { offset: number; cells: Map<string, Uint8Array> }>();
  const appends: AppendBatch[][] = [];
  const handlers: AssignmentHandlers[] = [];
  let listeners: Array<() => void> = [];
  let held: Promise<void> | undefined;
  let letGo: () => void = () => undefined;
  let failures = 0;
  let waiting = 0;

  const partition = (topic: string, index: number): StoredRecord[] => {
    const key = `${topic}/${index}`;
    const known = stored.get(key) ?? [];
    stored.set(key, known);
    return known;
  };
  const changed = (): void => {
    const ring = listeners;
    listeners = [];
    for (const listener of ring) listener();
  };
  const put = (batches: readonly AppendBatch[], at = now()): void => {
    for (const { topic, partition: index, records } of batches) {
      const list = partition(topic, index);
      for (const record of records) {
        const offset = list.length;
        list.push({
          ...record,
          offset,
          appendedAt: at,
          key: record.key,
          headers: record.headers ?? {},
        });
      }
    }
    changed();
  };

  const log: EventLog = {
    ensureTopics: async () => undefined,
    partitions: async () => 1,
    async append(batches) {
      waiting++;
      if (held !== undefined) await held;
      waiting--;
      if (failures > 0) {
        failures--;
        throw new MetsukeError("METSUKE_LOG_UNAVAILABLE", "told to fail", { retryable: true });
      }
      appends.push([...batches]);
      put(batches);
    },
    async *read(topic, index, from, signal) {
      let next = from;
      while (!signal.aborted) {
        const more = partition(topic, index).slice(next);
        next += more.length;
        if (more.length > 0) {
          yield more;
          continue;
        }
        await new Promise<void>((resolve) => {
          listeners.push(resolve);
          signal.addEventListener("abort", () => resolve(), { once: true });
        });
      }
    },
    bounds: async (topic, index) => ({ first: 0, next: partition(topic, index).length }),
    async assign(topics, _group, given, signal) {
      handlers.push(given);
      for (const topic of topics) given.assigned(topic, 0, signal);
    },
    async commit(group, topic, index, next) {
      commits.set(`${group} ${topic}/${index}`, next);
    },
    committed: async (group, topic, index) => commits.get(`${group} ${topic}/${index}`),
    async checkpoint(task, cut) {
      const kept = new Map<string, Uint8Array>();
      for (const [key, value] of cut.cells) if (value !== null) kept.set(key, value);
      cells.set(task, { offset: cut.offset, cells: kept });
    },
    restore: async (task) => cells.get(task),
    close: async () => undefined,
  };

  return {
    log,
    appends,
    commits,
    handlers,
    put,
    /** Lines of a topic, in the order of the log, partition by partition. */
    lines(topic: string): Array<Record<string, unknown>> {
      return [...stored]
        .filter(([key]) => key.startsWith(`${topic}/`))
        .flatMap(([, records]) => records)
        .flatMap((record) => record.value.toString().trimEnd().split("\n"))
        .map((line) => JSON.parse(line) as Record<string, unknown>);
    },
    records: partition,
    hold(): void {
      held = new Promise((resolve) => {
        letGo = resolve;
      });
    },
    release(): void {
      held = undefined;
      letGo();
    },
    fail(times: number): void {
      failures = times;
    },
    waiting: (): number => waiting,
  };
}

export type MemoryLog = ReturnType<typeof createMemoryLog>;
