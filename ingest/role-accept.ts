import { MetsukeError, errorText } from "../platform/errors.ts";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import type { Event } from "../schemas/event.ts";
import type { Reject } from "../schemas/reject.ts";
import { backlogArrivals } from "./role-arrival.ts";
import { type Normalise, normaliseSafely } from "./role-normalise.ts";
import { type Line, type ProjectionTopic, linesOf, rejectLine } from "./role-pack.ts";
import type { createPositions } from "./role-positions.ts";
import type { createRoom } from "./role-room.ts";
import type { Entry, createWriter } from "./role-writer.ts";
import type { Accept, Accepted, RawBatch } from "./source.ts";

export interface AcceptOptions {
  readonly normalise: Normalise;
  readonly partitions: number;
  readonly projections: readonly ProjectionTopic[];
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly room: ReturnType<typeof createRoom>;
  readonly positions: ReturnType<typeof createPositions>;
  readonly writer: ReturnType<typeof createWriter>;
}

/** Waits for `work`, at most `patienceMs`. @throws METSUKE_LOG_UNAVAILABLE after it. */
async function within<T>(work: Promise<T>, patienceMs: number | undefined): Promise<T> {
  if (patienceMs === undefined) return work;
  let timer: NodeJS.Timeout | undefined;
  const bound = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `The event log took nothing for ${patienceMs} ms.`;
      reject(new MetsukeError("METSUKE_LOG_UNAVAILABLE", message, { retryable: true }));
    }, patienceMs);
  });
  return Promise.race([work, bound]).finally(() => clearTimeout(timer));
}

interface Made {
  readonly entry: Entry;
  readonly events: number;
  readonly rejects: readonly Reject[];
  /** Where the backlog the batch belongs to stands once it is durable. */
  readonly reached: number | undefined;
}

const sizeOf = (batch: RawBatch): number =>
  batch.records.reduce((sum, record) => sum + record.length + 256, 0) +
  (batch.refused ?? []).reduce((sum, refused) => sum + refused.bytes.length + 256, 0);

/** A batch as lines for their partitions. */
function make(options: AcceptOptions, batch: RawBatch): Made {
  const { logger, metrics } = options;
  const normalised = normaliseSafely(options.normalise, batch, (error) => {
    metrics.errors.inc({ component: "ingest", reason: "normaliser" });
    logger.error({ err: errorText(error) }, "normaliser failed on a record; kept as a reject");
  });
  const backlog =
    batch.backlog === undefined ? undefined : backlogArrivals(normalised.events, batch.arrivedAt);
  const events: readonly Event[] = backlog?.events ?? normalised.events;
  const rejects = [...normalised.rejects];
  const lines: Line[] = normalised.rejects.map(rejectLine);
  for (const event of events) {
    const made = linesOf(event, options.partitions, options.projections);
    for (const line of made.lines) {
      lines.push(batch.historical === true ? { ...line, historical: true } : line);
    }
    if (made.reject !== undefined) rejects.push(made.reject);
  }
  const bytes = lines.reduce((sum, line) => sum + line.bytes, 0);
  const tooLarge = rejects.length - normalised.rejects.length;
  return {
    entry: { lines, bytes },
    events: events.length - tooLarge,
    rejects,
    reached: events.length === 0 ? undefined : backlog?.smallest,
  };
}

/** The way of one batch: counted, room found, normalised, durable, answered. */
export function createAccept(options: AcceptOptions): Accept {
  const { metrics, room, positions, writer } = options;

  const take = async (batch: RawBatch, release: () => void): Promise<Accepted> => {
    const stop = metrics.latency.startTimer({ component: "ingest" });
    const made = make(options, batch);
    positions.handOver(batch, made.entry);
    try {
      await writer.write(made.entry);
    } finally {
      positions.settle(batch);
      release();
      stop();
    }
    if (batch.backlog !== undefined && made.reached !== undefined) {
      positions.advance(batch.backlog, made.reached);
    }
    metrics.sent.inc({ component: "ingest" }, made.events);
    for (const reject of made.rejects) {
      metrics.rejected.inc({ component: "ingest", reason: reject["reject.code"] });
    }
    const reasons = made.rejects.slice(0, 5).map((reject) => reject["reject.reason"]);
    return { events: made.events, rejects: made.rejects.length, reasons };
  };

  return async (batch, { patienceMs } = {}) => {
    const count = batch.records.length + (batch.refused?.length ?? 0);
    if (count === 0) return { events: 0, rejects: 0, reasons: [] };
    metrics.received.inc({ component: "ingest" }, count);
    positions.begin(batch);
    let left = false;
    const work = room.enter(sizeOf(batch)).then((release) => {
      if (!left) return take(batch, release);
      release();
      throw new MetsukeError("METSUKE_LOG_UNAVAILABLE", "No room came free in time.");
    });
    work.catch(() => positions.settle(batch));
    return within(work, patienceMs).finally(() => {
      left = true;
    });
  };
}
