import { Type } from "typebox";
import { describe, expect, test, vi } from "vitest";
import { createIngest } from "../../ingest/role.ts";
import type { RawBatch } from "../../ingest/source.ts";
import { MetsukeError } from "../../platform/errors.ts";
import { partitionOf } from "../../schemas/ids.ts";
import { entityOf, eventKey, routingKey } from "../../schemas/topics.ts";
import type { Event } from "../../schemas/event.ts";
import { createRig } from "./ingest-rig.ts";

const batch = (records: readonly (string | object)[], over: Partial<RawBatch> = {}): RawBatch => ({
  provenance: { tenant: "default", transport: "http", senderId: "s", authenticated: true },
  records: records.map((one) => Buffer.from(typeof one === "string" ? one : JSON.stringify(one))),
  arrivedAt: Date.now(),
  ...over,
});

const heartbeat = (line: Record<string, unknown>): boolean => line["kind"] === "heartbeat";

describe("what one accept writes", () => {
  test("events, projections and rejects go out in one append", async () => {
    const rig = createRig({ partitions: 4, projections: ["bySource", "byHost", "byDevice"] });
    const done = await rig.ingest.accept(
      batch([
        { "user.entity.id": "ann", "source.ip": "192.0.2.1", "host.name": "WEB", message: "m" },
        { "user.entity.id": "bob", "device.id": "d1" },
        "bad one",
      ]),
    );
    expect(done).toEqual({ events: 2, rejects: 1, reasons: ["bad: it says so"] });
    expect(rig.memory.appends).toHaveLength(1);
    expect(rig.memory.lines("events")).toHaveLength(2);
    expect(rig.memory.lines("rejects")).toHaveLength(1);
    expect(rig.memory.lines("events.by-source")).toHaveLength(1);
    expect(rig.memory.lines("events.by-host")).toHaveLength(1);
    expect(rig.memory.lines("events.by-device")).toHaveLength(1);
  });

  test("a projection nobody asked for is not written", async () => {
    const rig = createRig();
    await rig.ingest.accept(batch([{ "source.ip": "192.0.2.1" }]));
    expect(rig.memory.lines("events.by-source")).toEqual([]);
  });

  test("every line sits in the partition of its key, under its schema", async () => {
    const rig = createRig({ partitions: 4, projections: ["bySource", "byHost"] });
    const records = Array.from({ length: 200 }, (_, index) => ({
      "user.entity.id": `u${index}`,
      "source.ip": `192.0.2.${index}`,
      "host.name": `H${index % 7}`,
    }));
    await rig.ingest.accept(batch(records));
    const keys = {
      events: eventKey,
      "events.by-source": (e: Event) => routingKey("default", entityOf(e, "source") ?? ""),
      "events.by-host": (e: Event) => routingKey("default", entityOf(e, "host") ?? ""),
    };
    const stored = (topic: string) =>
      [0, 1, 2, 3].flatMap((index) =>
        rig.memory.records(topic, index).map((record) => ({ index, record })),
      );
    for (const [topic, key] of Object.entries(keys)) {
      const lines = stored(topic).flatMap(({ index, record }) => {
        expect(record.headers["schema"]).toBe("event/1");
        const texts = record.value.toString().trimEnd().split("\n");
        return texts.map((text) => ({ index, event: JSON.parse(text) as Event }));
      });
      expect(lines).toHaveLength(200);
      for (const { index, event } of lines) expect(partitionOf(key(event), 4)).toBe(index);
    }
  });

  test("packs stay below half a megabyte and keep the order", async () => {
    const rig = createRig();
    const records = Array.from({ length: 30 }, (_, index) => ({
      message: String(index),
      attributes: "x".repeat(50_000),
    }));
    await rig.ingest.accept(batch(records));
    const stored = rig.memory.records("events", 0);
    expect(stored.length).toBeGreaterThan(3);
    for (const record of stored) expect(record.value.length).toBeLessThan(600_000);
    expect(rig.messages()).toEqual(records.map(({ message }) => message));
  });

  test("an event too large for the log becomes a reject that fits", async () => {
    const rig = createRig({ projections: ["bySource"] });
    const message = "\u0001".repeat(400_000);
    const done = await rig.ingest.accept(batch([{ message, "source.ip": "192.0.2.1" }]));
    expect(done).toMatchObject({ events: 0, rejects: 1 });
    expect(rig.memory.lines("events")).toEqual([]);
    expect(rig.memory.lines("events.by-source")).toEqual([]);
    expect(rig.memory.records("rejects", 0)[0]?.value.length).toBeLessThan(901_000);
    expect(rig.memory.lines("rejects")[0]).toMatchObject({ "reject.code": "event_too_large" });
  });

  test("refused bytes become rejects with their bytes, also bytes that are not UTF-8", async () => {
    const rig = createRig();
    const refused = [{ bytes: Buffer.from([0xff, 0x41]), code: "frame_cut", reason: "cut" }];
    expect(await rig.ingest.accept(batch([], { refused }))).toMatchObject({ rejects: 1 });
    expect(rig.memory.lines("rejects")[0]).toMatchObject({
      "reject.code": "frame_cut",
      "reject.reason": "frame_cut: cut",
      "reject.original": "\u00ffA",
      "reject.original_encoding": "latin1",
      "organization.id": "default",
    });
  });

  test("a normaliser that fails on one record costs that record only", async () => {
    const rig = createRig();
    const done = await rig.ingest.accept(batch(["one", "throw", "one", "two"]));
    expect(done).toMatchObject({ events: 3, rejects: 1 });
    expect(rig.messages()).toEqual(["one", "one", "two"]);
    expect(new Set(rig.memory.lines("events").map((line) => line["event.id"])).size).toBe(3);
    expect(rig.memory.lines("rejects")[0]).toMatchObject({ "reject.code": "normaliser_failed" });
  });
});

