import { Readable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import {
  type ClickHouseClient,
  ClickHouseLogLevel,
  type ClickHouseSettings,
  createClient,
} from "@clickhouse/client";
import type { MetsukeError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { storeError } from "./clickhouse-errors.ts";
import type { Store } from "./port.ts";

export interface StoreOptions {
  readonly url: string;
  readonly user: string;
  readonly password: string;
  readonly database: string;
  /** PEM text; `ca` alone trusts a private authority, all three add a client certificate. */
  readonly tls?: { readonly ca: string; readonly cert?: string; readonly key?: string };
  /** Default 60 s. */
  readonly requestTimeoutMs?: number;
  readonly logger: Logger;
}

/** Attempts of one call before it rejects as unavailable; callers go on from there. */
const ATTEMPTS = 3;

/**
 * Pinned, since their defaults moved between versions: the same token with the same rows inserts
 * once only if the server cuts the rows into blocks the same way each time; an unknown field must
 * not vanish.
 */
const insertSettings: ClickHouseSettings = {
  async_insert: 0,
  insert_deduplicate: 1,
  deduplicate_insert: "enable",
  deduplicate_blocks_in_dependent_materialized_views: 1,
  max_insert_block_size: "16777216",
  max_insert_block_size_bytes: "0",
  min_insert_block_size_rows: "16777216",
  min_insert_block_size_bytes: "268402944",
  input_format_parallel_parsing: 0,
  input_format_skip_unknown_fields: 0,
  input_format_defaults_for_omitted_fields: 1,
  date_time_input_format: "best_effort",
  max_partitions_per_insert_block: "100",
} as ClickHouseSettings;

/** Opens a ClickHouse over HTTP: a server, or the engine host. Nothing is sent before the first call. */
export function openStore(options: StoreOptions): Store {
  const client = connect(options, options.database);
  // DDL names its database, which may not exist yet.
  const bare = connect(options, undefined);
  const knownSettings = once(() => settingsKnownTo(bare));
  const retried = <T>(work: () => Promise<T>, isInsert = false) =>
    retry(work, isInsert, options.logger);
  return {
    query: <Row>(sql: string, parameters?: Readonly<Record<string, unknown>>) =>
      retried(async () => {
        const result = await client.query({
          query: sql,
          format: "JSONEachRow",
          clickhouse_settings: { output_format_json_quote_64bit_integers: 0 },
          ...(parameters === undefined ? {} : { query_params: { ...parameters } }),
        });
        return result.json<Row>();
      }),
    command: (sql) =>
      retried(async () => {
        await bare.command({ query: sql });
      }),
    queryRaw: (sql, format) =>
      retried(async () => {
        const settings = { default_format: format, readonly: "1" } as ClickHouseSettings;
        const { stream } = await client.exec({ query: sql, clickhouse_settings: settings });
        return stream;
      }),
    insert: (table, ndjson, token) =>
      retried(async () => {
        const settings = await knownSettings();
        const { stream } = await client.exec({
          query: `INSERT INTO ${table} FORMAT JSONEachRow`,
          values: Readable.from([ndjson], { objectMode: false }),
          clickhouse_settings: { ...settings, insert_deduplication_token: token },
        });
        // An unread answer would hold its socket for ever.
        for await (const _ of stream);
      }, true),
    async ping() {
      const { success } = await bare.ping();
      return success;
    },
    async close() {
      await Promise.all([client.close(), bare.close()]);
    },
  };
}

function connect(options: StoreOptions, database: string | undefined): ClickHouseClient {
  const { tls } = options;
  return createClient({
    url: options.url,
    username: options.user,
    password: options.password,
    ...(database === undefined ? {} : { database }),
    request_timeout: options.requestTimeoutMs ?? 60_000,
    max_open_connections: 16,
    // Below every server's own limit (3 s in old ones): whoever closes last finds no dead socket.
    keep_alive: { enabled: true, idle_socket_ttl: 1_500 },
    application: "metsuke",
    // It would print to the console, statements and all; what matters we log ourselves.
    log: { level: ClickHouseLogLevel.OFF },
    ...(tls === undefined
      ? {}
      : {
          tls:
            tls.cert !== undefined && tls.key !== undefined
              ? {
                  ca_cert: Buffer.from(tls.ca),
                  cert: Buffer.from(tls.cert),
                  key: Buffer.from(tls.key),
                }
              : { ca_cert: Buffer.from(tls.ca) },
        }),
  });
}

/** Older servers refuse a setting that they do not know; what they lack they also do not get wrong. */
async function settingsKnownTo(client: ClickHouseClient): Promise<ClickHouseSettings> {
  const result = await client.query({
    query: "SELECT name FROM system.settings WHERE name IN {names:Array(String)}",
    query_params: { names: Object.keys(insertSettings) },
    format: "JSONEachRow",
  });
  const names = new Set((await result.json<{ name: string }>()).map(({ name }) => name));
  return Object.fromEntries(Object.entries(insertSettings).filter(([name]) => names.has(name)));
}

/** Keeps the answer once there is one; a failure is asked again. */
function once<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  return () => {
    answer ??= ask().catch((error: unknown) => {
      answer = undefined;
      throw error;
    });
    return answer;
  };
}

/** The client retries nothing; every call here may be repeated (reads, DDL with IF, inserts by token). */
async function retry<T>(work: () => Promise<T>, isInsert: boolean, logger: Logger): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const outcome = await work().then(
      (value) => ({ value }),
      (error: unknown): { failure: MetsukeError } => ({ failure: storeError(error, isInsert) }),
    );
    if ("value" in outcome) return outcome.value;
    if (!outcome.failure.retryable || attempt === ATTEMPTS) throw outcome.failure;
    logger.debug({ err: outcome.failure.message, attempt }, "store call failed, again");
    await delay(50 * 2 ** attempt * (0.5 + Math.random()));
  }
}
