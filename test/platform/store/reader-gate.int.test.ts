import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLogger } from "../../../platform/logger.ts";
import { type EngineHost, startEngineHost } from "../../../platform/store/engine-host/start.ts";
import { escapes } from "./escapes.ts";
import { runGateMutations } from "./reader-gate-mutations.ts";

describe("a reader of the engine host", () => {
  let root: string;
  let host: EngineHost;
  const ask = (sql: string, query = "") =>
    fetch(`${host.url}/${query}`, { method: "POST", body: sql });
  beforeAll(async () => {
    root = await mkdtemp(join(tmpdir(), "metsuke-gate-"));
    await writeFile(join(root, "planted.csv"), "canary\n");
    host = await startEngineHost({
      dir: join(root, "store"),
      logger: createLogger({ level: "silent" }),
    });
  });
  afterAll(async () => {
    await host.close();
    await rm(root, { recursive: true });
  });

  test("every known escape is refused", async () => {
    const prey = {
      file: join(root, "planted.csv"),
      out: join(root, "written.csv"),
      port: 9,
      table: "system.one",
    };
    const answered: string[] = [];
    for (const sql of escapes(prey)) {
      const response = await ask(sql);
      const text = await response.text();
      if (response.ok || !/^Code: \d+\. DB::Exception: /.test(text))
        answered.push(`${sql}: ${text}`);
    }
    expect(answered).toEqual([]);
    expect(existsSync(prey.out)).toBe(false);
  });

  test.each([
    ["SELECT 1 AS file", "1\n"],
    ["SELECT 'file(''/etc/passwd'')' AS `a/b`", "file(\\'/etc/passwd\\')\n"],
    ["SELECT sum(number) FROM numbers(5) SETTINGS max_threads = 1", "10\n"],
    ["SELECT 1 AS settings, settings = 1", "1\t1\n"],
    ["WITH x AS (SELECT 2 AS y) SELECT y FROM x FORMAT JSONEachRow", '{"y":2}\n'],
    [
      "SELECT quantileExactIf(0.5)(number, number > 1), uniqExact(number) FROM numbers(4)",
      "3\t4\n",
    ],
    [
      "SELECT arrayMap(x -> x + 1, [1, 2]), map('a', 1), CAST(1, 'Nullable(Int8)')",
      "[2,3]\t{'a':1}\t1\n",
    ],
    [
      "SELECT toStartOfHour(toDateTime('2026-11-24 10:20:30')) - INTERVAL 1 DAY",
      "2026-11-23 10:00:00\n",
    ],
    ["SELECT row_number() OVER (ORDER BY number DESC) FROM numbers(2) ORDER BY 1", "1\n2\n"],
    ["EXISTS TABLE system.one", "1\n"],
    ["DESCRIBE TABLE system.one", "dummy\tUInt8\t\t\t\t\t\n"],
    ["select count() > 100 from system.functions", "1\n"],
    ["SELECT * EXCEPT (b) FROM (SELECT 1 AS a, 2 AS b)", "1\n"],
    ["SELECT * APPLY(toString) FROM (SELECT 1 AS a)", "1\n"],
  ])("ordinary SQL works: %s", async (sql, want) => {
    expect(await (await ask(sql)).text()).toBe(want);
  });

  test("settings of the address are capped, refused or unknown", async () => {
    const value = async (query: string, name: string) =>
      (await ask(`SELECT value FROM system.settings WHERE name = '${name}'`, query)).text();
    expect(await value("?max_execution_time=9999", "max_execution_time")).toBe("30\n");
    expect(await value("?max_execution_time=0", "max_execution_time")).toBe("30\n");
    expect(await value("?max_execution_time=2", "max_execution_time")).toBe("2\n");
    expect(await value("?readonly=0", "readonly")).toBe("1\n");
    expect(await value("?max_memory_usage=0", "max_memory_usage")).toMatch(/^Code: 164\./);
    expect(await value("?no_such_setting=1", "readonly")).toMatch(/^Code: (115|164)\./);
  });

  test("rows and time are bounded", async () => {
    const rows = await (await ask("SELECT number FROM numbers(3000000) FORMAT Null")).text();
    const time = await ask("SELECT count() FROM numbers(1e13) SETTINGS max_execution_time = 1");
    expect(rows).toMatch(/^Code: 396\./);
    expect([time.status, (await time.text()).slice(0, 10)]).toEqual([408, "Code: 159."]);
  });

  test("3 000 mutations of the escapes read, reach, change and end nothing", async () => {
    const report = await runGateMutations({ count: 3_000, seed: 20261124 });
    expect(report.escaped).toEqual([]);
    // Some mutations comment the escape away: the rest of the gate must not be a wall.
    expect(report.answered).toBeGreaterThan(10);
  });
});
