import { MetsukeError } from "../errors.ts";
import type { Files, TopicEntry } from "./embedded-files.ts";
import { openPartition, type Partition } from "./embedded-partition.ts";
import type { EventLog } from "./port.ts";

type Specs = Parameters<EventLog["ensureTopics"]>[0];

/** The topics of the folder and their partitions, opened when first used. */
export function openTopics(files: Files) {
  const entries = new Map<string, TopicEntry>();
  for (const { key, value } of files.meta.getRange({ start: "topic ", end: "topic!" })) {
    entries.set(key.slice("topic ".length), value as TopicEntry);
  }
  const partitions = new Map<number, Partition>();
  const byId = (id: number): Partition => {
    const known = partitions.get(id) ?? openPartition(files, id);
    partitions.set(id, known);
    return known;
  };
  return {
    count: (topic: string): number => entries.get(topic)?.partitions ?? 0,
    partition: (topic: string, index: number): Partition => {
      const entry = entries.get(topic);
      if (entry === undefined || index < 0 || index >= entry.partitions) {
        throw new MetsukeError("METSUKE_INTERNAL", `no partition ${index} of topic ${topic}`);
      }
      return byId(entry.id + index);
    },
    /** A topic that exists keeps its number of partitions: another number would move keys. */
    ensure: async (specs: Specs): Promise<void> => {
      let id = 0;
      for (const entry of entries.values()) id = Math.max(id, entry.id + entry.partitions);
      const changed = new Map<string, TopicEntry>();
      for (const { name, partitions: count, retentionMs } of specs) {
        const before = entries.get(name) ?? changed.get(name);
        changed.set(name, { id, partitions: count, ...before, retentionMs });
        if (before === undefined) id += count;
      }
      await files.commit(() => {
        for (const [name, entry] of changed) void files.meta.put(`topic ${name}`, entry);
      });
      for (const [name, entry] of changed) entries.set(name, entry);
    },
    all: () =>
      [...entries].map(([name, entry]) => ({
        name,
        retentionMs: entry.retentionMs,
        partitions: Array.from({ length: entry.partitions }, (_, index) => byId(entry.id + index)),
      })),
  };
}

export type Topics = ReturnType<typeof openTopics>;
