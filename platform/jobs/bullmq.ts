import { type Job, Queue, Worker } from "bullmq";
import { Redis, type RedisOptions } from "ioredis";
import { errorText, MetsukeError } from "../errors.ts";
import type { JobQueue } from "./port.ts";

const ANSWER_MS = 3_000;
const KEPT = { age: 7 * 86_400, count: 100_000 };

export interface BullmqOptions {
  /** `redis://user:password@host:6379/0`, or `rediss://` for TLS. */
  readonly url: string;
  /** Passed to ioredis: `tls`, `username`, `password`, `db`, `family`, sentinels. */
  readonly redis?: Omit<RedisOptions, "replyMapping">;
  /** Name of the queue; one per installation. Default `metsuke`. */
  readonly name?: string;
  /** Jobs handled at once; default 8. */
  readonly concurrency?: number;
  /** How long a worker may be silent before its job counts as stalled, in ms; default 30 000. */
  readonly stalledMs?: number;
  /** Told of lost connections and of handlers that rejected; both recover or end by themselves. */
  readonly onError?: (error: unknown) => void;
}

/**
 * BullMQ on Redis (its eviction policy must be `noeviction`). A job is a pointer and runs at most
 * once: one attempt, and a stalled job fails instead of running again, because its first worker may
 * still act. Ids stay known for 7 days or 100 000 jobs. Lost jobs are enqueued again by their owner.
 */
export function createBullmqQueue(options: BullmqOptions): JobQueue {
  const name = options.name ?? "metsuke";
  const report = (error: unknown) => options.onError?.(error);
  const running = new Set<Promise<void>>();
  const clients = createClients(options, report);
  const queue = new Queue(name, {
    connection: clients.connect(),
    defaultJobOptions: { attempts: 1, removeOnComplete: KEPT, removeOnFail: KEPT },
  });
  queue.on("error", report);
  let worker: Worker | undefined;

  return {
    async enqueue(id, notBefore) {
      const delay = Math.max(0, notBefore - Date.now());
      await inTime(queue.add("attempt", {}, { jobId: id, delay }));
    },
    work(handler) {
      const process = async (job: Job) => {
        const ended = handler(job.id ?? "");
        running.add(ended);
        try {
          await ended;
        } finally {
          running.delete(ended);
        }
      };
      worker = new Worker(name, process, {
        connection: clients.connect(),
        concurrency: options.concurrency ?? 8,
        lockDuration: options.stalledMs ?? 30_000,
        stalledInterval: options.stalledMs ?? 30_000,
        maxStalledCount: 0,
      });
      worker.on("error", report);
      worker.on("failed", (_job, error) => report(error));
    },
    async close() {
      const away = clients.away();
      if (!away) await settled(worker?.close(), report);
      await Promise.allSettled(running);
      if (away) clients.end();
      if (away) await settled(worker?.close(true), report);
      await settled(queue.close(), report);
      clients.end();
    },
  };
}

/** Connections that come back by themselves until `end`. */
function createClients(
  { url, redis }: Pick<BullmqOptions, "url" | "redis">,
  report: (error: unknown) => void,
) {
  const clients: Redis[] = [];
  let ended = false;
  return {
    connect() {
      const client = new Redis(url, {
        ...redis,
        maxRetriesPerRequest: null,
        retryStrategy: (times) => (ended ? null : Math.min(times * 100, 2_000)),
      });
      client.on("error", report);
      clients.push(client);
      return client;
    },
    away: () => clients.some(({ status }) => status !== "ready"),
    end() {
      ended = true;
      for (const client of clients) client.disconnect();
    },
  };
}

/** Rejects when Redis does not answer. The command may still arrive later: it is idempotent by id. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer in ${ANSWER_MS} ms`)), ANSWER_MS);
  });
  answer.catch(() => undefined);
  try {
    return await Promise.race([answer, late]);
  } catch (error) {
    throw new MetsukeError("METSUKE_JOBS_UNAVAILABLE", `Redis: ${errorText(error)}`, {
      retryable: true,
      cause: error,
    });
  } finally {
    clearTimeout(timer);
  }
}

/** With Redis away BullMQ may wait for it for ever; what it would have tidied is not needed. */
async function settled(
  closing: Promise<unknown> | undefined,
  report: (error: unknown) => void,
): Promise<void> {
  if (closing === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, 20_000);
  });
  try {
    await Promise.race([closing, late]);
  } catch (error) {
    report(error);
  } finally {
    clearTimeout(timer);
  }
}
