import { existsSync, readFileSync } from "node:fs";
import { resolve } from "node:path";
import { type Static, type TObject, Type } from "typebox";
import { detectors } from "../detectors/index.ts";
import { sources } from "../ingest/sources/index.ts";
import { errorText, MetsukeError } from "../platform/errors.ts";
import { problemText, readYaml, redactSecrets } from "../platform/yaml-document.ts";
import { createResponders } from "../responders/index.ts";
import { RespondParams } from "../responders/runtime/config.ts";

const closed = { additionalProperties: false } as const;
const section = { ...closed, default: {} } as const;
const secret = (description: string) => Type.Optional(Type.String({ description, secret: true }));
const path = (description: string) => Type.Optional(Type.String({ description }));

const Tls = Type.Object(
  {
    ca_file: path("Certificates to trust, PEM; default the system's."),
    cert_file: path("Client certificate, PEM."),
    key_file: path("Key of the client certificate, PEM."),
  },
  closed,
);

const Kafka = Type.Object(
  {
    brokers: Type.Array(Type.String(), { minItems: 1, description: "`host:port` each." }),
    client_id: Type.String({ default: "metsuke", description: "Name shown on the brokers." }),
    topic_prefix: Type.String({
      default: "",
      description: "Put before our own topics and groups.",
    }),
    replication_factor: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: "Replicas of created topics; default the brokers'.",
      }),
    ),
    session_timeout_ms: Type.Integer({
      default: 30_000,
      minimum: 6_000,
      description: "After so long without a sign of life a member's partitions go to others.",
    }),
    tls: Type.Optional(Tls),
    sasl: Type.Optional(
      Type.Object(
        {
          mechanism: Type.Union(
            [Type.Literal("plain"), Type.Literal("scram-sha-256"), Type.Literal("scram-sha-512")],
            { description: "SASL mechanism." },
          ),
          username: Type.String({ description: "User name." }),
          password: Type.String({ description: "Password.", secret: true }),
        },
        closed,
      ),
    ),
  },
  closed,
);

const ClickHouse = Type.Object(
  {
    url: Type.String({ description: "For example `https://clickhouse:8443`." }),
    user: Type.String({
      default: "default",
      description: "User that may create tables and insert.",
    }),
    password: secret("Its password."),
    database: Type.String({ default: "metsuke", description: "Database; created when missing." }),
    tls: Type.Optional(Tls),
  },
  closed,
);

const EngineHost = Type.Object(
  {
    port: Type.Integer({
      default: 8123,
      minimum: 0,
      maximum: 65_535,
      description: "Loopback port of the embedded ClickHouse endpoint; 0 = any free one.",
    }),
    reader_password: secret("Password of the user `reader`; default none, on loopback only."),
  },
  { ...section, description: "The embedded engine; used when no `clickhouse` is named." },
);

const Network = Type.Object(
  {
    cidr: Type.String({ description: "Address range, for example `10.1.0.0/16`." }),
    name: Type.String({ description: "Name of the site." }),
    lat: Type.Number({ minimum: -90, maximum: 90, description: "Latitude in degrees." }),
    lon: Type.Number({ minimum: -180, maximum: 180, description: "Longitude in degrees." }),
    radius_km: Type.Number({ default: 1, minimum: 0, description: "Extent of the site." }),
    country: Type.Optional(
      Type.String({ pattern: "^[A-Z]{2}$", description: "ISO 3166-1 alpha-2." }),
    ),
  },
  closed,
);

const optionalParts = (parts: Iterable<readonly [string, TObject]>): Record<string, TObject> =>
  Object.fromEntries([...parts].map(([name, params]) => [name, Type.Optional(params) as TObject]));

const sourceParams = Type.Object(
  optionalParts([...sources].map((source) => [source.name, source.params])),
  {
    ...closed,
    description: "Sources to open; without a configuration `http` and `syslog` on loopback.",
  },
);

const detectorParams = Type.Object(
  optionalParts(
    detectors.map((detector) => [
      detector.name,
      Type.Object(
        {
          enabled: Type.Boolean({
            default: detector.optIn !== true,
            description: "Whether it runs.",
          }),
          ...detector.params.properties,
        },
        section,
      ),
    ]),
  ),
  section,
);

const responderParams = Type.Object(
  optionalParts(
    [...createResponders()].map(([name, responder]) => [
      name,
      Type.Object(
        {
          native_datasets: Type.Array(Type.String(), {
            default: [],
            description: "Datasets whose accounts are this system's own; others need a link.",
          }),
          ...responder.params.properties,
        },
        closed,
      ),
    ]),
  ),
  section,
);

