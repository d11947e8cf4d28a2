import { randomUUID } from "node:crypto";
import { mkdirSync } from "node:fs";
import { setTimeout as delay } from "node:timers/promises";
import { Value } from "typebox/value";
import { createDetectRole, topicsRead } from "../detectors/runtime/role.ts";
import { openGeo } from "../ingest/geo-files.ts";
import { createNormaliser } from "../ingest/normalise.ts";
import { createIngest, type Ingest } from "../ingest/role.ts";
import type { ProjectionTopic } from "../ingest/role-pack.ts";
import { sources } from "../ingest/sources/index.ts";
import { MetsukeError } from "../platform/errors.ts";
import type { EventLog } from "../platform/event-log/port.ts";
import type { Logger } from "../platform/logger.ts";
import { createMetrics, type Metrics } from "../platform/metrics.ts";
import { migrate } from "../platform/store/migrate.ts";
import { runSink } from "../platform/store/sink.ts";
import { createResponders } from "../responders/index.ts";
import {
  type ResponderInstance,
  triageConfig,
  triageResponders,
} from "../responders/runtime/config.ts";
import { createRespondRole } from "../responders/runtime/role.ts";
import { topics } from "../schemas/topics.ts";
import type { Config } from "./config.ts";
import { detectionChoice } from "./engine-options.ts";
import { geoFiles } from "./geo-options.ts";
import { localOperations, type Operations } from "./instance/operations.ts";
import { serveInstance } from "./instance/server.ts";
import { serveMetrics } from "./metrics-server.ts";
import { loadPolicy } from "./policy-file.ts";
import { openEventLog, openJobQueue, openStorePart, runsMerged, type StorePart } from "./wiring.ts";

export const roles = ["ingest", "detect", "respond", "sink"] as const;
export type Role = (typeof roles)[number];

export interface App {
  /** Lines for a person: where to send and where to query. */
  readonly addresses: readonly string[];
  /** Present when the role runs here. */
  readonly ingest?: Ingest;
  readonly log: EventLog;
  readonly store: StorePart | undefined;
  readonly operations: Operations;
  status(): Readonly<Record<string, unknown>>;
  /** Drains every role in the order of the flow. */
  stop(): Promise<void>;
}

export interface AppOptions {
  readonly config: Config;
  readonly roles: readonly Role[];
  readonly logger: Logger;
  /** A defect in a loop that has to run: the process should end and resume from its checkpoint. */
  readonly failed: (error: unknown) => void;
  /** Epoch ms at which records arrive and heartbeats speak; default the wall clock. */
  readonly arrivalClock?: () => number;
}

interface Building {
  readonly options: AppOptions;
  readonly metrics: Metrics;
  readonly log: EventLog;
  readonly addresses: string[];
  readonly health: Record<string, () => unknown>;
  /** Run in reverse order at the stop. */
  readonly closers: (() => Promise<void>)[];
}

/**
 * Starts any subset of the roles on the adapters that the configuration names. What was opened is
 * closed again when a later part does not start.
 */
export async function createApp(options: AppOptions): Promise<App> {
  const { config, logger } = options;
  mkdirSync(config.data_dir, { recursive: true, mode: 0o700 });
  const log = await patiently(() => openEventLog(config, logger), "event log", logger);
  const building: Building = {
    options,
    metrics: createMetrics(),
    log,
    addresses: [],
    health: {},
    closers: [() => log.close()],
  };
  try {
    return await build(building);
  } catch (error) {
    await closeAll(building);
    throw error;
  }
}

async function build(building: Building): Promise<App> {
  const { options, log, closers } = building;
  const { config } = options;
  const has = (role: Role) => options.roles.includes(role);
  const store = await openStoreFor(building);
  if (has("sink") && store !== undefined) await startSink(building, store);
  if (has("respond")) await startRespond(building);
  if (has("detect")) await startDetect(building);
  const ingest = has("ingest") ? await startIngest(building) : undefined;
  const status = () => ({
    running: true,
    roles: options.roles,
    addresses: building.addresses,
    ...Object.fromEntries(Object.entries(building.health).map(([name, read]) => [name, read()])),
  });
  let lateStore: Promise<StorePart> | undefined;
  const operations = localOperations({
    dataDir: config.data_dir,
    log: () => Promise.resolve(log),
    query: async (sql, format) => {
      if (store !== undefined) return store.reader.queryRaw(sql, format);
      lateStore ??= openLateStore(building);
      return (await lateStore).reader.queryRaw(sql, format);
    },
    status,
    now: Date.now,
  });
  const instance = await serveInstance(config.data_dir, operations);
  closers.push(() => instance.close());
  await startMetrics(building, status);
  return {
    addresses: building.addresses,
    ...(ingest === undefined ? {} : { ingest }),
    log,
    store,
    operations,
    status,
    stop: () => closeAll(building),
  };
}

async function closeAll(building: Building): Promise<void> {
  for (const close of building.closers.toReversed()) await close();
  building.closers.length = 0;
}

