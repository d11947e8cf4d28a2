import { setTimeout as delay } from "node:timers/promises";
import { Value } from "typebox/value";
import { file as fileSource } from "../../ingest/sources/file.ts";
import { MetsukeError } from "../../platform/errors.ts";
import { createLogger } from "../../platform/logger.ts";
import { topics } from "../../schemas/topics.ts";
import { type App, createApp, type Role } from "../app.ts";
import { type Command, stringOption, timezoneOption, usageError } from "../command.ts";
import { type Config, loadConfig } from "../config.ts";
import { checkReadable, inputBytes, isGzip } from "../input.ts";
import { findInstance } from "../instance/client.ts";
import { progressBar } from "../progress.ts";

export const backfill: Command = {
  name: "backfill",
  summary: "learns from history before going live; historical events never act",
  usage: ["backfill FILE… [--timezone ZONE] [--dataset NAME] [--config FILE]"],
  options: {
    timezone: { type: "string" },
    dataset: { type: "string" },
    config: { type: "string" },
  },
  help: {
    timezone: "IANA zone of times that have none (default UTC)",
    dataset: "format of every record; without it each is sniffed",
    config: "configuration of the installation",
  },
  async run(values, positionals, streams) {
    if (positionals.length === 0) throw usageError("backfill takes one or several files");
    for (const path of positionals) {
      checkReadable(path);
      if (isGzip(path)) throw usageError(`${path} is packed; unpack it first (gunzip -k ${path})`);
    }
    const { config } = loadConfig(stringOption(values, "config"));
    if ((await findInstance(config.data_dir)) !== undefined) {
      throw new MetsukeError(
        "METSUKE_DATA_IN_USE",
        "an instance runs on this data folder; history is learned before going live: stop it first",
      );
    }
    const app = await startQuietly(config);
    try {
      const bar = progressBar(streams, "backfill", Math.ceil(inputBytes(positionals) / 1e6), "MB");
      const timezone = timezoneOption(values);
      const dataset = stringOption(values, "dataset");
      await learn(app, positionals, {
        ...(timezone === undefined ? {} : { timezone }),
        ...(dataset === undefined ? {} : { dataset }),
        progress: (bytes) => bar.update(Math.floor(bytes / 1e6)),
      });
      bar.stop();
      await caughtUp(app, config);
      const { first, next } = await app.log.bounds(topics.events.name, 0);
      streams.err.write(
        `Learned from ${positionals.length} file(s); ${next - first} packs in the log.\n`,
      );
    } finally {
      await app.stop();
    }
    return 0;
  },
};

/** Ingest and detection alone; no source listens and nothing responds. */
function startQuietly(config: Config): Promise<App> {
  const embedded = config.event_log.kafka === undefined;
  const chosen: Role[] = embedded ? ["ingest", "detect"] : ["ingest"];
  const quiet: Config = { ...config, ingest: { ...config.ingest, sources: {} } };
  return createApp({
    config: quiet,
    roles: chosen,
    logger: createLogger({ level: "warn" }),
    failed: (error) => {
      throw error;
    },
  });
}

/** Hands whole files to ingest as history; resolves when every record is durable. */
export async function learn(
  app: App,
  paths: readonly string[],
  options: {
    readonly timezone?: string;
    readonly dataset?: string;
    readonly progress?: (bytes: number) => void;
  },
): Promise<void> {
  const { ingest } = app;
  if (ingest === undefined)
    throw new MetsukeError("METSUKE_INTERNAL", "history needs the ingest role");
  const read = new Map<string, number>();
  const params = Value.Default(fileSource.params, {
    paths: [...paths],
    follow: false,
    authenticated: true,
    historical: true,
    name: "backfill",
    ...(options.timezone === undefined ? {} : { timezone: options.timezone }),
    ...(options.dataset === undefined ? {} : { dataset: options.dataset }),
  }) as Parameters<typeof fileSource.open>[0]["params"];
  const opened = await ingest.open(fileSource, params, (path, bytes) => {
    read.set(path, bytes);
    options.progress?.([...read.values()].reduce((sum, one) => sum + one, 0));
  });
  await opened.done;
  await opened.close();
}

const POLL_MS = 50;

/** Embedded: waits until detection has read everything; on Kafka the detect role does it when it runs. */
export async function caughtUp(app: App, config: Config): Promise<void> {
  if (config.event_log.kafka !== undefined) return;
  for (;;) {
    const status = app.status() as {
      readonly detect?: {
        readonly tasks: readonly { readonly task: string; readonly offset: number }[];
      };
    };
    const behind = await Promise.all(
      (status.detect?.tasks ?? []).map(async ({ task, offset }) => {
        const [, topic, partition] = /^detect\/(.+)\/(\d+)$/.exec(task) ?? [
          "",
          topics.events.name,
          "0",
        ];
        const { next } = await app.log.bounds(String(topic), Number(partition));
        return offset < next;
      }),
    );
    if (behind.length > 0 && !behind.includes(true)) return;
    await delay(POLL_MS);
  }
}
