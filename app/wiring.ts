import { join } from "node:path";
import type { ConnectionOptions } from "node:tls";
import type { EventLog } from "../platform/event-log/port.ts";
import type { JobQueue } from "../platform/jobs/port.ts";
import { errorText } from "../platform/errors.ts";
import type { Logger } from "../platform/logger.ts";
import type { Store } from "../platform/store/port.ts";
import { topics } from "../schemas/topics.ts";
import { type Config, readText } from "./config.ts";

/**
 * Which adapter serves which port: the only place that knows. Adapters are imported when chosen, so
 * that an installation with its own ClickHouse never loads the embedded engine.
 */
export async function openEventLog(config: Config, logger: Logger): Promise<EventLog> {
  const log = await chooseEventLog(config, logger);
  await log.ensureTopics(
    Object.values(topics).map((topic) => ({
      ...topic,
      partitions: topic.partitions === "configured" ? config.partitions : topic.partitions,
    })),
  );
  return log;
}

async function chooseEventLog(config: Config, logger: Logger): Promise<EventLog> {
  const { kafka } = config.event_log;
  if (kafka === undefined) {
    const { openEmbeddedLog } = await import("../platform/event-log/embedded.ts");
    return openEmbeddedLog({ dir: join(config.data_dir, "log") });
  }
  const { openKafkaLog } = await import("../platform/event-log/kafka.ts");
  return openKafkaLog({
    brokers: kafka.brokers,
    clientId: kafka.client_id,
    topicPrefix: kafka.topic_prefix,
    sessionTimeoutMs: kafka.session_timeout_ms,
    logger: logger.child({ component: "kafka" }),
    ...(kafka.replication_factor === undefined
      ? {}
      : { replicationFactor: kafka.replication_factor }),
    ...(kafka.tls === undefined ? {} : { ssl: tlsOptions(kafka.tls) }),
    ...(kafka.sasl === undefined ? {} : { sasl: kafka.sasl }),
  });
}

/** The store as the pipeline writes it and as analysts read it. */
export interface StorePart {
  /** Database that tables and views are in. */
  readonly database: string;
  readonly writer: Store;
  /** Checks every statement where the engine is ours; a server's own rights hold elsewhere. */
  readonly reader: Store;
  /** Address analysts use. */
  readonly url: string;
  close(): Promise<void>;
}

export async function openStorePart(config: Config, logger: Logger): Promise<StorePart> {
  const { openStore } = await import("../platform/store/http.ts");
  const { clickhouse, embedded } = config.store;
  if (clickhouse !== undefined) {
    const { url, user, database } = clickhouse;
    const store = openStore({
      url,
      user,
      password: clickhouse.password ?? "",
      database,
      logger,
      ...(clickhouse.tls?.ca_file === undefined ? {} : { tls: pemTexts(clickhouse.tls) }),
    });
    return { database, writer: store, reader: store, url, close: () => store.close() };
  }
  const { startEngineHost } = await import("../platform/store/engine-host/start.ts");
  const host = await startEngineHost({
    dir: join(config.data_dir, "store"),
    port: embedded.port,
    logger: logger.child({ component: "engine-host" }),
    ...(embedded.reader_password === undefined ? {} : { readerPassword: embedded.reader_password }),
  });
  const { url, database } = host;
  const writer = openStore({ url, ...host.writer, database, logger });
  const reader = openStore({ url, ...host.reader, database, logger });
  return {
    database,
    writer,
    reader,
    url,
    close: async () => {
      await Promise.all([writer.close(), reader.close()]);
      await host.close();
    },
  };
}

export async function openJobQueue(config: Config, logger: Logger): Promise<JobQueue> {
  const { redis } = config.jobs;
  if (redis === undefined) {
    const { createDueList } = await import("../platform/jobs/due-list.ts");
    return createDueList({
      onError: (id, error) => logger.error({ job: id, err: errorText(error) }, "job failed"),
    });
  }
  const { createBullmqQueue } = await import("../platform/jobs/bullmq.ts");
  return createBullmqQueue({
    url: redis.url,
    name: redis.prefix,
    onError: (error) => logger.warn({ err: errorText(error) }, "job queue"),
    ...(redis.tls === undefined ? {} : { redis: { tls: tlsOptions(redis.tls) } }),
  });
}

interface TlsFiles {
  readonly ca_file?: string;
  readonly cert_file?: string;
  readonly key_file?: string;
}

const tlsOptions = (files: TlsFiles): ConnectionOptions => ({
  ...(files.ca_file === undefined ? {} : { ca: [readText(files.ca_file)] }),
  ...(files.cert_file === undefined ? {} : { cert: readText(files.cert_file) }),
  ...(files.key_file === undefined ? {} : { key: readText(files.key_file) }),
});

const pemTexts = (files: TlsFiles) => ({
  ca: readText(String(files.ca_file)),
  ...(files.cert_file === undefined ? {} : { cert: readText(files.cert_file) }),
  ...(files.key_file === undefined ? {} : { key: readText(files.key_file) }),
});

/** One process, one partition, own log: the tasks of all topics run merged, in the order of ingest. */
export const runsMerged = (config: Config): boolean =>
  config.event_log.kafka === undefined && config.partitions === 1;
