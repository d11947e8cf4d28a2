import type { TObject } from "typebox";
import type { EventLog } from "../platform/event-log/port.ts";
import type { Logger } from "../platform/logger.ts";
import type { Metrics } from "../platform/metrics.ts";
import { topics } from "../schemas/topics.ts";
import { createPositions } from "./role-positions.ts";
import { createAccept } from "./role-accept.ts";
import { type ProjectionTopic, heartbeats } from "./role-pack.ts";
import type { Normalise } from "./role-normalise.ts";
import { createRoom } from "./role-room.ts";
import { createWriter } from "./role-writer.ts";
import type { Accept, OpenSource, Source, SourceContext } from "./source.ts";

export interface IngestOptions {
  readonly log: EventLog;
  readonly normalise: Normalise;
  /** Partitions of every `events*` topic. */
  readonly partitions: number;
  /** Projection topics that an enabled detector keeps state by. */
  readonly projections: readonly ProjectionTopic[];
  /** Bytes taken in and not yet durable; above it accept waits. Default 64 MiB. */
  readonly maxInFlightBytes?: number;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** Names this process in heartbeats; unique per running process. */
  readonly ingestId: string;
  /** Epoch ms. */
  readonly now: () => number;
  /** Default 2 000 ms. */
  readonly heartbeatMs?: number;
  /** First wait (ms) after a failed append, default 100; doubles up to 5 s. */
  readonly backoffMs?: number;
}

export interface Ingest {
  readonly accept: Accept;
  readonly full: () => boolean;
  readonly position: SourceContext<unknown>["position"];
  /** Starts the heartbeats. */
  start(): void;
  /** One heartbeat now, behind everything accepted so far. */
  beat(): Promise<void>;
  /** Opens a source with the role's context; `close` ends it. */
  open<Params>(
    source: Source<Params> & { readonly params: TObject },
    params: Params,
    progress?: SourceContext<Params>["progress"],
  ): Promise<OpenSource>;
  /** Closes the sources, writes what is in flight, ends the heartbeats. */
  close(): Promise<void>;
}

/** Opens a source; heartbeats wait, for what it finds to catch up with is not known before. */
async function openHeld<Params>(
  source: Source<Params>,
  context: SourceContext<Params>,
): Promise<OpenSource> {
  const opening = `opening:${source.name}`;
  context.position(opening, 0);
  try {
    return await source.open(context);
  } finally {
    context.position(opening, undefined);
  }
}

/** The ingest role: raw batches in, durable Events, projections, rejects and heartbeats out. */
export function createIngest(options: IngestOptions): Ingest {
  const { logger, metrics, now } = options;
  const eventTopics = [topics.events.name, ...options.projections.map((key) => topics[key].name)];
  const room = createRoom(options.maxInFlightBytes ?? 64 * 1024 * 1024);
  const positions = createPositions(now);
  const sources: OpenSource[] = [];
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;

  const writer = createWriter({
    log: options.log,
    logger,
    metrics,
    backoffMs: options.backoffMs ?? 100,
    heartbeats: (written) => {
      const at = positions.heartbeat(written);
      if (at <= 0) return [];
      const target = { topics: eventTopics, partitions: options.partitions };
      return heartbeats(at, options.ingestId, target);
    },
  });

  const parts = { room, positions, writer };
  const accept = createAccept({ ...options, ...parts });
  const shared = {
    accept,
    signal: ending.signal,
    eventLog: options.log,
    metrics,
    now,
    full: room.full,
    position: positions.set,
  };
  return {
    accept,
    full: room.full,
    position: positions.set,
    beat: () => writer.beat(),
    start() {
      timer ??= setInterval(() => {
        void writer.beat();
      }, options.heartbeatMs ?? 2_000);
    },
    async open(source, params, progress) {
      const own = progress === undefined ? {} : { progress };
      const log = logger.child({ source: source.name });
      const opened = await openHeld(source, { ...shared, params, log, ...own });
      sources.push(opened);
      return opened;
    },
    async close() {
      clearInterval(timer);
      const closed = Promise.all(sources.map((source) => source.close()));
      ending.abort();
      await Promise.all([closed, writer.close()]);
      await writer.close();
    },
  };
}
