import { setTimeout as delay } from "node:timers/promises";
import kafkajs from "kafkajs";
import { loadConfig } from "../app/config.ts";
import { detectionChoice } from "../app/engine-options.ts";
import { createDetectRole, topicsRead } from "../detectors/runtime/role.ts";
import { heartbeats, linesOf, pack, type ProjectionTopic } from "../ingest/role-pack.ts";
import { openKafkaLog } from "../platform/event-log/kafka.ts";
import type { EventLog } from "../platform/event-log/port.ts";
import { createLogger } from "../platform/logger.ts";
import { createMetrics } from "../platform/metrics.ts";
import type { Event } from "../schemas/event.ts";
import { topics } from "../schemas/topics.ts";
import { type KafkaService, startKafka } from "../test/services/kafka.ts";
import { companyLines, type Lines, lineText } from "./lines.ts";
import { type Bench, cpuMicros, type Figure, median, micros } from "./measure.ts";

const MOST = 2.5;
const ROUNDS = 5;
const COMPANY = { seed: 11, people: 250, days: 2, telemetry: 40, shipper: true };
const PROJECTIONS: readonly ProjectionTopic[] = ["bySource", "byDevice"];
const PACK = 1_000;
const topicName = (key: string): string => topics[key as ProjectionTopic].name;
const logger = createLogger({ level: "silent" });

const openLog = (kafka: KafkaService, topicPrefix: string): Promise<EventLog> =>
  openKafkaLog({ brokers: kafka.brokers, clientId: "bench", topicPrefix, logger });

/** Writes the lines as ingest does: packs by target partition, with their projections and heartbeats. */
async function fill(log: EventLog, lines: Lines): Promise<void> {
  await log.ensureTopics(Object.values(topics).map((topic) => ({ ...topic, partitions: 1 })));
  const target = { topics: ["events", ...PROJECTIONS].map(topicName), partitions: 1 };
  for (let from = 0; from < lines.count; from += PACK) {
    const packed = [];
    let arrived = 0;
    for (let at = from; at < Math.min(lines.count, from + PACK); at++) {
      const event = JSON.parse(lineText(lines, at)) as Event;
      packed.push(...linesOf(event, 1, PROJECTIONS).lines);
      arrived = Date.parse(event["@timestamp"]);
    }
    await log.append([...pack(packed), ...heartbeats(arrived, "bench", target)]);
  }
}

/** A consumer as anybody would write it: fetches, unpacks (by the codec that our log registers), parses every line. */
async function consume(kafka: KafkaService, topic: string, events: number): Promise<number> {
  const client = new kafkajs.Kafka({
    brokers: [...kafka.brokers],
    clientId: "plain",
    logLevel: kafkajs.logLevel.NOTHING,
  });
  const consumer = client.consumer({ groupId: `plain-${topic}-${Date.now()}` });
  let parsed = 0;
  let crashed: Error | undefined;
  consumer.on(consumer.events.CRASH, ({ payload }) => {
    crashed = payload.error;
  });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const before = cpuMicros();
  await consumer.run({
    eachBatch: async ({ batch }) => {
      for (const { value } of batch.messages) {
        for (const line of (value?.toString("utf8") ?? "").split("\n")) {
          if (line !== "" && JSON.parse(line) !== null) parsed += 1;
        }
      }
    },
  });
  while (parsed < events) {
    if (crashed !== undefined) throw crashed;
    await delay(5);
  }
  const used = cpuMicros() - before;
  await consumer.disconnect();
  return used;
}

async function detect(log: EventLog): Promise<number> {
  const { config } = loadConfig(undefined);
  const choice = detectionChoice(config);
  const options = { ...choice, timezone: "UTC", log, logger, metrics: createMetrics() };
  const role = createDetectRole({ ...options, mode: "log", partitions: 1 });
  const ends = new Map<string, number>();
  for (const topic of topicsRead(choice.detectors)) {
    ends.set(`detect/${topic}/0`, (await log.bounds(topic, 0)).next);
  }
  const before = cpuMicros();
  await role.start();
  const behind = (): boolean => {
    const { tasks } = role.health();
    return tasks.length < ends.size || tasks.some((one) => one.offset < (ends.get(one.task) ?? 0));
  };
  while (behind()) await delay(5);
  const used = cpuMicros() - before;
  await role.stop();
  return used;
}

async function* run(): AsyncIterable<Figure> {
  const lines = companyLines(COMPANY);
  const kafka = await startKafka();
  try {
    const plain: number[] = [];
    const whole: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const prefix = `bench-${process.pid}-${round}.`;
      const log = await openLog(kafka, prefix);
      try {
        await fill(log, lines);
        const topic = `${prefix}${topics.events.name}`;
        plain.push((await consume(kafka, topic, lines.count)) / lines.count);
        whole.push((await detect(log)) / lines.count);
        plain.push((await consume(kafka, topic, lines.count)) / lines.count);
      } finally {
        await log.close();
      }
    }
    // The first round warms the code of both.
    const ratios = whole
      .map((one, at) => (2 * one) / ((plain[2 * at] as number) + (plain[2 * at + 1] as number)))
      .slice(1);
    yield {
      name: "kafka",
      figure:
        `${micros(median(whole.slice(1)))} CPU per event Kafka → detect → Kafka, plain kafkajs consumer ${micros(median(plain.slice(2)))} ` +
        `(${lines.count} events in snappy packs, one partition, ${ROUNDS} rounds; the broker's CPU is not counted)`,
      ratio: median(ratios),
      bar: { most: MOST },
    };
  } finally {
    await kafka.stop();
  }
}

export const kafka: Bench = {
  name: "kafka",
  summary: "CPU per event Kafka → detect → Kafka against a plain consumer that parses",
  run,
};
