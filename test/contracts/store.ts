import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { MetsukeError } from "../../platform/errors.ts";
import { createLogger } from "../../platform/logger.ts";
import { openStore, type StoreOptions } from "../../platform/store/http.ts";
import { migrate } from "../../platform/store/migrate.ts";
import type { Store } from "../../platform/store/port.ts";
import { mergeClosedDays, oddRepeats } from "../../platform/store/tend-partitions.ts";
import { rowOf } from "../../schemas/ddl-rows.ts";
import type { StoredView } from "../../schemas/ddl-tables.ts";

export interface StoreServer {
  readonly options: Pick<StoreOptions, "url" | "user" | "password">;
  close(): Promise<void>;
}

const silent = createLogger({ level: "silent" });
const ARRIVED = Date.parse("2026-11-24T10:00:00.000Z");

export const eventRecord = (id: string, over: Record<string, unknown> = {}) => ({
  "@timestamp": "2026-11-24T09:59:58.123456Z",
  "event.id": id,
  "event.dataset": "linux.sshd",
  "event.ingested": "2026-11-24T10:00:00.000Z",
  "event.category": ["authentication", "session"],
  "event.outcome": "failure",
  "organization.id": "default",
  "user.name": "ann",
  "user.entity.id": "ann",
  "source.ip": "203.0.113.7",
  "auth.mfa": false,
  ...over,
});

/** NDJSON of records as the sink writes them. */
export function lines(view: StoredView, records: readonly Record<string, unknown>[]): Buffer {
  const rows = records.map((record) => rowOf(view, record, ARRIVED));
  return Buffer.from(
    rows
      .map((row) => {
        if ("malformed" in row) throw new Error(row.malformed);
        return `${row.line}\n`;
      })
      .join(""),
  );
}

const incident = (revision: number, over: Record<string, unknown> = {}) => ({
  "incident.id": "i1",
  "incident.revision": revision,
  "organization.id": "default",
  "@timestamp": "2026-11-24T10:00:00.000Z",
  "incident.last": "2026-11-24T10:00:00.000Z",
  "incident.entities": [{ type: "user", id: "ann" }],
  "anomaly.ids": ["a1", "a2"],
  "paged.anomaly.ids": ["a2"],
  "incident.families": ["place"],
  "incident.risk": 10 * revision,
  message: `revision ${revision}`,
  ...over,
});

const anomaly = (id: string) => ({
  "anomaly.id": id,
  "@timestamp": "2026-11-24T10:00:00.000Z",
  "organization.id": "default",
  "detector.name": "impossible-travel",
  "detector.version": "1",
  "threat.technique.id": ["T1078"],
  "entity.type": "user",
  "entity.id": "ann",
  "related.entities": [],
  "anomaly.p": null,
  "anomaly.score": 9.5,
  "anomaly.severity": 80,
  "anomaly.certain": true,
  "anomaly.families": ["place"],
  "anomaly.window.start": "2026-11-24T00:00:00.000Z",
  "anomaly.late": false,
  "event.ids": ["e1"],
  "evidence.authenticated": true,
  "evidence.success": true,
  "evidence.datasets": ["linux.sshd"],
  "baseline.age_days": -1,
  "population.entity_days": 0,
  "population.active_users": 1,
  message: "seen",
  explanation: [{ feature: "speed", observed: "900 km/h", expected: "< 500", share: 1 }],
});

const score = (at: string, value: number) => ({
  "organization.id": "default",
  "@timestamp": at,
  "detector.name": "baseline",
  "detector.version": "1",
  "entity.type": "user",
  "entity.id": "ann",
  day: "2026-11-24",
  "anomaly.p": null,
  "anomaly.score": value,
  "baseline.age_days": 20,
  "score.closed": value > 1,
});

