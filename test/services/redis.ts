import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Redis } from "ioredis";
import { debianProgram, freePort } from "./provision.ts";

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
  const server = await debianProgram("redis-server", ["redis-server"]);
  const port = options.port ?? (await freePort());
  const folder = await mkdtemp(join(tmpdir(), "metsuke-redis-"));
  const settings = ["--port", String(port), "--bind", "127.0.0.1", "--dir", folder];
  const quiet = ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"];
  const child = spawn(server, [...settings, ...quiet], { stdio: "ignore" });
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
