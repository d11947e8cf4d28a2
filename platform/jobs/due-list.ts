import type { JobQueue } from "./port.ts";

const MAX_DELAY_MS = 2_147_483_647;
const KEPT_IDS = 100_000;

export interface DueListOptions {
  /** Jobs handled at once; default 8. */
  readonly concurrency?: number;
  /** Wall clock, epoch ms. */
  readonly now?: () => number;
  /** Told of a handler that rejected; the job has ended. */
  readonly onError?: (id: string, error: unknown) => void;
}

interface Due {
  readonly id: string;
  readonly at: number;
  /** Jobs due at the same time run in the order they came. */
  readonly order: number;
}

/**
 * Jobs in memory, earliest first. Nothing survives the process, and nothing needs to: the action
 * log is the record and a reconciler enqueues again what is open. Ids are known while waiting,
 * running and among the last 100 000 that ended.
 */
export function createDueList(options: DueListOptions = {}): JobQueue {
  const concurrency = options.concurrency ?? 8;
  const now = options.now ?? Date.now;
  const heap = createHeap();
  const known = createKnownIds();
  const running = new Set<Promise<void>>();
  let handler: ((id: string) => Promise<void>) | undefined;
  let timer: NodeJS.Timeout | undefined;
  let order = 0;
  let closed = false;

  const run = async (handle: (id: string) => Promise<void>, id: string): Promise<void> => {
    await handle(id).catch((error: unknown) => options.onError?.(id, error));
    known.ended(id);
  };

  const pump = (): void => {
    clearTimeout(timer);
    timer = undefined;
    for (;;) {
      const next = heap.peek();
      if (closed || handler === undefined || next === undefined) return;
      if (running.size >= concurrency) return;
      const wait = next.at - now();
      if (wait > 0) {
        timer = setTimeout(pump, Math.min(wait, MAX_DELAY_MS));
        return;
      }
      heap.pop();
      const job = run(handler, next.id);
      running.add(job);
      void job.then(() => {
        running.delete(job);
        pump();
      });
    }
  };

  return {
    enqueue(id, notBefore) {
      if (!known.has(id) && !closed) {
        known.add(id);
        heap.push({ id, at: notBefore, order: order++ });
        pump();
      }
      return Promise.resolve();
    },
    work(handle) {
      handler = handle;
      pump();
    },
    async close() {
      closed = true;
      clearTimeout(timer);
      await Promise.all(running);
    },
  };
}

/** Ids that are waiting or running, and the last ones that ended. */
function createKnownIds() {
  const ids = new Set<string>();
  const ended: string[] = [];
  return {
    has: (id: string) => ids.has(id),
    add: (id: string) => ids.add(id),
    ended(id: string) {
      ended.push(id);
      if (ended.length <= KEPT_IDS) return;
      for (const old of ended.splice(0, KEPT_IDS / 2)) ids.delete(old);
    },
  };
}

/** Binary heap, earliest due first. */
function createHeap() {
  const items: Due[] = [];
  const before = (left: number, right: number): boolean => {
    const a = items[left];
    const b = items[right];
    if (a === undefined || b === undefined) return a !== undefined;
    return a.at < b.at || (a.at === b.at && a.order < b.order);
  };
  const swap = (left: number, right: number): void => {
    const a = items[left];
    const b = items[right];
    if (a === undefined || b === undefined) return;
    items[left] = b;
    items[right] = a;
  };
  return {
    peek: () => items[0],
    push(item: Due) {
      items.push(item);
      for (let at = items.length - 1; at > 0;) {
        const parent = (at - 1) >> 1;
        if (!before(at, parent)) return;
        swap(at, parent);
        at = parent;
      }
    },
    pop() {
      const last = items.length - 1;
      swap(0, last);
      items.pop();
      for (let at = 0; ;) {
        const left = 2 * at + 1;
        const least = left + 1 < items.length && before(left + 1, left) ? left + 1 : left;
        if (least >= items.length || !before(least, at)) return;
        swap(at, least);
        at = least;
      }
    },
  };
}