describe("durability and room", () => {
  test("accept resolves only when the append has", async () => {
    const rig = createRig();
    rig.memory.hold();
    let done = false;
    const accepted = rig.ingest.accept(batch(["one"])).then(() => (done = true));
    await vi.waitFor(() => expect(rig.memory.waiting()).toBe(1));
    expect(done).toBe(false);
    rig.memory.release();
    await accepted;
    expect(rig.messages()).toEqual(["one"]);
  });

  test("a log that does not answer is tried again, in order", async () => {
    const rig = createRig();
    rig.memory.fail(3);
    await Promise.all(["one", "two", "three"].map((text) => rig.ingest.accept(batch([text]))));
    expect(rig.messages()).toEqual(["one", "two", "three"]);
  });

  test("a sender that can be told is told after its patience", async () => {
    const rig = createRig();
    rig.memory.hold();
    const told = rig.ingest.accept(batch(["one"]), { patienceMs: 5 });
    await expect(told).rejects.toMatchObject({ code: "METSUKE_LOG_UNAVAILABLE" });
    rig.memory.release();
    await vi.waitFor(() => expect(rig.messages()).toEqual(["one"]));
  });

  test("above its bytes it is full, and who waits comes in order", async () => {
    const rig = createRig({ maxInFlightBytes: 2_000 });
    rig.memory.hold();
    const texts = Array.from({ length: 20 }, (_, index) => `m${index}`);
    const all = texts.map((text) => rig.ingest.accept(batch([text])));
    expect(rig.ingest.full()).toBe(true);
    await vi.waitFor(() => expect(rig.memory.waiting()).toBe(1));
    rig.memory.release();
    await Promise.all(all);
    expect(rig.ingest.full()).toBe(false);
    expect(rig.messages()).toEqual(texts);
  });

  test("a batch larger than the whole room goes in alone", async () => {
    const rig = createRig({ maxInFlightBytes: 100 });
    expect(await rig.ingest.accept(batch(["x".repeat(5_000)]))).toMatchObject({ events: 1 });
  });

  test("who runs out of patience while waiting for room is not written", async () => {
    const rig = createRig({ maxInFlightBytes: 100 });
    rig.memory.hold();
    const first = rig.ingest.accept(batch(["first"]));
    const second = rig.ingest.accept(batch(["second"]), { patienceMs: 5 });
    await expect(second).rejects.toBeInstanceOf(MetsukeError);
    rig.memory.release();
    await first;
    await rig.ingest.accept(batch(["third"]));
    expect(rig.messages()).toEqual(["first", "third"]);
  });

  test("close writes what is in flight, and gives up on a dead log", async () => {
    const rig = createRig();
    const accepted = rig.ingest.accept(batch(["one"]));
    await rig.ingest.close();
    await accepted;
    expect(rig.messages()).toEqual(["one"]);

    const dead = createRig();
    dead.memory.fail(1_000_000);
    const lost = dead.ingest.accept(batch(["one"]));
    lost.catch(() => undefined);
    await dead.ingest.close();
    await expect(lost).rejects.toMatchObject({ code: "METSUKE_LOG_UNAVAILABLE" });
  });
});

