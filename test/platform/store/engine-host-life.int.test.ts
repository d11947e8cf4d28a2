import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createLogger } from "../../../platform/logger.ts";
import {
  type EngineHost,
  type EngineHostOptions,
  startEngineHost,
} from "../../../platform/store/engine-host/start.ts";
import { openStore } from "../../../platform/store/http.ts";
import { migrate } from "../../../platform/store/migrate.ts";
import type { Store } from "../../../platform/store/port.ts";
import { eventRecord, lines } from "../../contracts/store.ts";

const logger = createLogger({ level: "silent" });
const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe("the engine host", () => {
  let dir: string;
  let host: EngineHost;
  let store: Store;
  const start = async (options: Partial<EngineHostOptions> = {}) => {
    host = await startEngineHost({ dir, logger, ...options });
    store = openStore({ url: host.url, ...host.writer, database: host.database, logger });
    await migrate(store, host.database);
  };
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "metsuke-host-"));
  });
  afterEach(async () => {
    await store.close();
    await host.close();
    await rm(dir, { recursive: true });
  });
  const writerAsks = (sql: string) =>
    fetch(host.url, {
      method: "POST",
      body: sql,
      headers: { "X-ClickHouse-User": host.writer.user, "X-ClickHouse-Key": host.writer.password },
    });
  const running = async (text: string): Promise<number> => {
    const sql = `SELECT count() FROM system.processes WHERE query LIKE '%${text}%' AND NOT is_cancelled AND query NOT LIKE '%system.processes%'`;
    return Number(await (await writerAsks(sql)).text());
  };

  test("killed again and again it comes back on its port with its secret and every acknowledged row", async () => {
    await start();
    const acknowledged: string[] = [];
    const { port } = host;
    for (let kill = 0; kill < 3; kill++) {
      const before = host.pid() ?? 0;
      let stop = false;
      const writing = (async () => {
        for (let batch = 0; !stop; batch++) {
          const ids = Array.from({ length: 50 }, (_, index) => `k${kill}-${batch}-${index}`);
          const rows = lines(
            "events",
            ids.map((id) => eventRecord(id)),
          );
          await store.insert("events_raw", rows, ids[0] ?? "").then(
            () => acknowledged.push(...ids),
            () => (stop = true),
          );
        }
      })();
      await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(kill * 200 + 100), 20_000);
      process.kill(before, "SIGKILL");
      stop = true;
      await writing;
      await vi.waitFor(async () => expect(await store.ping()).toBe(true), { timeout: 20_000 });
      expect(host.pid()).not.toBe(before);
    }
    expect(host.port).toBe(port);
    const rows = await store.query<{ id: string }>("SELECT `event.id` AS id FROM events");
    const stored = new Set(rows.map(({ id }) => id));
    expect(acknowledged.filter((id) => !stored.has(id))).toEqual([]);
    expect(rows.length).toBe(stored.size);
  });

  test("a second host on the folder is refused, a closed one lets go of it", async () => {
    await start();
    await expect(startEngineHost({ dir, logger })).rejects.toMatchObject({
      code: "METSUKE_DATA_IN_USE",
    });
    await store.close();
    await host.close();
    await start();
    expect(await store.query("SELECT count() AS n FROM events")).toEqual([{ n: 0 }]);
  });

  test("the child ends with its parent", async () => {
    await start();
    const entry = join(import.meta.dirname, "../../../dist/platform/store/engine-host/main.js");
    const orphan: ChildProcess = fork(entry, [], { stdio: "ignore", env: { TZ: "UTC" } });
    orphan.send({
      kind: "start",
      settings: {
        dir: join(dir, "other"),
        host: "127.0.0.1",
        port: 0,
        database: "metsuke",
        writer: { user: "w", password: "w" },
        reader: { user: "r", password: "" },
        allowedHosts: [],
        limits: {},
      },
    });
    await once(orphan, "message");
    expect(alive(orphan.pid ?? 0)).toBe(true);
    const ended = once(orphan, "exit");
    orphan.disconnect();
    expect((await ended)[0]).toBe(0);
  });

  test("its secret is in no argument, environment or file", async () => {
    await start();
    const { readFile } = await import("node:fs/promises");
    const texts = await Promise.all(
      ["cmdline", "environ"].map((file) => readFile(`/proc/${host.pid()}/${file}`, "utf8")),
    );
    expect(texts.join()).not.toContain(host.writer.password);
    expect(await readdir(join(dir, "bodies"))).toEqual([]);
  });

  test("a page in a browser gets nothing: Origin and strange hosts are refused", async () => {
    await start();
    const status = (headers: Record<string, string>) =>
      new Promise<number>((resolve, reject) => {
        const sent = request(`${host.url}/?query=SELECT+1`, { headers }, (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        });
        sent.on("error", reject);
        sent.end();
      });
    expect(await status({ origin: "https://evil.example" })).toBe(403);
    expect(await status({ host: "evil.example:8123" })).toBe(403);
    expect(await status({ host: "localhost:8123" })).toBe(200);
  });

  test("a wrong password is refused, whoever one claims to be", async () => {
    await start({ readerPassword: "pass" });
    const status = async (user: string, key: string) => {
      const headers = { "X-ClickHouse-User": user, "X-ClickHouse-Key": key };
      return (await fetch(`${host.url}/?query=SELECT+1`, { headers })).status;
    };
    expect(await status("metsuke", "")).toBe(403);
    expect(await status("metsuke", "pass")).toBe(403);
    expect(await status("reader", "")).toBe(403);
    expect(await status("default", "")).toBe(403);
    expect(await status("reader", "pass")).toBe(200);
    const basic = { authorization: `Basic ${Buffer.from("reader:pass").toString("base64")}` };
    expect((await fetch(`${host.url}/?query=SELECT+1`, { headers: basic })).status).toBe(200);
    expect((await fetch(`${host.url}/?query=SELECT+1&user=reader&password=pass`)).status).toBe(200);
  });

  test("when the client goes, its query ends", async () => {
    await start();
    const leave = new AbortController();
    const gone = fetch(host.url, {
      method: "POST",
      body: "SELECT sum(sipHash64(number)) AS abandoned FROM numbers(1e12)",
      signal: leave.signal,
    }).catch((error: unknown) => error);
    await vi.waitFor(async () => expect(await running("AS abandoned")).toBe(1), {
      timeout: 10_000,
    });
    leave.abort();
    await gone;
    await vi.waitFor(async () => expect(await running("AS abandoned")).toBe(0), {
      timeout: 10_000,
    });
  });

  test("writes go on while readers take all they may", async () => {
    await start();
    const leave = new AbortController();
    const heavy = Array.from({ length: 12 }, () =>
      fetch(host.url, {
        method: "POST",
        body: "SELECT sum(sipHash64(number)) AS heavy FROM numbers(1e12)",
        signal: leave.signal,
      }).catch((error: unknown) => error),
    );
    await vi.waitFor(async () => expect(await running("AS heavy")).toBe(6), { timeout: 10_000 });
    const startedAt = performance.now();
    for (let index = 0; index < 5; index++) {
      await store.insert("events_raw", lines("events", [eventRecord(`w${index}`)]), `w:${index}`);
    }
    expect((performance.now() - startedAt) / 5).toBeLessThan(1_000);
    leave.abort();
    await Promise.all(heavy);
  });
});
