import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { ClickHouseLogLevel, createClient } from "@clickhouse/client";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createLogger } from "../../../platform/logger.ts";
import { type EngineHost, startEngineHost } from "../../../platform/store/engine-host/start.ts";
import { openStore } from "../../../platform/store/http.ts";
import { migrate } from "../../../platform/store/migrate.ts";
import type { Store } from "../../../platform/store/port.ts";
import { eventRecord, lines, storeContract } from "../../contracts/store.ts";
import { pythonWithClickHouse } from "../../services/clickhouse-connect.ts";
import { program } from "../../services/provision.ts";

const execute = promisify(execFile);
const logger = createLogger({ level: "silent" });

const script = (port: number) => `
import clickhouse_connect
c = clickhouse_connect.get_client(host="127.0.0.1", port=${port}, username="reader")
last = 0
for _ in range(20):
    n = c.query("SELECT count() FROM events").result_rows[0][0]
    assert n % 100 == 0 and n >= last, (n, last)
    last = n
assert last > 0
row = c.query("SELECT {a:String} AS a, \`event.category\` FROM events LIMIT 1", parameters={"a": "x'y"}).result_rows[0]
assert row == ("x'y", ["authentication", "session"]), row
with c.query_row_block_stream("SELECT number FROM numbers(200000)") as blocks:
    assert sum(len(block) for block in blocks) == 200000
try:
    c.query("SELECT file('/etc/passwd')")
    raise SystemExit("file() was answered")
except clickhouse_connect.driver.exceptions.DatabaseError as error:
    assert "497" in str(error)
try:
    c.insert("events_raw", [["x"]], column_names=["event.id"], settings={})
    raise SystemExit("a reader inserted")
except clickhouse_connect.driver.exceptions.ClickHouseError:
    pass
print("ok", last)
`;

// No registry has a current server binary: the contract runs on the server that the environment names.
const server = process.env["METSUKE_TEST_CLICKHOUSE"] ?? "";
if (server === "") {
  process.stdout.write(
    "METSUKE_TEST_CLICKHOUSE (http://user:password@host:8123) names no server\n",
  );
} else {
  storeContract("ClickHouse server", async () => {
    const { username, password, origin } = new URL(server);
    const [user = "", secret = ""] = [username, password].map(decodeURIComponent);
    return {
      options: { url: origin, user, password: secret },
      close: () => Promise.resolve(),
    };
  });
}

describe("real clients read while the store takes rows", () => {
  let dir: string;
  let host: EngineHost;
  let store: Store;
  let stop = false;
  let writing: Promise<number>;
  let python: string;
  beforeAll(async () => {
    python = await pythonWithClickHouse();
    dir = await mkdtemp(join(tmpdir(), "metsuke-clients-"));
    host = await startEngineHost({ dir, logger });
    store = openStore({ url: host.url, ...host.writer, database: host.database, logger });
    await migrate(store, host.database);
    const insert = async (batch: number) => {
      const records = Array.from({ length: 100 }, (_, index) => eventRecord(`${batch}-${index}`));
      await store.insert("events_raw", lines("events", records), `b:${batch}`);
    };
    await insert(0);
    writing = (async () => {
      let batch = 1;
      for (; !stop; batch++) await insert(batch);
      return batch * 100;
    })();
  });
  afterAll(async () => {
    await store.close();
    await host.close();
    await rm(dir, { recursive: true });
  });

  test("clickhouse-connect", async () => {
    const { stdout } = await execute(python, ["-c", script(host.port)], { timeout: 60_000 });
    expect(stdout).toMatch(/^ok \d+\n$/);
  });

  test("curl", async () => {
    const curl = await program("curl");
    const get = async (...args: string[]) =>
      (await execute(curl, ["-s", "--compressed", ...args])).stdout;
    expect(await get(`${host.url}/ping`)).toBe("Ok.\n");
    expect(Number(await get(`${host.url}/?query=SELECT+count()+FROM+events`))).toBeGreaterThan(0);
    const gzip = `${host.url}/?enable_http_compression=1`;
    const json = await get(
      gzip,
      "-d",
      "SELECT uniqExact(`event.id`) % 100 AS n FROM events FORMAT JSONEachRow",
    );
    expect(json).toBe('{"n":0}\n');
    expect(await get("-u", "reader:", host.url, "-d", "SELECT 1; SELECT 2")).toMatch(/^Code: 62\./);
  });

  test("@clickhouse/client", async () => {
    const client = createClient({
      url: host.url,
      username: "reader",
      database: host.database,
      compression: { response: true, request: true },
      log: { level: ClickHouseLogLevel.OFF },
    });
    const result = await client.query({
      query: "SELECT count() AS n, {who:String} AS who FROM events",
      query_params: { who: "ann's" },
      format: "JSONEachRow",
    });
    const [row] = await result.json<{ n: number; who: string }>();
    expect(Number(row?.n) % 100).toBe(0);
    expect(row?.who).toBe("ann's");
    const stream = await client.query({
      query: "SELECT number FROM numbers(50000)",
      format: "JSONEachRow",
    });
    let rows = 0;
    for await (const chunk of stream.stream()) rows += chunk.length;
    expect(rows).toBe(50_000);
    await expect(client.command({ query: "KILL QUERY WHERE 1" })).rejects.toMatchObject({
      code: "164",
    });
    await client.close();
  });

  test("and every row that was taken is there once", async () => {
    stop = true;
    const taken = await writing;
    expect(
      await store.query("SELECT count() AS n, uniqExact(`event.id`) AS ids FROM events"),
    ).toEqual([{ n: taken, ids: taken }]);
  });
});