/** The whole configuration; every key is optional. */
export const ConfigSchema = Type.Object(
  {
    data_dir: Type.String({
      default: "./data",
      description: "Folder for everything Metsuke keeps.",
    }),
    organization: Type.String({
      default: "default",
      description: "Tenant of records without one.",
    }),
    timezone: Type.String({ default: "UTC", description: "The organisation's IANA zone." }),
    partitions: Type.Integer({
      default: 1,
      minimum: 1,
      maximum: 256,
      description: "Partitions of the events topics. Choose once; see the cluster guide.",
    }),
    log_level: Type.Union(
      ["trace", "debug", "info", "warn", "error"].map((level) => Type.Literal(level)),
      { default: "info", description: "Least level that is logged." },
    ),
    metrics_port: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 65_535,
        description: "Loopback port of `/metrics` and `/health`.",
      }),
    ),
    event_log: Type.Object({ kafka: Type.Optional(Kafka) }, section),
    store: Type.Object({ clickhouse: Type.Optional(ClickHouse), embedded: EngineHost }, section),
    jobs: Type.Object(
      {
        redis: Type.Optional(
          Type.Object(
            {
              url: Type.String({ description: "`redis://` or `rediss://` address.", secret: true }),
              prefix: Type.String({ default: "metsuke", description: "Prefix of its keys." }),
              tls: Type.Optional(Tls),
            },
            closed,
          ),
        ),
      },
      section,
    ),
    ingest: Type.Object(
      {
        sources: Type.Optional(sourceParams),
        networks: Type.Array(Network, {
          default: [],
          description: "One's own networks and their places.",
        }),
        geo: Type.Object(
          { city_file: path("City file, mmdb."), asn_file: path("ASN file, mmdb.") },
          section,
        ),
        identity_domains: Type.Record(Type.String(), Type.String(), {
          default: {},
          description: "Dataset → domain: its accounts resolve to `name@domain`.",
        }),
        max_in_flight_mb: Type.Integer({
          default: 64,
          minimum: 1,
          maximum: 4_096,
          description: "Taken in and not yet durable; above it reading stops.",
        }),
      },
      section,
    ),
    detect: Type.Object({ detectors: detectorParams }, section),
    respond: Type.Object(
      {
        ...RespondParams.properties,
        policy_file: path("Policy, YAML; default the built-in one."),
        responders: responderParams,
      },
      section,
    ),
  },
  { ...closed, $id: "configuration" },
);

export type Config = Omit<Static<typeof ConfigSchema>, "ingest" | "detect" | "respond"> & {
  readonly ingest: Omit<Static<typeof ConfigSchema>["ingest"], "sources"> & {
    readonly sources: Readonly<Record<string, unknown>>;
  };
  readonly detect: {
    readonly detectors: Readonly<
      Record<string, Readonly<Record<string, unknown>> & { enabled: boolean }>
    >;
  };
  readonly respond: RespondParams & {
    readonly policy_file?: string;
    readonly responders: Readonly<Record<string, { native_datasets: string[] }>>;
  };
};

export interface LoadedConfig {
  readonly config: Config;
  /** Undefined = no file: everything embedded. */
  readonly file: string | undefined;
}

const DEFAULT_FILE = "metsuke.yaml";

/**
 * Reads the configuration: the file named, else METSUKE_CONFIG, else `metsuke.yaml` here, else the
 * built-in default. @throws METSUKE_CONFIG_INVALID with every problem, METSUKE_FILE_UNREADABLE.
 */
export function loadConfig(named: string | undefined): LoadedConfig {
  const file =
    named ?? process.env["METSUKE_CONFIG"] ?? (existsSync(DEFAULT_FILE) ? DEFAULT_FILE : undefined);
  return {
    config: parseConfig(file === undefined ? "" : readText(file), file ?? "built-in default"),
    file,
  };
}

/** @throws METSUKE_FILE_UNREADABLE */
export function readText(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new MetsukeError("METSUKE_FILE_UNREADABLE", `cannot read ${file}: ${errorText(cause)}`, {
      cause,
    });
  }
}

/** @throws METSUKE_CONFIG_INVALID */
export function parseConfig(text: string, file: string): Config {
  const read = readYaml({ text, file, variables: process.env }, ConfigSchema);
  if (!read.ok) {
    const lines = read.problems.map(problemText);
    throw new MetsukeError(
      "METSUKE_CONFIG_INVALID",
      lines.length === 1 ? String(lines[0]) : `${lines.length} problems\n${lines.join("\n")}`,
    );
  }
  const value = read.value as Static<typeof ConfigSchema>;
  const config = {
    ...value,
    data_dir: resolve(value.data_dir),
    ingest: { ...value.ingest, sources: value.ingest.sources ?? { http: {}, syslog: {} } },
  } as unknown as Config;
  checkTimezone(config.timezone, file);
  return config;
}

function checkTimezone(zone: string, file: string): void {
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
  } catch (cause) {
    throw new MetsukeError("METSUKE_CONFIG_INVALID", `${file}: timezone: no IANA zone "${zone}"`, {
      cause,
    });
  }
}

/** The effective configuration for printing: secrets redacted. */
export const shownConfig = (config: Config): unknown => redactSecrets(ConfigSchema, config);

/** Where the launcher's environment lets tests and the log be steered. */
export const logLevel = (config: Config): string => process.env["LOG_LEVEL"] ?? config.log_level;
