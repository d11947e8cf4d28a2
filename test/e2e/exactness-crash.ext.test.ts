import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KafkaService, startKafka } from "../services/kafka.ts";
import { type RedisService, startRedis } from "../services/redis.ts";
import { writeCompany } from "./exactness-company.ts";
import { crashed } from "./exactness-crash.ts";
import { crowd } from "./exactness-crowd.ts";
import { differences } from "./exactness-outcome.ts";
import { replayed } from "./exactness-runs.ts";

const EVENTS = 20_000;

let kafka: KafkaService;
let redis: RedisService;

beforeAll(async () => {
  [kafka, redis] = await Promise.all([startKafka(), startRedis()]);
});

afterAll(async () => {
  await redis?.stop();
  await kafka?.stop();
});

describe("roles on Kafka of which three are killed while events come", () => {
  it("store each once, find what replay finds, decide what their casework says", async () => {
    const company = crowd(12, EVENTS, Date.now() + 60_000);
    const folder = await mkdtemp(join(tmpdir(), "metsuke-crowd-"));
    try {
      const path = join(folder, "events.ndjson");
      await writeCompany(path, company);
      const crash = await crashed({
        seed: 12,
        company,
        kills: 3,
        repeated: 0.05,
        settleMs: 120_000,
        cluster: { brokers: kafka.brokers, redis: redis.url },
      });
      expect([crash.count, crash.distinct]).toEqual([EVENTS, EVENTS]);
      const reference = await replayed(path);
      expect(differences(reference, crash.live)).toEqual([]);
      expect(crash.stored).toEqual(crash.live.anomalies);
      expect(crash.live.actions).toEqual(crash.refolded.actions);
      expect(crash.live.anomalies.length).toBeGreaterThan(10);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 400_000);
});
