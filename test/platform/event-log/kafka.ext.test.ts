import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { type KafkaOptions, openKafkaLog } from "../../../platform/event-log/kafka.ts";
import { createLogger } from "../../../platform/logger.ts";
import { type KafkaService, startKafka } from "../../services/kafka.ts";
import { eventLogContract, line, readLines, topicSpec } from "../../contracts/event-log.ts";

const logger = createLogger({ level: process.env["METSUKE_TEST_LOG"] ?? "silent" });

const options = (service: KafkaService, prefix: string): KafkaOptions => ({
  brokers: service.brokers,
  clientId: "metsuke-test",
  topicPrefix: prefix,
  checkpointPartitions: 4,
  sessionTimeoutMs: 6_000,
  rebalanceTimeoutMs: 20_000,
  logger,
});

const checkpoints = { ...topicSpec("checkpoints", 1), retentionMs: 0 };

eventLogContract("Kafka", {
  clients: 2,
  start: async () => {
    const service = await startKafka();
    const prefix = `${randomUUID()}.`;
    const first = await openKafkaLog(options(service, prefix));
    await first.ensureTopics([checkpoints]);
    await first.close();
    return {
      open: () => openKafkaLog(options(service, prefix)),
      close: () => service.stop(),
    };
  },
});
