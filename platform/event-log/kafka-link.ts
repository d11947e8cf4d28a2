import type { Socket } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import kafkajs, { type KafkaConfig, type logCreator, type SASLOptions } from "kafkajs";
import Cluster from "kafkajs/src/cluster/index.js";
import socketFactory from "kafkajs/src/network/socketFactory.js";
import { errorText, MetsukeError } from "../errors.ts";
import type { Logger } from "../logger.ts";

export interface Connection {
  /** `host:port` each; at least one. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: Exclude<KafkaConfig["ssl"], undefined>;
  readonly sasl?: SASLOptions;
  readonly logger: Logger;
}

const CONNECT_MS = 5_000;
const REQUEST_MS = 30_000;
const METADATA_MS = 60_000;
/** Waiting is done one level up, where it is logged and can be cancelled. */
/** Leadership of a new or moved partition settles within a second or two. */
const STALE: ReadonlySet<string> = new Set(["LEADER_NOT_AVAILABLE", "NOT_LEADER_FOR_PARTITION"]);
const STALE_RETRIES = 10;
const STALE_WAIT_MS = 200;
const RETRY = { retries: 2, initialRetryTime: 100, maxRetryTime: 500 };

/** The kafkajs client for producers and administration. */
export function kafkaClient(connection: Connection, retries: number): kafkajs.Kafka {
  return new kafkajs.Kafka({
    brokers: [...connection.brokers],
    clientId: connection.clientId,
    ...(connection.ssl === undefined ? {} : { ssl: connection.ssl }),
    ...(connection.sasl === undefined ? {} : { sasl: { ...connection.sasl } }),
    connectionTimeout: CONNECT_MS,
    requestTimeout: REQUEST_MS,
    retry: { retries, initialRetryTime: 100, maxRetryTime: 2_000 },
    logCreator: bridge(connection.logger),
  });
}

/** What kafkajs says, one step quieter: its errors are reported again by whoever asked. */
const bridge =
  (logger: Logger): logCreator =>
  () =>
  ({ namespace, level, log }) => {
    const { message, error, broker } = log;
    const about = { kafkajs: namespace, err: error, broker };
    if (level <= kafkajs.logLevel.ERROR) logger.debug(about, message);
    else logger.trace(about, message);
  };

export interface Link {
  /**
   * Gives a connected cluster to `use`. When that fails without an answer of Kafka the connections
   * are thrown away, so that the next call begins with new ones.
   * @throws METSUKE_LOG_UNAVAILABLE (retryable), or what `use` threw as a MetsukeError
   */
  with<Result>(use: (cluster: Cluster) => Promise<Result>): Promise<Result>;
  /** Ends at once; requests in flight fail. The next use connects again. */
  close(): void;
}

interface Opening {
  readonly sockets: Set<Socket>;
  readonly cluster: Promise<Cluster>;
}

/** Connections of one purpose: a request that waits at the broker holds up those behind it. */
export function openLink(connection: Connection): Link {
  let opening: Opening | undefined;
  const open = (): Opening => {
    const sockets = new Set<Socket>();
    const cluster = newCluster(connection, sockets);
    return { sockets, cluster: cluster.connect().then(() => cluster) };
  };
  const drop = () => {
    const dropped = opening;
    opening = undefined;
    // An orderly end would wait for requests that wait for records; without an error kafkajs would
    // keep them, and the process, until their time is over.
    for (const socket of dropped?.sockets ?? []) socket.destroy(new Error("closed"));
    dropped?.cluster.then((cluster) => cluster.disconnect()).catch(() => undefined);
  };
  const attempt = async <Result>(
    use: (cluster: Cluster) => Promise<Result>,
    left: number,
  ): Promise<Result> => {
    opening ??= open();
    const mine = opening;
    try {
      return await use(await mine.cluster);
    } catch (error) {
      const type = kafkaErrorType(error);
      // An answer, even a bad one, came over a connection that works; what it is about may be stale.
      if (type === undefined) {
        if (opening === mine) drop();
      } else {
        await mine.cluster.then((cluster) => cluster.refreshMetadata()).catch(() => undefined);
      }
      if (left === 0 || !STALE.has(type ?? "")) throw unavailable(error);
    }
    await delay(STALE_WAIT_MS);
    return attempt(use, left - 1);
  };
  return { with: (use) => attempt(use, STALE_RETRIES), close: drop };
}

function newCluster(connection: Connection, sockets: Set<Socket>): Cluster {
  const connect = socketFactory();
  return new Cluster({
    logger: kafkaClient(connection, 0).logger(),
    socketFactory: (to) => {
      const socket = connect(to);
      sockets.add(socket);
      socket.once("close", () => sockets.delete(socket));
      return socket;
    },
    brokers: connection.brokers,
    ssl: connection.ssl,
    // kafkajs keeps the login it made from it in the object itself.
    sasl: connection.sasl === undefined ? undefined : { ...connection.sasl },
    clientId: connection.clientId,
    connectionTimeout: CONNECT_MS,
    authenticationTimeout: 10_000,
    reauthenticationThreshold: 10_000,
    requestTimeout: REQUEST_MS,
    enforceRequestTimeout: true,
    metadataMaxAge: METADATA_MS,
    retry: RETRY,
    allowAutoTopicCreation: false,
    maxInFlightRequests: null,
  });
}

/** Every error of Kafka is one that may pass. */
export function unavailable(error: unknown): MetsukeError {
  if (error instanceof MetsukeError) return error;
  return new MetsukeError("METSUKE_LOG_UNAVAILABLE", `Kafka: ${errorText(error)}`, {
    retryable: true,
    cause: error,
  });
}

/** The protocol's name of an error, looked for along its causes. */
export function kafkaErrorType(error: unknown): string | undefined {
  let current = error;
  for (let depth = 0; depth < 6 && current instanceof Error; depth++) {
    const { type } = current as Error & { type?: unknown };
    if (typeof type === "string") return type;
    current = current.cause;
  }
  return undefined;
}

/** Waits, but not longer than until `signal` aborts. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) {
      resolve();
      return;
    }
    const end = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    signal.addEventListener("abort", end, { once: true });
  });
}
