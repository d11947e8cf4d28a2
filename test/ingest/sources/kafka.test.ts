import { afterEach, describe, expect, test, vi } from "vitest";
import { kafka } from "../../../ingest/sources/kafka.ts";
import { type Rig, createRig } from "../ingest-rig.ts";
import { createMemoryLog } from "../memory-log.ts";

const rigs: Rig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) {
    rig.memory.release();
    rig.memory.fail(0);
    await rig.ingest.close();
  }
});

const topics = [
  { topic: "raw.a", authenticated: true, tenant: "acme", dataset: "linux.sshd" },
  { topic: "raw.b", authenticated: false, tenant: "default" },
];

const memoryWith = (
  ...messages: ReadonlyArray<readonly [topic: string, value: string, at: number]>
) => {
  const memory = createMemoryLog();
  for (const [topic, value, at] of messages) {
    memory.put([{ topic, partition: 0, records: [{ value: Buffer.from(value) }] }], at);
  }
  return memory;
};

async function read(memory: ReturnType<typeof createMemoryLog>, given: object[] = topics) {
  const rig = createRig({ memory });
  rigs.push(rig);
  const opened = await rig.open(kafka, { topics: given });
  return { rig, opened };
}

const saved = (memory: ReturnType<typeof createMemoryLog>, topic: string) =>
  memory.commits.get(`metsuke-ingest ${topic}/0`);

test("each topic's messages come with its tenant, dataset and trust", async () => {
  const memory = memoryWith(["raw.a", '{"message":"a"}', 1_000], ["raw.b", "text\n", 2_000]);
  const { rig } = await read(memory);
  await vi.waitFor(() => expect(rig.messages()).toEqual(["a", "text"]));
  const at = (ms: number): string => new Date(ms).toISOString();
  const [a, b] = memory.lines("events");
  expect(a).toMatchObject({
    "sender.transport": "kafka",
    "sender.id": "raw.a",
    "sender.authenticated": true,
    "organization.id": "acme",
    "event.dataset": "linux.sshd",
    "event.ingested": at(1_000),
  });
  expect(b).toMatchObject({ "sender.authenticated": false, "event.ingested": at(2_000) });
});

test("a message may hold many records", async () => {
  const memory = memoryWith(
    ["raw.b", '{"message":"a"}\n{"message":"b"}', 1],
    ["raw.b", '[{"message":"c"},{"message":"d"}]', 2],
    ["raw.b", "", 3],
  );
  const { rig, opened } = await read(memory);
  await vi.waitFor(() => expect(rig.messages()).toEqual(["a", "b", "c", "d"]));
  await opened.close();
  expect(saved(memory, "raw.b")).toBe(3);
});

test("catching up, topics are merged by record time", async () => {
  const messages = Array.from({ length: 40 }, (_, index) => {
    const topic = index % 3 === 0 ? "raw.a" : "raw.b";
    return [topic, `{"message":"${index}"}`, 1_000 + index] as const;
  });
  // Each topic as its shipper wrote it, one after the other.
  const memory = memoryWith(...messages.toSorted(([a], [b]) => a.localeCompare(b)));
  const { rig } = await read(memory);
  await vi.waitFor(() => expect(rig.messages()).toHaveLength(40));
  expect(rig.messages()).toEqual(messages.map((_, index) => String(index)));
});

describe("positions", () => {
  test("are saved only behind what is durable", async () => {
    const memory = memoryWith(["raw.b", "one", 1], ["raw.b", "two", 2]);
    memory.hold();
    const { rig, opened } = await read(memory);
    await vi.waitFor(() => expect(memory.waiting()).toBe(1));
    expect(memory.commits.size).toBe(0);
    memory.release();
    await vi.waitFor(() => expect(rig.messages()).toEqual(["one", "two"]));
    await opened.close();
    expect(saved(memory, "raw.b")).toBe(2);
    expect(saved(memory, "raw.a")).toBeUndefined();
  });

  test("do not move over a log that fails, and nothing is lost", async () => {
    const memory = memoryWith(["raw.b", "one", 1], ["raw.b", "two", 2]);
    memory.fail(5);
    const { rig, opened } = await read(memory);
    await vi.waitFor(() => expect(rig.messages()).toEqual(["one", "two"]));
    await opened.close();
    expect(saved(memory, "raw.b")).toBe(2);
  });

  test("a log that is dead at the end leaves them for the next start", async () => {
    const memory = memoryWith(["raw.b", "one", 1], ["raw.b", "two", 2]);
    memory.fail(1_000_000);
    const first = createRig({ memory });
    await first.open(kafka, { topics });
    await vi.waitFor(() => expect(first.warnings.join("")).toContain("append failed"));
    await first.ingest.close();
    expect(saved(memory, "raw.b")).toBeUndefined();
    memory.fail(0);
    const { rig } = await read(memory);
    await vi.waitFor(() => expect(rig.messages()).toEqual(["one", "two"]));
  });

  test("are where the next start goes on", async () => {
    const memory = memoryWith(["raw.b", "one", 1]);
    const first = await read(memory);
    await vi.waitFor(() => expect(first.rig.messages()).toEqual(["one"]));
    await first.rig.ingest.close();
    memory.put([{ topic: "raw.b", partition: 0, records: [{ value: Buffer.from("two") }] }]);
    await read(memory);
    await vi.waitFor(() => expect(first.rig.messages()).toEqual(["one", "two"]));
  });

  test("are saved when the partition is taken away, and it is read no more", async () => {
    const memory = memoryWith(["raw.b", "one", 1]);
    const { rig } = await read(memory);
    await vi.waitFor(() => expect(rig.messages()).toEqual(["one"]));
    await memory.handlers[0]?.revoked("raw.b", 0);
    expect(saved(memory, "raw.b")).toBe(1);
    memory.put([{ topic: "raw.b", partition: 0, records: [{ value: Buffer.from("two") }] }]);
    memory.put([{ topic: "raw.a", partition: 0, records: [{ value: Buffer.from("other") }] }]);
    await vi.waitFor(() => expect(rig.messages()).toEqual(["one", "other"]));
  });
});

test("poison is taken once: a reject, and the position moves past it", async () => {
  const memory = memoryWith(["raw.b", "throw", 1], ["raw.b", "bad", 2], ["raw.b", "fine", 3]);
  const { rig, opened } = await read(memory);
  await vi.waitFor(() => expect(rig.messages()).toEqual(["fine"]));
  await opened.close();
  expect(memory.lines("rejects").map((line) => line["reject.code"])).toEqual([
    "normaliser_failed",
    "bad",
  ]);
  expect(saved(memory, "raw.b")).toBe(3);
});

test("heartbeats stand at the backlog while it is read, and go on to now", async () => {
  const memory = memoryWith(["raw.b", "one", 5_000], ["raw.b", "two", 9_000]);
  memory.hold();
  const { rig } = await read(memory, [{ topic: "raw.b" }]);
  await vi.waitFor(() => expect(memory.waiting()).toBe(1));
  const beat = rig.ingest.beat();
  memory.release();
  await beat;
  const beats = () =>
    memory
      .lines("events")
      .flatMap((line) => (line["kind"] === "heartbeat" ? [Number(line["at"])] : []));
  for (const at of beats()) expect(at).toBeLessThan(9_000);
  const started = Date.now() - 60_000;
  await vi.waitFor(async () => {
    await rig.ingest.beat();
    expect(beats().at(-1)).toBeGreaterThan(started);
  });
});
