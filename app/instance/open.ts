import { existsSync } from "node:fs";
import { createLogger } from "../../platform/logger.ts";
import { type Config, loadConfig } from "../config.ts";
import { openEventLog, openStorePart } from "../wiring.ts";
import { findInstance } from "./client.ts";
import { localOperations, type Operations } from "./operations.ts";

/**
 * Runs `use` on the running instance of this data folder, or, when none runs, on the data itself,
 * opened for as long as it takes.
 */
export async function withOperations<Result>(
  configFile: string | undefined,
  use: (operations: Operations) => Promise<Result>,
): Promise<Result> {
  const { config } = loadConfig(configFile);
  const running = existsSync(config.data_dir) ? await findInstance(config.data_dir) : undefined;
  if (running !== undefined) return use(running);
  const parts = lazyParts(config);
  try {
    return await use(parts.operations);
  } finally {
    await parts.close();
  }
}

/** Opens the log and the store when first asked for, closes what was opened. */
function lazyParts(config: Config) {
  const logger = createLogger({ level: "error" });
  const closers: (() => Promise<void>)[] = [];
  const keep = async <Part extends { close(): Promise<void> }>(
    opening: Promise<Part>,
  ): Promise<Part> => {
    const part = await opening;
    closers.unshift(() => part.close());
    return part;
  };
  let log: ReturnType<typeof openEventLog> | undefined;
  let store: ReturnType<typeof openStorePart> | undefined;
  const operations = localOperations({
    dataDir: config.data_dir,
    log: () => (log ??= keep(openEventLog(config, logger))),
    query: async (sql, format) => {
      store ??= keep(openStorePart(config, logger));
      return (await store).reader.queryRaw(sql, format);
    },
    status: () => ({ running: false }),
    now: Date.now,
  });
  return {
    operations,
    close: async () => {
      for (const close of closers) await close();
    },
  };
}
