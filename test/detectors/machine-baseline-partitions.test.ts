import { pino } from "pino";
import { expect, it, vi } from "vitest";
import type { Detector } from "../../detectors/detector.ts";
import { createDetectRole } from "../../detectors/runtime/role.ts";
import { machineBaseline } from "../../detectors/machine-baseline.ts";
import { createMetrics } from "../../platform/metrics.ts";
import type { Event } from "../../schemas/event.ts";
import { partitionOf } from "../../schemas/ids.ts";
import { entityOf, eventKey, routingKey, topics } from "../../schemas/topics.ts";
import { createMemoryLog, type MemoryLog } from "./memory-log.ts";
import { DAY, fleet, inOrder, intrusion, START } from "./machines.ts";

const inputs = {
  [topics.events.name]: eventKey,
  [topics.byHost.name]: (event: Event) => routingKey("default", entityOf(event, "host") ?? ""),
  [topics.byDevice.name]: (event: Event) => routingKey("default", entityOf(event, "device") ?? ""),
};

const record = (schema: string, row: unknown) => ({
  value: Buffer.from(JSON.stringify(row)),
  headers: { schema },
});

/** Appends events as ingest does, and a heartbeat to every partition after every hundredth. */
async function feed(log: MemoryLog, events: readonly Event[], partitions: number): Promise<void> {
  const beat = async (at: number) => {
    for (const topic of Object.keys(inputs)) {
      for (let partition = 0; partition < partitions; partition++) {
        const records = [record("heartbeat/1", { kind: "heartbeat", at, ingest: "one" })];
        await log.append([{ topic, partition, records }]);
      }
    }
  };
  for (const [index, event] of events.entries()) {
    for (const [topic, keyOf] of Object.entries(inputs)) {
      const partition = partitionOf(keyOf(event), partitions);
      await log.append([{ topic, partition, records: [record("event/1", event)] }]);
    }
    if (index % 100 === 99) await beat(Date.parse(event["@timestamp"]));
  }
  await beat(START + 30 * DAY);
}

async function outcome(events: readonly Event[], partitions: number): Promise<string[]> {
  const log = createMemoryLog();
  await log.ensureTopics(
    Object.values(topics).map((spec) => ({
      ...spec,
      partitions: spec.partitions === "configured" ? partitions : spec.partitions,
    })),
  );
  await feed(log, events, partitions);
  const params = { learning_days: 5, learning_entity_days: 60, budget_per_day: 3 };
  const driver = createDetectRole({
    log,
    mode: "log",
    partitions,
    detectors: [machineBaseline] as Detector[],
    params: { "machine-baseline": params },
    timezone: "UTC",
    logger: pino({ level: "silent" }),
    metrics: createMetrics(),
    checkpointEvents: 1e9,
  });
  await driver.start();
  await vi.waitFor(
    () => {
      const { tasks } = driver.health();
      expect(tasks).toHaveLength(Object.keys(inputs).length * partitions);
      for (const { task, offset } of tasks) {
        const [, topic = "", partition] = task.split("/");
        expect([task, offset]).toEqual([task, log.records(topic, Number(partition)).length]);
      }
    },
    { timeout: 30_000, interval: 10 },
  );
  await driver.stop();
  const rows = ["casework", "scores"].flatMap((topic) =>
    log.records(topic).flatMap((one) => one.value.toString().split("\n")),
  );
  return [...new Set(rows.map(identity))].sort();
}

function identity(line: string): string {
  const row = JSON.parse(line) as Record<string, unknown>;
  if (row["kind"] === "anomaly") {
    return String((row["anomaly"] as Record<string, unknown>)["anomaly.id"]);
  }
  const parts = ["entity.type", "entity.id", "day", "score.closed", "anomaly.p", "anomaly.score"];
  return parts.map((part) => String(row[part])).join(" ");
}

it("gives the same anomalies and scores of machines with 1 and 2 partitions", async () => {
  const events = inOrder([...fleet(10, 24), ...intrusion()]);
  const one = await outcome(events, 1);
  expect(one.filter((id) => !id.includes(" ")).length).toBeGreaterThan(0);
  expect(one.filter((id) => id.startsWith("host ")).length).toBeGreaterThan(50);
  expect(await outcome(events, 2)).toEqual(one);
}, 90_000);
