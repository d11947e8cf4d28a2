import type { Entry } from "./role-writer.ts";
import type { RawBatch } from "./source.ts";

/**
 * What bounds a heartbeat: the clock, where each backlog stands, and every batch that was taken in
 * but is not yet durable.
 */
export function createPositions(now: () => number) {
  const backlogs = new Map<string, number>();
  const pending = new Map<RawBatch, Entry | undefined>();

  return {
    /** Where reader `key` stands; undefined ends its backlog. */
    set: (key: string, at: number | undefined): void => {
      if (at === undefined) backlogs.delete(key);
      else backlogs.set(key, at);
    },
    /** Moves a backlog forward, never back, and only while it is open. */
    advance(key: string, at: number): void {
      const before = backlogs.get(key);
      if (before !== undefined && at > before) backlogs.set(key, at);
    },
    begin: (batch: RawBatch): unknown => pending.set(batch, undefined),
    handOver: (batch: RawBatch, entry: Entry): unknown => pending.set(batch, entry),
    settle: (batch: RawBatch): unknown => pending.delete(batch),
    /**
     * Epoch ms h such that everything taken in up to h is durable once `written` is. One less than
     * the smallest bound: a batch of the same millisecond may still come.
     */
    heartbeat(written: readonly Entry[]): number {
      const durable = new Set<Entry | undefined>(written);
      let at = now();
      for (const position of backlogs.values()) at = Math.min(at, position);
      for (const [batch, entry] of pending) {
        if (entry === undefined || !durable.has(entry)) at = Math.min(at, batch.arrivedAt);
      }
      return at - 1;
    },
  };
}
