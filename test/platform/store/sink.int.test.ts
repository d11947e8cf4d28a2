import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { type EmbeddedLog, openEmbeddedLog } from "../../../platform/event-log/embedded.ts";
import { createLogger } from "../../../platform/logger.ts";
import { createMetrics } from "../../../platform/metrics.ts";
import { type EngineHost, startEngineHost } from "../../../platform/store/engine-host/start.ts";
import { openStore } from "../../../platform/store/http.ts";
import { migrate } from "../../../platform/store/migrate.ts";
import type { Store } from "../../../platform/store/port.ts";
import { runSink } from "../../../platform/store/sink.ts";
import { topics } from "../../../schemas/topics.ts";
import { eventRecord } from "../../contracts/store.ts";

const logger = createLogger({ level: "silent" });

describe("the sink", () => {
  let dir: string;
  let log: EmbeddedLog;
  let host: EngineHost;
  let store: Store;
  let metrics: ReturnType<typeof createMetrics>;
  let stop: AbortController;
  let sink: Promise<void>;
  const startSink = () => {
    stop = new AbortController();
    sink = runSink({ log, store, logger, metrics, signal: stop.signal });
  };
  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "metsuke-sink-"));
    log = await openEmbeddedLog({ dir: join(dir, "log") });
    await log.ensureTopics(Object.values(topics).map((spec) => ({ ...spec, partitions: 1 })));
    host = await startEngineHost({ dir: join(dir, "store"), logger });
    store = openStore({ url: host.url, ...host.writer, database: host.database, logger });
    await migrate(store, host.database);
    metrics = createMetrics();
    startSink();
  });
  afterEach(async () => {
    stop.abort();
    await sink;
    await log.close();
    await store.close();
    await host.close();
    await rm(dir, { recursive: true });
  });

  const append = (topic: string, schema: string, records: readonly unknown[]) =>
    log.append([
      {
        topic,
        partition: 0,
        records: [
          {
            key: "k",
            headers: { schema },
            value: Buffer.from(records.map((record) => JSON.stringify(record)).join("\n")),
          },
        ],
      },
    ]);
  const count = async (from: string): Promise<number> => {
    const [row] = await store.query<{ n: number }>(`SELECT count() AS n FROM ${from}`);
    return row?.n ?? -1;
  };
  const reaches = (from: string, wanted: number) =>
    vi.waitFor(async () => expect(await count(from)).toBe(wanted), {
      timeout: 30_000,
      interval: 20,
    });
  const rejected = async (reason: string): Promise<number> => {
    const { values } = await metrics.rejected.get();
    return values.find(({ labels }) => labels["reason"] === reason)?.value ?? 0;
  };

  test("events are there within half a second, repeats once, heartbeats not at all", async () => {
    await append("events", "event/1", [eventRecord("a"), eventRecord("b")]);
    await reaches("events", 2);
    const startedAt = performance.now();
    await append("events", "heartbeat/1", [{ kind: "heartbeat", at: 1, ingest: "i" }]);
    await append("events", "event/1", [eventRecord("b"), eventRecord("c")]);
    await reaches("events", 3);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    expect(await rejected("malformed")).toBe(0);
  });

  test("what makes no row is counted and blocks nothing, neighbours of a wrong row are stored", async () => {
    await append("events", "event/2", [eventRecord("other major")]);
    await append("events", "event/1", [
      eventRecord("x1"),
      eventRecord("x2", { "source.port": "ssh" }),
      eventRecord("x3", { "@timestamp": "2026-02-31T25:61:00.000Z" }),
      [1],
      eventRecord("x4", { "a.later.field": 1 }),
    ]);
    await append("events", "event/1", [eventRecord("x5")]);
    await reaches("events", 3);
    expect(await rejected("malformed")).toBe(3);
    expect(await rejected("store_refused")).toBe(1);
  });

  test("history of two hundred days comes in although an insert holds 32", async () => {
    const day = (index: number) => new Date(Date.UTC(2026, 10, 23 - index)).toISOString();
    const records = Array.from({ length: 200 }, (_, index) =>
      eventRecord(`d${index}`, { "@timestamp": day(index) }),
    );
    await append("events", "event/1", records);
    await reaches("events", 200);
    const partitions = await store.query("SELECT uniqExact(_partition_id) AS n FROM events_raw");
    expect(partitions).toEqual([{ n: 200 }]);
  });

  test("of the casework only anomalies become rows", async () => {
    await append("casework", "casework/1", [
      { kind: "tick", at: 1 },
      {
        kind: "anomaly",
        at: 1,
        anomaly: { "anomaly.id": "a", "organization.id": "default", "event.ids": ["e"] },
      },
      { kind: "anomaly", at: 1, anomaly: 7 },
    ]);
    await reaches("anomalies", 1);
    expect(await rejected("malformed")).toBe(1);
  });

  test("a store killed under load loses nothing, and a new sink goes on where the old one was", async () => {
    const wanted: string[] = [];
    for (let batch = 0; batch < 40; batch++) {
      const ids = Array.from({ length: 100 }, (_, index) => `k${batch}-${index}`);
      wanted.push(...ids);
      await append(
        "events",
        "event/1",
        ids.map((id) => eventRecord(id)),
      );
      if (batch === 10 || batch === 25) process.kill(host.pid() ?? 0, "SIGKILL");
      if (batch === 20) {
        stop.abort();
        await sink;
        startSink();
      }
      await vi.waitFor(() => expect(host.pid()).toBeDefined(), 10_000);
    }
    await vi.waitFor(async () => expect(await store.ping()).toBe(true), { timeout: 30_000 });
    await reaches("events", wanted.length);
    expect(await count("(SELECT DISTINCT `event.id` FROM events)")).toBe(wanted.length);
  });
});