/** Opened once, by the first query in a process without the sink; closed with everything else. */
async function openLateStore({ options, closers }: Building): Promise<StorePart> {
  const opened = await openStorePart(options.config, options.logger);
  closers.push(() => opened.close());
  return opened;
}

/** The embedded engine belongs to the process of the sink; others query through it. */
async function openStoreFor(building: Building): Promise<StorePart | undefined> {
  const { options } = building;
  if (!options.roles.includes("sink")) return undefined;
  const store = await openStorePart(options.config, options.logger);
  building.closers.push(() => store.close());
  building.addresses.push(`query   ${store.url}  (ClickHouse HTTP, user reader)`);
  return store;
}

async function startSink(building: Building, store: StorePart): Promise<void> {
  const { options, metrics, log, closers } = building;
  await patiently(() => migrate(store.writer, store.database), "store", options.logger);
  const ending = new AbortController();
  const running = runSink({
    log,
    store: store.writer,
    logger: options.logger.child({ component: "sink" }),
    metrics,
    signal: ending.signal,
  });
  running.catch((error: unknown) => {
    options.failed(error);
  });
  closers.push(async () => {
    ending.abort();
    await running.catch(() => undefined);
  });
}

const RETRY_MS = 2_000;

/** What is away at the start is waited for, like what goes away later. */
async function patiently<Result>(
  attempt: () => Promise<Result>,
  what: string,
  logger: Logger,
): Promise<Result> {
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (!(error instanceof MetsukeError) || !error.retryable) throw error;
      logger.warn(
        { waiting_for: what, err: error.message, code: error.code },
        "not there yet, waiting",
      );
      await delay(RETRY_MS);
    }
  }
}

async function startRespond(building: Building): Promise<void> {
  const { options, metrics, log, closers } = building;
  const { config } = options;
  const { responders: configured, policy_file: policyFile, ...respond } = config.respond;
  const known = createResponders();
  const instances: ResponderInstance[] = [];
  for (const [name, { native_datasets, ...params }] of Object.entries(configured)) {
    const responder = known.get(name);
    if (responder === undefined) continue;
    instances.push({
      name,
      responder,
      params: Value.Default(responder.params, Value.Clone(params)),
      native_datasets,
    });
  }
  const role = createRespondRole({
    log,
    queue: await openJobQueue(config, options.logger),
    responders: instances,
    triageConfig: triageConfig(respond, {
      policy: loadPolicy(policyFile),
      responders: triageResponders(instances),
      timezone: config.timezone,
    }),
    dataDir: config.data_dir,
    logger: options.logger.child({ component: "respond" }),
    metrics,
    now: Date.now,
    failed: options.failed,
  });
  await role.start();
  building.health["respond"] = () => role.health();
  closers.push(() => role.stop());
}

async function startDetect(building: Building): Promise<void> {
  const { options, metrics, log, closers } = building;
  const { config } = options;
  const role = createDetectRole({
    ...detectionChoice(config),
    timezone: config.timezone,
    log,
    logger: options.logger.child({ component: "detect" }),
    metrics,
    mode: runsMerged(config) ? "merged" : "log",
    partitions: config.partitions,
  });
  await role.start();
  building.health["detect"] = () => role.health();
  closers.push(() => role.stop());
}

const projectionTopics: readonly ProjectionTopic[] = ["bySource", "byHost", "byDevice"];

async function startIngest(building: Building): Promise<Ingest> {
  const { options, metrics, log, closers, addresses } = building;
  const { config } = options;
  const read = new Set(topicsRead(detectionChoice(config).detectors));
  const ingest = createIngest({
    log,
    normalise: createNormaliser({
      identityDomains: config.ingest.identity_domains,
      networks: config.ingest.networks,
      geo: await openGeo(geoFiles(config.ingest.geo)),
    }),
    partitions: config.partitions,
    projections: projectionTopics.filter((key) => read.has(topics[key].name)),
    maxInFlightBytes: config.ingest.max_in_flight_mb * 1024 * 1024,
    logger: options.logger.child({ component: "ingest" }),
    metrics,
    ingestId: randomUUID(),
    now: options.arrivalClock ?? Date.now,
  });
  closers.push(() => ingest.close());
  for (const source of sources) {
    const params = config.ingest.sources[source.name];
    if (params === undefined) continue;
    const opened = await ingest.open(source, Value.Default(source.params, Value.Clone(params)));
    addresses.push(`send    ${source.name.padEnd(7)} ${opened.address}`);
  }
  // A heartbeat before a source has said how far behind it is would make its backlog late.
  ingest.start();
  return ingest;
}

async function startMetrics(building: Building, status: () => object): Promise<void> {
  const { options, metrics, closers, addresses } = building;
  const port = options.config.metrics_port;
  if (port === undefined) return;
  const served = await serveMetrics({ port, metrics, status });
  closers.push(() => served.close());
  addresses.push(`metrics ${served.url}`);
}
