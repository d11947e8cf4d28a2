import { type ChildProcess, fork } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { MetsukeError } from "../../errors.ts";
import type { Logger } from "../../logger.ts";
import {
  type Account,
  defaultLimits,
  type HostMessage,
  type HostSettings,
  POOL_THREADS,
  type ReaderLimits,
} from "./protocol.ts";
import { supervise } from "./supervise.ts";

export interface EngineHostOptions {
  /** Folder of the store, created when missing; one host at a time owns it. */
  readonly dir: string;
  /** 0 (default) = any free port; it stays the same over restarts of the child. */
  readonly port?: number;
  readonly host?: string;
  /** Database of statements that name none; default `metsuke`. */
  readonly database?: string;
  /** Empty (default): analysts on this machine need no password. */
  readonly readerPassword?: string;
  readonly allowedHosts?: readonly string[];
  readonly limits?: Partial<ReaderLimits>;
  readonly logger: Logger;
}

export interface EngineHost {
  readonly url: string;
  readonly port: number;
  readonly database: string;
  /** The pipeline's own account; its secret lives in the two processes only. */
  readonly writer: Account;
  readonly reader: Account;
  /** Of the child that runs now; undefined between a crash and its restart. */
  pid(): number | undefined;
  close(): Promise<void>;
}

/**
 * Starts the engine host and keeps it running until `close`.
 * @throws METSUKE_DATA_IN_USE when another process owns the folder or the port,
 * METSUKE_STORE_UNAVAILABLE when the engine does not start.
 */
export async function startEngineHost(options: EngineHostOptions): Promise<EngineHost> {
  await mkdir(options.dir, { recursive: true, mode: 0o700 });
  const settings: HostSettings = {
    dir: options.dir,
    host: options.host ?? "127.0.0.1",
    port: options.port ?? 0,
    database: options.database ?? "metsuke",
    writer: { user: "metsuke", password: randomBytes(32).toString("hex") },
    reader: { user: "reader", password: options.readerPassword ?? "" },
    allowedHosts: options.allowedHosts ?? [],
    limits: { ...defaultLimits, ...options.limits },
  };
  const entry = entryFile();
  const first = await launch(entry, settings);
  const pinned = { ...settings, port: first.port };
  const supervisor = supervise(
    first.child,
    async () => (await launch(entry, pinned)).child,
    options.logger,
  );
  return {
    url: `http://${settings.host}:${first.port}`,
    port: first.port,
    database: settings.database,
    writer: settings.writer,
    reader: settings.reader,
    pid: () => supervisor.pid(),
    close: () => supervisor.close(),
  };
}

/** The compiled entry, also when this file runs from its TypeScript source: the child is plain Node. */
function entryFile(): string {
  const here = dirname(fileURLToPath(import.meta.url));
  const beside = join(here, "main.js");
  const built = join(here, "../../../dist/platform/store/engine-host/main.js");
  const entry = [beside, built].find((file) => existsSync(file));
  if (entry === undefined) {
    throw new MetsukeError(
      "METSUKE_STORE_UNAVAILABLE",
      `not built: ${built} (run \`npm run build\`)`,
    );
  }
  return entry;
}

function launch(
  entry: string,
  settings: HostSettings,
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const child = fork(entry, [], {
    cwd: settings.dir,
    // Nothing of the parent's environment: it may hold secrets, and statements can be hostile.
    env: { TZ: "UTC", LC_ALL: "C.UTF-8", UV_THREADPOOL_SIZE: String(POOL_THREADS) },
    execArgv: ["--enable-source-maps"],
    stdio: ["ignore", "ignore", "inherit", "ipc"],
  });
  return new Promise((resolve, reject) => {
    const fail = (message: string, inUse: boolean) =>
      reject(
        new MetsukeError(inUse ? "METSUKE_DATA_IN_USE" : "METSUKE_STORE_UNAVAILABLE", message, {
          retryable: !inUse,
        }),
      );
    child.once("error", (error) => fail(error.message, false));
    child.once("exit", (code, signal) => fail(`engine host ended (${signal ?? code})`, false));
    child.once("message", (message: HostMessage) => {
      if (message.kind === "listening") {
        child.removeAllListeners("exit");
        child.removeAllListeners("error");
        resolve({ child, port: message.port });
      } else if (message.kind === "failed") fail(message.message, message.inUse);
    });
    const start: HostMessage = { kind: "start", settings };
    child.send(start);
  });
}
