import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createLogger } from "../../../platform/logger.ts";
import { type EngineHost, startEngineHost } from "../../../platform/store/engine-host/start.ts";

describe("the engine host gives every call a session of its own", () => {
  let dir: string;
  let host: EngineHost;
  const post = async (sql: string, parameters = "", headers: Record<string, string> = {}) =>
    (await fetch(`${host.url}/${parameters}`, { method: "POST", body: sql, headers })).text();
  const read = (sql: string, parameters = "") => post(sql, parameters);
  const write = (sql: string, parameters = "") =>
    post(sql, parameters, {
      "X-ClickHouse-User": host.writer.user,
      "X-ClickHouse-Key": host.writer.password,
    });
  const times = async (count: number, work: (index: number) => Promise<void>) => {
    const indexes = Array.from({ length: count }, (_, index) => index).values();
    const worker = async () => {
      for (const index of indexes) await work(index);
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
  };
  const residentMb = async () => {
    const status = await readFile(`/proc/${host.pid()}/status`, "utf8");
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1024;
  };
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "metsuke-sessions-"));
    host = await startEngineHost({ dir, logger: createLogger({ level: "silent" }) });
    await write("CREATE DATABASE metsuke");
    await write("CREATE DATABASE other");
    await write("CREATE TABLE metsuke.t (a UInt32) ENGINE = MergeTree ORDER BY a");
  });
  afterAll(async () => {
    await host.close();
    await rm(dir, { recursive: true });
  });

  test("a setting, a parameter and a database end with the call that brought them", async () => {
    const sql =
      "SELECT getSetting('max_execution_time'), getSetting('final'), getSetting('readonly'), currentDatabase()";
    const plain = "30\tfalse\t1\tmetsuke\n";
    expect(await read(sql)).toBe(plain);
    expect(await read(sql, "?max_execution_time=2&final=1&database=other")).toBe(
      "2\ttrue\t1\tother\n",
    );
    expect(await read(`${sql} SETTINGS max_execution_time = 3`)).toBe("3\tfalse\t1\tmetsuke\n");
    for (let call = 0; call < 10; call++) expect(await read(sql)).toBe(plain);
    expect(await read("SELECT {x:String}", "?param_x=secret")).toBe("secret\n");
    for (let call = 0; call < 10; call++) {
      expect(await read("SELECT {x:String}")).toMatch(/^Code: 456\./);
    }
  });

  test("what a writer sets and makes for itself is gone with its call", async () => {
    expect(await write("SET max_threads = 1, final = 1")).toBe("");
    expect(await write("CREATE TEMPORARY TABLE mine (a UInt8)")).toBe("");
    expect(await write("USE other")).toBe("");
    for (const ask of [read, write]) {
      expect(await ask("SELECT getSetting('final'), currentDatabase()")).toBe("false\tmetsuke\n");
      expect(await ask("SELECT * FROM mine")).toMatch(/^Code: 60\./);
    }
  });

  test("an insert token holds for one insert", async () => {
    await write(
      "CREATE TABLE metsuke.once (a UInt32) ENGINE = MergeTree ORDER BY a SETTINGS non_replicated_deduplication_window = 100",
    );
    for (const token of ["one", "one", "two"]) {
      await write(
        "INSERT INTO metsuke.once FORMAT TSV\n7\n",
        `?insert_deduplication_token=${token}`,
      );
    }
    await write("INSERT INTO metsuke.once FORMAT TSV\n8\n");
    await write("INSERT INTO metsuke.once FORMAT TSV\n9\n");
    expect(await read("SELECT groupArray(a) FROM (SELECT a FROM once ORDER BY a)")).toBe(
      "[7,7,8,9]\n",
    );
  });

  test("memory stays flat over 2 000 calls beside one statement that never ends", async () => {
    const leave = new AbortController();
    const { user, password } = host.writer;
    const sql = "SELECT sum(s) FROM (SELECT sleepEachRow(1) AS s FROM numbers(36000))";
    const long = fetch(`${host.url}/?max_block_size=1`, {
      method: "POST",
      body: sql,
      headers: { "X-ClickHouse-User": user, "X-ClickHouse-Key": password },
      signal: leave.signal,
    }).catch((error: unknown) => error);
    const running = () =>
      write(
        "SELECT count() FROM system.processes WHERE query LIKE '%numbers(36000)%' AND query NOT LIKE '%system.processes%'",
      );
    await vi.waitFor(async () => expect(await running()).toBe("1\n"), { timeout: 10_000 });
    const call = async (index: number) => {
      const inserts = index % 10 === 0;
      const answer = inserts
        ? await write(`INSERT INTO metsuke.t FORMAT TSV\n${index}\n`)
        : await read("SELECT 1");
      expect(answer).toBe(inserts ? "" : "1\n");
    };
    await times(300, call);
    const before = await residentMb();
    await times(2_000, call);
    const grown = (await residentMb()) - before;
    expect(await running()).toBe("1\n");
    leave.abort();
    await long;
    expect(grown).toBeLessThan(120);
  });
});
