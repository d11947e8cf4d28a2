import { randomUUID } from "node:crypto";
import { pino } from "pino";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { createIngest } from "../../../ingest/role.ts";
import type { KafkaParams } from "../../../ingest/sources/kafka-params.ts";
import { kafka } from "../../../ingest/sources/kafka.ts";
import { openKafkaLog } from "../../../platform/event-log/kafka.ts";
import type { EventLog } from "../../../platform/event-log/port.ts";
import { createMetrics } from "../../../platform/metrics.ts";
import { topics } from "../../../schemas/topics.ts";
import { type KafkaService, startKafka } from "../../services/kafka.ts";
import { paramsOf, plainNormalise } from "../ingest-rig.ts";

let service: KafkaService;
beforeAll(async () => {
  service = await startKafka({ own: true });
});
afterAll(() => service.stop());

const logger = pino({ level: "silent" });

async function open(prefix: string) {
  const log = await openKafkaLog({
    brokers: service.brokers,
    clientId: "metsuke-test",
    topicPrefix: prefix,
    checkpointPartitions: 1,
    sessionTimeoutMs: 6_000,
    logger,
  });
  const specs = [topics.events, topics.rejects].map((spec) => ({ ...spec, partitions: 1 }));
  await log.ensureTopics(specs);
  const ingest = createIngest({
    log,
    normalise: plainNormalise,
    partitions: 1,
    projections: [],
    logger,
    metrics: createMetrics(),
    ingestId: randomUUID(),
    now: Date.now,
  });
  const close = async (): Promise<void> => {
    await ingest.close();
    await log.close();
  };
  return { log, ingest, close };
}

async function messages(log: EventLog): Promise<string[]> {
  const { next } = await log.bounds("events", 0);
  const found: string[] = [];
  if (next === 0) return found;
  const stop = new AbortController();
  for await (const records of log.read("events", 0, 0, stop.signal)) {
    for (const { value } of records) {
      for (const line of value.toString().trimEnd().split("\n")) {
        found.push(String((JSON.parse(line) as Record<string, unknown>)["message"]));
      }
    }
    if ((records.at(-1)?.offset ?? 0) + 1 >= next) stop.abort();
  }
  return found;
}

const put = (log: EventLog, topic: string, text: string): Promise<void> =>
  log.append([{ topic, partition: 0, records: [{ value: Buffer.from(text) }] }]);

test("a backlog on two raw topics is merged, saved, and gone on with, over a killed broker", async () => {
  const run = randomUUID().slice(0, 8);
  const raw = [`raw.a.${run}`, `raw.b.${run}`];
  const params = paramsOf<KafkaParams>(kafka, { topics: raw.map((topic) => ({ topic })) });
  const first = await open(`${run}.`);
  const spec = { ...topics.events, partitions: 1 };
  await first.log.ensureTopics(raw.map((name) => ({ ...spec, name })));
  const backlog = Array.from({ length: 30 }, (_, index) => `m${String(index).padStart(2, "0")}`);
  for (const [index, text] of backlog.entries()) {
    await put(first.log, raw[index % 3 === 0 ? 0 : 1] ?? "", text);
    // Record times have millisecond steps: each its own.
    const at = Date.now();
    while (Date.now() === at) await new Promise((resolve) => setImmediate(resolve));
  }
  await first.ingest.open(kafka, params);
  await vi.waitFor(async () => expect(await messages(first.log)).toEqual(backlog), 30_000);
  await first.close();

  const second = await open(`${run}.`);
  expect(await second.log.committed("metsuke-ingest", raw[0] ?? "", 0)).toBe(10);
  expect(await second.log.committed("metsuke-ingest", raw[1] ?? "", 0)).toBe(20);
  await second.ingest.open(kafka, params);
  await put(second.log, raw[1] ?? "", "after");
  await vi.waitFor(async () => {
    expect(await messages(second.log)).toEqual([...backlog, "after"]);
  }, 30_000);

  await service.kill();
  await service.restart();
  await vi.waitFor(() => put(second.log, raw[0] ?? "", "later"), 60_000);
  await vi.waitFor(async () => {
    expect(new Set(await messages(second.log))).toEqual(new Set([...backlog, "after", "later"]));
  }, 60_000);
  await second.close();
});
