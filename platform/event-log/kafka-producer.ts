import kafkajs, { type Producer, type TopicMessages } from "kafkajs";
import { compressSnappy, decompressSnappy } from "./kafka-codecs.ts";
import { type Connection, kafkaClient, unavailable } from "./kafka-link.ts";
import type { LogRecord } from "./port.ts";

/** Bytes of one batch before compression; brokers refuse more than 1 048 588 compressed. */
export const BATCH_BYTES = 900_000;
/** kafkajs groups the records of a batch in time that grows with their square. */
const BATCH_RECORDS = 500;
const SEND_MS = 60_000;
const RETRIES = 6;

export interface Appended {
  readonly topic: string;
  readonly partition: number;
  readonly record: LogRecord;
}

interface Waiting {
  readonly record: LogRecord;
  readonly settle: (error?: unknown) => void;
}

interface Lane {
  readonly topic: string;
  readonly partition: number;
  readonly waiting: Waiting[];
  busy: boolean;
}

/**
 * kafkajs keeps codecs in one table for the whole process, so this one also decompresses: others may
 * consume with kafkajs beside us. The same entry may be put there twice.
 */
function registerSnappy(): void {
  kafkajs.CompressionCodecs[kafkajs.CompressionTypes.Snappy] = () => ({
    compress: async (encoder: { buffer: Buffer }) => compressSnappy(encoder.buffer),
    decompress: async (bytes: Buffer) => decompressSnappy(bytes),
  });
}

/**
 * Sends records with one request in flight per partition, so that a retry cannot overtake. What
 * waits for a partition goes together in its next batch. No idempotence and no transactions: an
 * append that failed may still be in the log.
 */
export function openProducer(connection: Connection, sender: Sender = openSender(connection)) {
  registerSnappy();
  const lanes = new Map<string, Lane>();
  let turn: NodeJS.Immediate | undefined;

  // Appends that come in one turn of the event loop, such as those of tasks that one record woke,
  // share a request: what a request costs does not depend on what is in it.
  const pumpSoon = () => {
    turn ??= setImmediate(pump);
  };
  const pump = () => {
    turn = undefined;
    const round = takeRound(lanes.values());
    if (round.length === 0) return;
    const finish = (error?: unknown) => {
      for (const { lane, batch } of round) {
        lane.busy = false;
        // What waits behind a batch that failed must not get into the log before it.
        const failed = error === undefined ? [] : lane.waiting.splice(0);
        for (const { settle } of [...batch, ...failed]) settle(error);
      }
      pump();
    };
    sender.send(topicMessages(round)).then(() => finish(), finish);
  };

  return {
    /** @throws METSUKE_LOG_UNAVAILABLE (retryable) when any record may be missing */
    append(appended: readonly Appended[]): Promise<void> {
      return new Promise((resolve, reject) => {
        let open = 0;
        const settle = (error?: unknown) => {
          open -= 1;
          if (error !== undefined) reject(unavailable(error));
          else if (open === 0) resolve();
        };
        for (const { topic, partition, record } of appended) {
          const lane = laneOf(lanes, topic, partition);
          for (const part of splitLines(record)) {
            open += 1;
            lane.waiting.push({ record: part, settle });
          }
        }
        if (open === 0) resolve();
        else pumpSoon();
      });
    },
    close() {
      // What was appended just before goes out as it would have without the wait.
      if (turn !== undefined) {
        clearImmediate(turn);
        pump();
      }
      return sender.close();
    },
  };
}

export type LogProducer = ReturnType<typeof openProducer>;

function laneOf(lanes: Map<string, Lane>, topic: string, partition: number): Lane {
  const name = `${topic}/${partition}`;
  const lane = lanes.get(name) ?? { topic, partition, waiting: [], busy: false };
  lanes.set(name, lane);
  return lane;
}

/** The next batch of every lane that has none on its way. */
function takeRound(lanes: Iterable<Lane>): { lane: Lane; batch: Waiting[] }[] {
  const round: { lane: Lane; batch: Waiting[] }[] = [];
  for (const lane of lanes) {
    if (lane.busy || lane.waiting.length === 0) continue;
    lane.busy = true;
    round.push({ lane, batch: takeBatch(lane.waiting) });
  }
  return round;
}

function takeBatch(waiting: Waiting[]): Waiting[] {
  let bytes = 0;
  let count = 0;
  while (count < waiting.length && count < BATCH_RECORDS) {
    const { value, key } = waiting[count]?.record ?? { value: Buffer.alloc(0) };
    bytes += value.length + (key?.length ?? 0) + 100;
    if (count > 0 && bytes > BATCH_BYTES) break;
    count += 1;
  }
  return waiting.splice(0, count);
}

/** A record of many lines that is too large for a batch becomes several records of whole lines. */
export function splitLines(record: LogRecord): LogRecord[] {
  const parts: LogRecord[] = [];
  const { value } = record;
  let start = 0;
  while (value.length - start > BATCH_BYTES) {
    let end = value.lastIndexOf(0x0a, start + BATCH_BYTES - 1) + 1;
    if (end <= start) end = value.indexOf(0x0a, start) + 1;
    if (end <= start) break;
    parts.push({ ...record, value: value.subarray(start, end) });
    start = end;
  }
  if (start < value.length || parts.length === 0) {
    parts.push({ ...record, value: value.subarray(start) });
  }
  return parts;
}

function topicMessages(
  round: readonly { readonly lane: Lane; readonly batch: readonly Waiting[] }[],
): TopicMessages[] {
  const byTopic = new Map<string, TopicMessages>();
  for (const { lane, batch } of round) {
    const entry = byTopic.get(lane.topic) ?? { topic: lane.topic, messages: [] };
    byTopic.set(lane.topic, entry);
    for (const { record } of batch) {
      entry.messages.push({
        key: record.key ?? null,
        value: record.value,
        partition: lane.partition,
        ...(record.headers === undefined ? {} : { headers: { ...record.headers } }),
      });
    }
  }
  return [...byTopic.values()];
}

export interface Sender {
  send(messages: TopicMessages[]): Promise<void>;
  close(): Promise<void>;
}

/** A kafkajs producer that is replaced after any failure. */
function openSender(connection: Connection): Sender {
  let current: Promise<Producer> | undefined;
  const open = async () => {
    const producer = kafkaClient(connection, RETRIES).producer({
      allowAutoTopicCreation: false,
      idempotent: false,
      createPartitioner:
        () =>
        ({ message }) =>
          message.partition ?? 0,
    });
    await producer.connect();
    return producer;
  };
  const drop = (dropped: Promise<Producer> | undefined) => {
    if (current === dropped) current = undefined;
    // The producer is given up because it failed; how it ends changes nothing.
    return dropped?.then((producer) => producer.disconnect()).catch(() => undefined);
  };
  return {
    async send(messages: TopicMessages[]): Promise<void> {
      current ??= open();
      const mine = current;
      try {
        const producer = await mine;
        await within(
          SEND_MS,
          producer.sendBatch({
            acks: -1,
            timeout: 30_000,
            compression: kafkajs.CompressionTypes.Snappy,
            topicMessages: messages,
          }),
        );
      } catch (error) {
        void drop(mine);
        throw error;
      }
    },
    async close(): Promise<void> {
      await drop(current);
    },
  };
}

function within<Result>(ms: number, work: Promise<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("the broker is silent")), ms);
    work.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