/** What every store must do: the contract of `platform/store/port.ts` and of the schemas' DDL. */
export function storeContract(name: string, open: () => Promise<StoreServer>): void {
  describe(`store contract: ${name}`, () => {
    const database = `metsuke_test_${randomBytes(4).toString("hex")}`;
    let server: StoreServer;
    let store: Store;
    beforeAll(async () => {
      server = await open();
      store = openStore({ ...server.options, database, logger: silent });
      await migrate(store, database);
    });
    afterAll(async () => {
      await store.command(`DROP DATABASE ${database}`);
      await store.close();
      await server.close();
    });
    const count = async (from: string): Promise<number> => {
      const [row] = await store.query<{ n: number }>(`SELECT count() AS n FROM ${from}`);
      return row?.n ?? -1;
    };

    test("the same token inserts once, another token folds in the view", async () => {
      const rows = lines("events", [eventRecord("fold-1"), eventRecord("fold-2")]);
      await store.insert("events_raw", rows, "t:1");
      await store.insert("events_raw", rows, "t:1");
      expect(await count("events_raw WHERE `event.id` LIKE 'fold-%'")).toBe(2);
      await store.insert("events_raw", rows, "t:2");
      expect(await count("events_raw WHERE `event.id` LIKE 'fold-%'")).toBe(4);
      expect(await count("events WHERE `event.id` LIKE 'fold-%'")).toBe(2);
    });

    test("a token stays with its call and does not swallow the next insert", async () => {
      await store.insert("events_raw", lines("events", [eventRecord("next-1")]), "n:1");
      await store.insert("events_raw", lines("events", [eventRecord("next-2")]), "n:2");
      expect(await count("events WHERE `event.id` LIKE 'next-%'")).toBe(2);
    });

    test("an event comes back under its ECS names, absent and false told apart", async () => {
      const hostile = `'"\\\n\t\u{1F600}\u0001 \ud800`;
      await store.insert(
        "events_raw",
        lines("events", [eventRecord("round-1", { "user.name": hostile, "source.port": 1e300 })]),
        "r:1",
      );
      const [row] = await store.query<Record<string, unknown>>(
        "SELECT * FROM events WHERE `event.id` = 'round-1'",
      );
      expect(row).toMatchObject({
        ts: "2026-11-24 09:59:58.123456",
        "event.category": ["authentication", "session"],
        "event.type": [],
        "user.name": hostile.replace("\ud800", "\ufffd"),
        "source.port": Number.MAX_SAFE_INTEGER,
        "auth.mfa": false,
        "device.managed": null,
        "source.bytes": null,
        "event.created": null,
        "event.reason": "",
      });
    });

    test("forged days share one partition", async () => {
      const years = ["1905", "1990", "2150", "2290", "9999"];
      await store.insert(
        "events_raw",
        lines(
          "events",
          years.map((year) =>
            eventRecord(`odd-${year}`, { "@timestamp": `${year}-05-05T00:00:00.000Z` }),
          ),
        ),
        "o:1",
      );
      const rows = await store.query<{ partition: string }>(
        "SELECT DISTINCT _partition_value.1 AS partition FROM events_raw WHERE `event.id` LIKE 'odd-%'",
      );
      expect(rows).toEqual([{ partition: "odd" }]);
    });

    test("the greatest revision of an incident counts, whatever came last", async () => {
      for (const revision of [1, 3, 2]) {
        await store.insert(
          "incidents_raw",
          lines("incidents", [incident(revision)]),
          `i:${revision}`,
        );
      }
      const rows = await store.query("SELECT message, `incident.entities` AS e FROM incidents");
      expect(rows).toEqual([{ message: "revision 3", e: '[{"type":"user","id":"ann"}]' }]);
    });

    test("an anomaly alerts when its incident paged it", async () => {
      await store.insert(
        "anomalies_raw",
        lines("anomalies", [anomaly("a1"), anomaly("a2")]),
        "a:1",
      );
      await store.insert("incidents_raw", lines("incidents", [incident(4)]), "i:4");
      const rows = await store.query(
        "SELECT `anomaly.id` AS id, `anomaly.alert` AS alert, `anomaly.p` AS p FROM anomalies ORDER BY id",
      );
      expect(rows).toEqual([
        { id: "a1", alert: 0, p: null },
        { id: "a2", alert: 1, p: null },
      ]);
    });

    test("the last score of a day counts", async () => {
      const at = (minute: number) => `2026-11-24T10:0${minute}:00.000Z`;
      for (const [minute, value] of [
        [1, 1],
        [3, 3],
        [2, 2],
      ] as const) {
        await store.insert(
          "scores_raw",
          lines("scores", [score(at(minute), value)]),
          `s:${minute}`,
        );
      }
      const rows = await store.query(
        "SELECT `anomaly.score` AS s, `score.closed` AS c FROM scores",
      );
      expect(rows).toEqual([{ s: 3, c: true }]);
    });

    test("parameters are values, whatever they hold", async () => {
      const text = `x' OR 1=1 --\t\n\\ "é`;
      const rows = await store.query("SELECT {a:String} AS a, {b:Array(UInt8)} AS b", {
        a: text,
        b: [1, 2],
      });
      expect(rows).toEqual([{ a: text, b: [1, 2] }]);
    });

    test("a refusal says ClickHouse's number and is not retried", async () => {
      const failure = await store.query("SELECT 1 FROM nowhere").catch((error: unknown) => error);
      expect(failure).toBeInstanceOf(MetsukeError);
      expect(failure).toMatchObject({ code: "METSUKE_STORE_REFUSED", retryable: false });
      expect((failure as MetsukeError).message).toMatch(/^Code: 60\./);
    });

    test("an unknown field is refused, never lost", async () => {
      const rows = Buffer.from('{"event.id":"unknown-1","no.such.field":1}\n');
      const failure = await store
        .insert("events_raw", rows, "u:1")
        .catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "METSUKE_STORE_REFUSED" });
      expect(await count("events_raw WHERE `event.id` = 'unknown-1'")).toBe(0);
    });

    test("raw results come in the format asked for", async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of await store.queryRaw("SELECT 1 AS a, 'x' AS b", "CSVWithNames")) {
        chunks.push(chunk);
      }
      expect(Buffer.concat(chunks).toString()).toBe('"a","b"\n1,"x"\n');
    });

    test("a day that is over becomes one part, and repeats across `odd` are counted", async () => {
      const day = {
        "@timestamp": "2026-03-03T03:00:00.000Z",
        "event.ingested": "2026-03-03T03:00:01.000Z",
      };
      for (const batch of [1, 2, 3]) {
        await store.insert(
          "events_raw",
          lines("events", [eventRecord(`m-${batch}`, day)]),
          `m:${batch}`,
        );
      }
      const parts = () =>
        count(
          `system.parts WHERE active AND database = '${database}' AND table = 'events_raw' AND partition = '2026-03-03'`,
        );
      await vi.waitFor(async () => {
        await mergeClosedDays(store, new AbortController().signal, 0);
        expect(await parts()).toBe(1);
      }, 20_000);
      expect(await count("events WHERE `event.id` LIKE 'm-%'")).toBe(3);
      expect(await oddRepeats(store)).toBe(0);
      const late = { ...day, "event.ingested": "2028-03-03T03:00:01.000Z" };
      await store.insert("events_raw", lines("events", [eventRecord("m-1", late)]), "m:late");
      expect(await oddRepeats(store)).toBe(1);
    });

    test("a raw query changes nothing, whoever asks", async () => {
      const refused = expect.objectContaining({ code: "METSUKE_QUERY_REFUSED" });
      const drop = store.queryRaw(`DROP TABLE ${database}.control_raw`, "CSV");
      await expect(drop).rejects.toEqual(refused);
      const insert = store.queryRaw(
        `INSERT INTO ${database}.control_raw SELECT * FROM ${database}.control_raw`,
        "CSV",
      );
      await expect(insert).rejects.toEqual(refused);
      expect(await count("control_raw")).toBe(0);
    });

    test("a closed port is unavailable and worth another try", async () => {
      const away = openStore({
        url: "http://127.0.0.1:9",
        user: "",
        password: "",
        database,
        logger: silent,
      });
      const failure = await away.query("SELECT 1").catch((error: unknown) => error);
      expect(failure).toMatchObject({ code: "METSUKE_STORE_UNAVAILABLE", retryable: true });
      expect([await away.ping(), await store.ping()]).toEqual([false, true]);
      await away.close();
    });

    test("migration repeats, adds what is missing and refuses another type by name", async () => {
      await migrate(store, database);
      await store.command(`ALTER TABLE ${database}.rejects_raw DROP COLUMN \`reject.reason\``);
      await migrate(store, database);
      expect(await count("rejects WHERE `reject.reason` = ''")).toBe(0);
      await store.command(
        `ALTER TABLE ${database}.control_raw MODIFY COLUMN \`control.by\` FixedString(3)`,
      );
      await expect(migrate(store, database)).rejects.toThrow(
        /control_raw\.control\.by is FixedString\(3\)/,
      );
      await store.command(
        `ALTER TABLE ${database}.control_raw MODIFY COLUMN \`control.by\` String`,
      );
    });

    test("reads while it takes rows, each row exactly once", async () => {
      const write = async (writer: number) => {
        for (let batch = 0; batch < 5; batch++) {
          const records = Array.from({ length: 200 }, (_, index) =>
            eventRecord(`par-${writer}-${batch}-${index}`),
          );
          await store.insert("events_raw", lines("events", records), `p:${writer}:${batch}`);
        }
      };
      const seen: number[] = [];
      const read = async () => {
        for (let round = 0; round < 10; round++) {
          seen.push(await count("events WHERE `event.id` LIKE 'par-%'"));
        }
      };
      await Promise.all([write(1), write(2), write(3), read()]);
      expect(await count("events WHERE `event.id` LIKE 'par-%'")).toBe(3_000);
      expect(
        seen.every((value, index) => value % 200 === 0 && value >= (seen[index - 1] ?? 0)),
      ).toBe(true);
    });
  });
}
