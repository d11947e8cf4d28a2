import { pino } from "pino";
import { describe, expect, it, vi } from "vitest";
import type { Detector } from "../../../detectors/detector.ts";
import type { Driver } from "../../../detectors/runtime/driver.ts";
import { createDetectRole } from "../../../detectors/runtime/role.ts";
import { createMetrics } from "../../../platform/metrics.ts";
import type { Casework } from "../../../schemas/casework.ts";
import type { Event } from "../../../schemas/event.ts";
import type { Delta } from "../../../schemas/exchange.ts";
import { partitionOf } from "../../../schemas/ids.ts";
import { eventKey, routingKey, topics } from "../../../schemas/topics.ts";
import { createMemoryLog, type MemoryLog } from "../memory-log.ts";
import { counter, eventAt, MINUTE, randomEvents, sources, T0 } from "../toys.ts";

const detectors = [counter, sources] as Detector[];
const END = T0 + 3 * 86_400_000 + 60 * MINUTE;

async function setUp(log: MemoryLog, partitions: number): Promise<void> {
  await log.ensureTopics(
    Object.values(topics).map((spec) => ({
      ...spec,
      partitions: spec.partitions === "configured" ? partitions : spec.partitions,
    })),
  );
}

const record = (schema: string, rows: readonly unknown[], more: Record<string, string> = {}) => ({
  value: Buffer.from(rows.map((row) => JSON.stringify(row)).join("\n")),
  headers: { schema, ...more },
});

/** Appends events as ingest does: to each topic's partition, a heartbeat to all every 100 events. */
async function feed(log: MemoryLog, events: readonly Event[], partitions: number): Promise<void> {
  const inputs = [topics.events.name, topics.bySource.name];
  const beat = async (at: number) => {
    for (const topic of inputs) {
      for (let partition = 0; partition < partitions; partition++) {
        const line = { kind: "heartbeat", at, ingest: "one" };
        await log.append([{ topic, partition, records: [record("heartbeat/1", [line])] }]);
      }
    }
  };
  for (const [index, event] of events.entries()) {
    const source = routingKey("default", event["source.ip"] ?? "");
    for (const [topic, key] of [
      [inputs[0], eventKey(event)],
      [inputs[1], source],
    ] as const) {
      const partition = partitionOf(key ?? "", partitions);
      await log.append([{ topic: topic ?? "", partition, records: [record("event/1", [event])] }]);
    }
    // Behind the out-of-orderness of the events, so that none of them is late.
    if (index % 100 === 99) await beat(Date.parse(event["@timestamp"]) - 5 * MINUTE);
  }
  await beat(END);
}

const anomalies = (log: MemoryLog) =>
  log
    .records("casework")
    .flatMap((one) => one.value.toString().split("\n"))
    .map((line): Casework => JSON.parse(line))
    .flatMap((row) => (row.kind === "anomaly" ? [row.anomaly] : []));

const ids = (log: MemoryLog): string[] =>
  [...new Set(anomalies(log).map((one) => one["anomaly.id"]))].sort();

interface Given {
  readonly log: MemoryLog;
  readonly mode: "merged" | "log";
  readonly partitions: number;
  readonly checkpointEvents?: number;
}

const role = ({ log, mode, partitions, checkpointEvents = 1e9 }: Given): Driver =>
  createDetectRole({
    log,
    mode,
    partitions,
    detectors,
    params: {},
    timezone: "UTC",
    logger: pino({ level: "silent" }),
    metrics: createMetrics(),
    checkpointEvents,
  });

async function settled(log: MemoryLog, driver: Driver, partitions: number): Promise<void> {
  await vi.waitFor(
    () => {
      const { tasks } = driver.health();
      expect(tasks.length).toBeGreaterThan(0);
      for (const { task, offset } of tasks) {
        const [, topic = "", partition = "0"] = task.split("/");
        const name = topic === "merged" ? topics.events.name : topic;
        expect([task, offset]).toEqual([task, log.records(name, Number(partition)).length]);
      }
      expect(partitions).toBeGreaterThan(0);
    },
    { timeout: 20_000, interval: 5 },
  );
}

async function runAll(given: Given, events: readonly Event[]): Promise<string[]> {
  await setUp(given.log, given.partitions);
  await feed(given.log, events, given.partitions);
  const driver = role(given);
  await driver.start();
  await settled(given.log, driver, given.partitions);
  await driver.stop();
  return ids(given.log);
}

