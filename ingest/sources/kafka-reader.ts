import { setTimeout as delay } from "node:timers/promises";
import { errorText } from "../../platform/errors.ts";
import type { RawBatch, SourceContext } from "../source.ts";
import { type Lane, type Taken, createLane, positionOf, takeTurn } from "./kafka-lanes.ts";
import type { KafkaParams } from "./kafka-params.ts";
import { ordinalsOf } from "./ordinals.ts";
import { persist } from "./persist.ts";
import { splitMessage } from "./split-json.ts";

const TURN = { maxBytes: 1_048_576, maxRecords: 1_000 };
const RETRY_MS = 1_000;

type Context = SourceContext<KafkaParams>;

const nameOf = (topic: string, partition: number): string => `kafka:${topic}/${partition}`;

function batchOf(params: KafkaParams, taken: Taken): RawBatch {
  const { topic } = taken.lane;
  const config = params.topics.find((each) => each.topic === topic);
  const split = splitMessage(taken.record.value, params.max_record_bytes);
  return {
    provenance: {
      tenant: config?.tenant ?? "default",
      transport: "kafka",
      senderId: topic,
      authenticated: config?.authenticated ?? false,
    },
    ...(config?.dataset === undefined ? {} : { dataset: config.dataset }),
    ...(config?.timezone === undefined ? {} : { timezone: config.timezone }),
    ...split,
    ordinals: ordinalsOf(split.records),
    arrivedAt: taken.arrivedAt,
  };
}

/** Lanes and the one loop that takes turns from them. */
export interface Reader {
  readonly context: Context;
  readonly stop: AbortSignal;
  readonly lanes: Map<string, Lane>;
  /** Lanes whose reading waits until their queue is empty: one fetch at hand, not more. */
  readonly emptied: Map<Lane, () => void>;
  /** Wakes the loop. */
  ring: () => void;
  /** The turn under way. */
  turning: Promise<void>;
}

export const createReader = (context: Context, stop: AbortSignal): Reader => ({
  context,
  stop,
  lanes: new Map(),
  emptied: new Map(),
  ring: () => undefined,
  turning: Promise.resolve(),
});

function trouble({ context }: Reader, reason: string, error: unknown): void {
  context.metrics.errors.inc({ component: "ingest.kafka", reason });
  context.log.warn({ err: errorText(error), step: reason }, "raw topics: failed, tried again");
}

const pause = (reader: Reader): Promise<void> =>
  delay(RETRY_MS, undefined, { signal: reader.stop }).catch(() => undefined);

/** The whole turn becomes durable; offsets move behind it. */
async function deliver(reader: Reader, turn: readonly Taken[]): Promise<void> {
  const { context, stop } = reader;
  const batches = turn.map((taken) => batchOf(context.params, taken));
  const durable = await Promise.all(batches.map((batch) => persist(context, batch, stop)));
  if (!durable.every(Boolean)) return;
  for (const { lane, record } of turn) lane.durable = record.offset + 1;
}

function report({ context, lanes }: Reader): void {
  const at = context.now();
  for (const [name, lane] of lanes) context.position(name, positionOf(lane, at));
}

function askForMore(reader: Reader): void {
  for (const [lane, more] of reader.emptied) {
    if (lane.queue.length > 0) continue;
    reader.emptied.delete(lane);
    more();
  }
}

/**
 * Hands over lanes merged by record time, turn by turn, until `stop`: all messages of a turn are
 * durable before the next turn begins, and offsets move only behind what is durable.
 */
export async function runTurns(reader: Reader): Promise<void> {
  const { stop } = reader;
  stop.addEventListener("abort", () => reader.ring());
  while (!stop.aborted) {
    const rung = new Promise<void>((resolve) => {
      reader.ring = resolve;
    });
    const turn = takeTurn(reader.lanes.values(), reader.context.now(), TURN);
    askForMore(reader);
    if (turn.length > 0) {
      reader.turning = deliver(reader, turn);
      await reader.turning;
    }
    report(reader);
    if (turn.length === 0) await rung;
  }
}

async function commit(reader: Reader, lane: Lane): Promise<void> {
  const { eventLog, params } = reader.context;
  const { durable } = lane;
  if (durable === lane.committed) return;
  try {
    await eventLog.commit(params.group, lane.topic, lane.partition, durable);
    lane.committed = durable;
  } catch (error) {
    trouble(reader, "commit", error);
  }
}

/** Looks where the partition ends and saves how far it is read. */
export async function look(reader: Reader, lane: Lane): Promise<void> {
  const at = reader.context.now();
  try {
    const { next } = await reader.context.eventLog.bounds(lane.topic, lane.partition);
    lane.end = next;
    lane.seenAt = at;
  } catch (error) {
    trouble(reader, "bounds", error);
  }
  await commit(reader, lane);
  reader.ring();
}

async function follow(reader: Reader, lane: Lane, signal: AbortSignal): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    signal.addEventListener("abort", () => resolve(), { once: true });
  });
  const { eventLog } = reader.context;
  for await (const records of eventLog.read(lane.topic, lane.partition, lane.fetched, signal)) {
    const last = records.at(-1);
    if (signal.aborted) return;
    if (last === undefined) continue;
    lane.queue = records.toReversed().concat(lane.queue);
    lane.fetched = last.offset + 1;
    const more = new Promise<void>((resolve) => reader.emptied.set(lane, resolve));
    reader.ring();
    await Promise.race([more, ended]);
  }
}

/** Reads one partition into its lane until `signal` ends. */
export async function addLane(
  reader: Reader,
  topic: string,
  partition: number,
  signal: AbortSignal,
): Promise<void> {
  const { eventLog, params, now, position } = reader.context;
  const name = nameOf(topic, partition);
  position(name, 0);
  while (!signal.aborted) {
    try {
      const saved = (await eventLog.committed(params.group, topic, partition)) ?? 0;
      if (signal.aborted) return;
      const lane = reader.lanes.get(name) ?? createLane(topic, partition, saved, now());
      reader.lanes.set(name, lane);
      await look(reader, lane);
      await follow(reader, lane, signal);
    } catch (error) {
      trouble(reader, "read", error);
    }
    if (!signal.aborted) await pause(reader);
  }
}

/** Resolves when nothing of the partition is under way and its position is saved. */
export async function removeLane(reader: Reader, topic: string, partition: number): Promise<void> {
  const name = nameOf(topic, partition);
  const lane = reader.lanes.get(name);
  reader.lanes.delete(name);
  reader.ring();
  await reader.turning;
  if (lane !== undefined) {
    reader.emptied.delete(lane);
    await commit(reader, lane);
  }
  reader.context.position(name, undefined);
}