describe("heartbeats", () => {
  const beats = (rig: ReturnType<typeof createRig>, topic = "events") =>
    rig.memory.lines(topic).filter(heartbeat);

  test("go to every partition of every events topic, under their own schema", async () => {
    const rig = createRig({ partitions: 3, projections: ["byHost"], now: () => 5_000 });
    await rig.ingest.beat();
    for (const topic of ["events", "events.by-host"]) {
      for (let index = 0; index < 3; index++) {
        const [record, ...more] = rig.memory.records(topic, index);
        expect(more).toEqual([]);
        expect(record?.headers["schema"]).toBe("heartbeat/1");
        expect(JSON.parse(record?.value.toString() ?? "")).toEqual({
          kind: "heartbeat",
          at: 4_999,
          ingest: "ingest-1",
        });
      }
    }
    expect(rig.memory.records("rejects", 0)).toEqual([]);
  });

  test("never overtake what was accepted earlier, whatever fails", async () => {
    let clock = 1_000;
    const rig = createRig({ now: () => clock, maxInFlightBytes: 700 });
    const accepted: Promise<unknown>[] = [];
    rig.memory.hold();
    const arrived = new Map<string, number>();
    for (let index = 0; index < 30; index++) {
      clock += 7;
      if (index === 10) rig.memory.fail(4);
      arrived.set(`m${index}`, clock);
      accepted.push(rig.ingest.accept(batch([`m${index}`], { arrivedAt: clock })));
      accepted.push(rig.ingest.beat());
      if (index === 15) rig.memory.release();
      await Promise.resolve();
    }
    await Promise.all(accepted);
    let highest = 0;
    let records = 0;
    for (const line of rig.memory.lines("events")) {
      if (heartbeat(line)) {
        highest = Math.max(highest, Number(line["at"]));
        continue;
      }
      records++;
      expect(arrived.get(String(line["message"]))).toBeGreaterThan(highest);
    }
    expect(records).toBe(30);
    expect(highest).toBeGreaterThan(1_000);
  });

  test("stay at the slowest backlog, say nothing while it is unknown, and go on after it", async () => {
    const rig = createRig({ now: () => 100_000 });
    rig.ingest.position("kafka:a/0", 0);
    await rig.ingest.beat();
    expect(beats(rig)).toEqual([]);
    rig.ingest.position("kafka:a/0", 40_000);
    rig.ingest.position("kafka:b/0", 30_000);
    await rig.ingest.beat();
    rig.ingest.position("kafka:b/0", undefined);
    await rig.ingest.beat();
    rig.ingest.position("kafka:a/0", undefined);
    await rig.ingest.beat();
    expect(beats(rig).map((line) => line["at"])).toEqual([29_999, 39_999, 99_999]);
  });

  test("wait while a source is being opened", async () => {
    const rig = createRig({ now: () => 100_000 });
    const slow = {
      name: "slow",
      title: "slow",
      params: Type.Object({}),
      async open() {
        await rig.ingest.beat();
        return { address: "", close: async () => undefined };
      },
    };
    await rig.ingest.open(slow, {});
    expect(beats(rig)).toEqual([]);
    await rig.ingest.beat();
    expect(beats(rig)).toHaveLength(1);
  });

  test("come by themselves once started", async () => {
    const rig = createRig({ heartbeatMs: 5 });
    rig.ingest.start();
    await vi.waitFor(() => expect(beats(rig).length).toBeGreaterThan(1));
    await rig.ingest.close();
  });

  test("a file's backlog holds them at its events' time, and dates its arrival by them", async () => {
    const minute = 60_000;
    const base = Date.parse("2026-01-01T00:00:00.000Z");
    const rig = createRig({ now: () => base + 10_000 * minute });
    const at = (minutes: number) => new Date(base + minutes * minute).toISOString();
    rig.ingest.position("file:x", 0);
    const backlog = { backlog: "file:x", arrivedAt: base + 10_000 * minute };
    await rig.ingest.accept(
      batch([{ "@timestamp": at(2) }, { "@timestamp": at(20) }, { "@timestamp": at(3) }], backlog),
    );
    await rig.ingest.beat();
    const lines = rig.memory.lines("events");
    const ingested = lines.filter((line) => !heartbeat(line)).map((line) => line["event.ingested"]);
    expect(ingested).toEqual([at(7), at(8), at(8)]);
    expect(lines.map((line) => line["event.future"])).toEqual([
      undefined,
      true,
      undefined,
      undefined,
    ]);
    expect(beats(rig)[0]?.["at"]).toBe(base + 2 * minute - 1);
  });
});

test("an unexpected error of the log is not retried for ever", async () => {
  const rig = createRig();
  const broken = createIngest({
    log: { ...rig.memory.log, append: () => Promise.reject(new TypeError("defect")) },
    normalise: () => ({ events: [], rejects: [] }),
    partitions: 1,
    projections: [],
    logger: (await import("pino")).pino({ level: "silent" }),
    metrics: rig.metrics,
    ingestId: "x",
    now: Date.now,
  });
  const refused = [{ bytes: Buffer.from("x"), code: "c", reason: "r" }];
  await expect(broken.accept(batch([], { refused }))).rejects.toThrow("defect");
});