describe("drivers", () => {
  it("give the same anomaly ids merged, and with 1, 2 and 4 partitions", async () => {
    const events = randomEvents(11, 1500);
    const merged = await runAll({ log: createMemoryLog(), mode: "merged", partitions: 1 }, events);
    expect(merged.length).toBeGreaterThan(200);
    for (const partitions of [1, 2, 4]) {
      const some = await runAll({ log: createMemoryLog(), mode: "log", partitions }, events);
      expect({ partitions, ids: some }).toEqual({ partitions, ids: merged });
    }
  }, 60_000);

  it.each([
    { mode: "merged", partitions: 1 },
    { mode: "log", partitions: 2 },
  ] as const)(
    "resume after losing the process, $mode",
    async ({ mode, partitions }) => {
      const events = randomEvents(12, 900);
      const undisturbed = await runAll({ log: createMemoryLog(), mode, partitions }, events);
      const log = createMemoryLog();
      await setUp(log, partitions);
      for (const part of [events.slice(0, 300), events.slice(300, 600), events.slice(600)]) {
        const driver = role({ log, mode, partitions, checkpointEvents: 90 });
        // A checkpoint and an append that fail must cost nothing but a repeat.
        log.failCheckpoints = 1;
        log.failAppends = 1;
        await driver.start();
        log.failAppends = 0;
        const last = part.at(-1) === events.at(-1);
        for (const event of part) await append(log, event, partitions);
        if (last) await closeAll(log, partitions);
        else
          await beatAll(
            log,
            Date.parse(part.at(-1)?.["@timestamp"] ?? "") - 5 * MINUTE,
            partitions,
          );
        await settled(log, driver, partitions);
        // SIGKILL: nothing of this process reaches a checkpoint any more.
        log.failCheckpoints = Number.POSITIVE_INFINITY;
        await driver.stop();
        log.failCheckpoints = 0;
      }
      expect(ids(log)).toEqual(undisturbed);
    },
    60_000,
  );

  it("learns from history without acting, not even when a historical day closes", async () => {
    const log = createMemoryLog();
    await setUp(log, 1);
    const history = Array.from({ length: 12 }, (_, index) =>
      eventAt(T0 + index * MINUTE, "a", {
        "event.ingested": new Date(T0 + 60 * MINUTE).toISOString(),
      }),
    );
    await log.append([
      { topic: "events", partition: 0, records: [record("event/1", history, { historical: "1" })] },
    ]);
    const driver = role({ log, mode: "merged", partitions: 1 });
    await driver.start();
    const live = Array.from({ length: 5 }, (_, index) =>
      eventAt(T0 + 48 * 60 * MINUTE + index * MINUTE, "a", {
        "event.ingested": new Date(T0 + 49 * 60 * MINUTE).toISOString(),
      }),
    );
    await log.append([{ topic: "events", partition: 0, records: [record("event/1", live)] }]);
    await settled(log, driver, 1);
    await driver.stop();
    expect(anomalies(log).map((one) => one.message.split(" ")[0])).toEqual(["fifth"]);
    const tables = log.records("tables").flatMap((one) => one.value.toString().split("\n"));
    expect(tables.some((line) => line.includes('["entity_days",1]'))).toBe(true);
  });

  it("pauses, and says so, while a table version is missing", async () => {
    const log = createMemoryLog();
    await setUp(log, 1);
    log.refuse = "tables";
    const driver = role({ log, mode: "log", partitions: 1 });
    await driver.start();
    await feed(log, randomEvents(13, 200), 1);
    await vi.waitFor(() => {
      expect(driver.health().ok).toBe(false);
      expect(driver.health().tasks[0]?.paused).toMatch(/^waits for the tables of 2026-03-0/);
    });
    const closes = log
      .records("deltas")
      .flatMap((one) => one.value.toString().split("\n"))
      .map((line): Delta => JSON.parse(line))
      .filter((row) => row.kind === "close");
    expect(closes.length).toBeGreaterThan(1);
    log.refuse = undefined;
    await settled(log, driver, 1);
    expect(driver.health().ok).toBe(true);
    await driver.stop();
  }, 30_000);
});

async function append(log: MemoryLog, event: Event, partitions: number): Promise<void> {
  const keys = [
    [topics.events.name, eventKey(event)],
    [topics.bySource.name, routingKey("default", event["source.ip"] ?? "")],
  ] as const;
  for (const [topic, key] of keys) {
    const partition = partitionOf(key, partitions);
    await log.append([{ topic, partition, records: [record("event/1", [event])] }]);
  }
}

async function beatAll(log: MemoryLog, at: number, partitions: number): Promise<void> {
  for (const topic of [topics.events.name, topics.bySource.name]) {
    for (let partition = 0; partition < partitions; partition++) {
      const line = { kind: "heartbeat", at, ingest: "one" };
      await log.append([{ topic, partition, records: [record("heartbeat/1", [line])] }]);
    }
  }
}

const closeAll = (log: MemoryLog, partitions: number) => beatAll(log, END, partitions);
