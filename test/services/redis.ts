import { execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Redis } from "ioredis";

const run = promisify(execFile);

export interface RedisService {
  readonly url: string;
  /** Ends the server; `start` of the same port begins again, empty. */
  stop(): Promise<void>;
  /** Removes everything, as a lost Redis would. */
  flush(): Promise<void>;
}

/**
 * Redis for tests: the server that METSUKE_TEST_REDIS names, else `redis-server` from PATH,
 * installed from Debian when it is missing and that is allowed.
 */
export async function startRedis(options: { readonly port?: number } = {}): Promise<RedisService> {
  const named = process.env["METSUKE_TEST_REDIS"];
  if (named !== undefined && options.port === undefined) {
    return { url: named, stop: () => Promise.resolve(), flush: () => flush(named) };
  }
  await ensureInstalled();
  const port = options.port ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), "metsuke-redis-"));
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder];
  const quiet = ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"];
  const child = spawn("redis-server", [...settings, ...quiet], { stdio: "ignore" });
  const exited = new Promise<void>((resolve) => {
    child.once("exit", () => resolve());
    child.once("error", () => resolve());
  });
  const url = `redis://127.0.0.1:${port}`;
  await ready(url);
  return {
    url,
    flush: () => flush(url),
    async stop() {
      child.kill("SIGTERM");
      await exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ensureInstalled(): Promise<void> {
  if (await isInstalled()) return;
  try {
    await run("apt-get", ["install", "-y", "--no-install-recommends", "redis-server"]);
  } catch (error) {
    throw new Error(
      "redis-server is not in PATH and could not be installed from Debian; install it or name a server in METSUKE_TEST_REDIS",
      { cause: error },
    );
  }
}

const isInstalled = (): Promise<boolean> =>
  run("redis-server", ["--version"]).then(
    () => true,
    () => false,
  );

async function ready(url: string): Promise<void> {
  const client = new Redis(url, { retryStrategy: () => 50, maxRetriesPerRequest: 200 });
  client.on("error", () => undefined);
  try {
    await client.ping();
  } finally {
    client.disconnect();
  }
}

async function flush(url: string): Promise<void> {
  const client = new Redis(url);
  try {
    await client.flushall();
  } finally {
    client.disconnect();
  }
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address ? address.port : 0));
    });
  });
}
