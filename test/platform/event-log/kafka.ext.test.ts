import { execFile, spawn } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type KafkaOptions, openKafkaLog } from "../../../platform/event-log/kafka.ts";
import { checksum, encodeChunks } from "../../../platform/event-log/kafka-chunks.ts";
import { chunkRecord, markerRecord } from "../../../platform/event-log/kafka-cuts.ts";
import type { EventLog } from "../../../platform/event-log/port.ts";
import { createLogger } from "../../../platform/logger.ts";
import { partitionOf } from "../../../schemas/ids.ts";
import {
  cells,
  eventLogContract,
  freshTopic,
  line,
  plain,
  readLines,
  recordMember,
  topicSpec,
} from "../../contracts/event-log.ts";
import { type KafkaService, kafkaJars, startKafka } from "../../services/kafka.ts";
import { program } from "../../services/provision.ts";
import { bundle, run } from "./child.ts";

const options = (service: KafkaService, prefix: string): KafkaOptions => ({
  brokers: service.brokers,
  clientId: "metsuke-test",
  topicPrefix: prefix,
  checkpointPartitions: 4,
  sessionTimeoutMs: 6_000,
  rebalanceTimeoutMs: 20_000,
  logger: createLogger({ level: "silent" }),
});

const checkpoints = { ...topicSpec("checkpoints", 1), retentionMs: 0 };

let service: KafkaService;
beforeAll(async () => {
  service = await startKafka();
});
afterAll(() => service.stop());

eventLogContract("Kafka", {
  clients: 2,
  start: async () => {
    const prefix = `${randomUUID()}.`;
    const first = await openKafkaLog(options(service, prefix));
    await first.ensureTopics([checkpoints]);
    await first.close();
    return {
      open: () => openKafkaLog(options(service, prefix)),
      close: () => Promise.resolve(),
    };
  },
});

describe("Kafka log", () => {
  let log: EventLog;
  let prefix: string;
  beforeEach(async () => {
    prefix = `${randomUUID()}.`;
    log = await openKafkaLog(options(service, prefix));
  });
  afterEach(() => log.close());

  it("puts the prefix before its own topics and leaves raw ones alone", async () => {
    const raw = freshTopic();
    await log.ensureTopics([topicSpec("scores", 3), topicSpec(raw, 2)]);
    const plainLog = await openKafkaLog(options(service, ""));
    expect(await plainLog.partitions(`${prefix}scores`)).toBe(3);
    expect(await plainLog.partitions(raw)).toBe(2);
    await plainLog.close();
  });

  it("takes a line of 2 MB that does not compress", async () => {
    const topic = freshTopic();
    await log.ensureTopics([topicSpec(topic, 1)]);
    const text = randomBytes(1_500_000).toString("base64");
    await log.append([{ topic, partition: 0, records: [line("small"), line(text), line("end")] }]);
    expect((await readLines(log, { topic }, 3)).lines).toEqual(["small", text, "end"]);
  });

  it("fails at once, and says so, when no broker answers", async () => {
    await expect(
      openKafkaLog({ ...options(service, ""), brokers: ["127.0.0.1:1"] }),
    ).rejects.toMatchObject({ code: "METSUKE_LOG_UNAVAILABLE", retryable: true });
  });

  it("follows a topic that is created later", async () => {
    const topic = freshTopic();
    const reading = readLines(log, { topic }, 1);
    await log.ensureTopics([topicSpec(topic, 1)]);
    await log.append([{ topic, partition: 0, records: [line("late")] }]);
    expect((await reading).lines).toEqual(["late"]);
  });

  it("shares a topic that is created after its group", async () => {
    const topic = freshTopic();
    const stop = new AbortController();
    const member = recordMember();
    await log.assign([topic], "members", member.handlers, stop.signal);
    expect(member.owned()).toEqual([]);
    await log.ensureTopics([topicSpec(topic, 2)]);
    await vi.waitFor(() => expect(member.owned().length).toBe(2), { timeout: 30_000 });
    stop.abort();
  });

  describe("with Java's tools", () => {
    const tool = async (name: string, ...args: string[]) => {
      const lib = await kafkaJars();
      return [
        await program("java"),
        ["-cp", join(lib, "*"), name, "--bootstrap-server", service.brokers[0] ?? "", ...args],
      ] as const;
    };
    const produce = async (topic: string, codec: string, text: string) => {
      const producer = "org.apache.kafka.tools.ConsoleProducer";
      const [java, args] = await tool(producer, "--topic", topic, "--compression-codec", codec);
      const child = spawn(java, args, { stdio: ["pipe", "ignore", "ignore"] });
      child.stdin.end(text);
      const [code] = await once(child, "exit");
      expect(code).toBe(0);
    };
    const expected = Array.from({ length: 3_000 }, (_, index) => `message number ${index}`);

    it.each(["none", "gzip", "snappy"])("reads what they wrote with %s", async (codec) => {
      const topic = freshTopic();
      await log.ensureTopics([topicSpec(topic, 1)]);
      await produce(topic, codec, `${expected.join("\n")}\n`);
      const stop = new AbortController();
      const values: string[] = [];
      for await (const batch of log.read(topic, 0, 0, stop.signal)) {
        for (const { value } of batch) values.push(value.toString());
        if (values.length >= expected.length) stop.abort();
      }
      expect(values).toEqual(expected);
    });

    it.each(["lz4", "zstd"])("names the codec it cannot read: %s", async (codec) => {
      const topic = freshTopic();
      await log.ensureTopics([topicSpec(topic, 1)]);
      await produce(topic, codec, "a\nb\n");
      await expect(readLines(log, { topic }, 1)).rejects.toMatchObject({
        code: "METSUKE_LOG_CODEC",
        message: expect.stringContaining(codec),
      });
    });

    it("is read by them, and its positions are seen by them", async () => {
      const topic = freshTopic();
      await log.ensureTopics([topicSpec(topic, 1)]);
      await log.append([{ topic, partition: 0, records: expected.map((text) => line(text)) }]);
      const consumer = "org.apache.kafka.tools.consumer.ConsoleConsumer";
      const limit = ["--from-beginning", "--max-messages", String(expected.length)];
      const read = await promisify(execFile)(...(await tool(consumer, "--topic", topic, ...limit)));
      expect(read.stdout.split("\n").filter((text) => text !== "")).toEqual(expected);

      await log.commit("sink", topic, 0, 1_234);
      const command = "org.apache.kafka.tools.consumer.group.ConsumerGroupCommand";
      const group = ["--describe", "--group", `${prefix}sink`];
      const described = await promisify(execFile)(...(await tool(command, ...group)));
      expect(described.stdout).toMatch(new RegExp(`${topic}\\s+0\\s+1234\\s`));
    });
  });

  describe("checkpoints", () => {
    const task = "detect/events/0";
    const cut = (epoch: string, number: number, offset: number) => ({
      epoch,
      number,
      full: number === 0,
      offset,
    });
    let other: EventLog;
    beforeEach(async () => {
      await log.ensureTopics([checkpoints]);
      other = await openKafkaLog(options(service, prefix));
    });
    afterEach(() => other.close());
    const partition = partitionOf(task, 4);

    it("of two owners that overlap are never mixed; the last whole marker wins", async () => {
      await log.checkpoint(task, { ...cut("a", 0, 1), cells: cells({ x: "a0", y: "a0" }) });
      await other.checkpoint(task, { ...cut("b", 0, 2), cells: cells({ x: "b0", z: "b0" }) });
      await log.checkpoint(task, { ...cut("a", 1, 3), cells: cells({ x: "a1" }) });
      const late = { offset: 3, cells: { x: "a1", y: "a0" } };
      expect(plain(await other.restore(task))).toEqual(late);
      await other.checkpoint(task, { ...cut("b", 1, 4), cells: cells({ z: null }) });
      expect(plain(await log.restore(task))).toEqual({ offset: 4, cells: { x: "b0" } });
    });

    it("without a marker, or with one that does not fit, are ignored with all that follows", async () => {
      await log.checkpoint(task, { ...cut("a", 0, 1), cells: cells({ x: "1" }) });
      const chunks = encodeChunks(cells({ x: "half" }));
      const of = { task, epoch: "a", number: 1, try: randomUUID() };
      const marker = { ...of, full: false, base: 0, offset: 2, chunks: 1, checksum: 1 };
      const later = { ...of, number: 2, try: randomUUID(), checksum: checksum(chunks), offset: 3 };
      const put = (...records: ReturnType<typeof markerRecord>[]) =>
        other.append([{ topic: "checkpoints", partition, records }]);
      const before = { offset: 1, cells: { x: "1" } };
      await put(...chunks.map((value, index) => chunkRecord(of, index, value)));
      expect(plain(await log.restore(task))).toEqual(before);
      await put(markerRecord(marker));
      expect(plain(await log.restore(task))).toEqual(before);
      await put(chunkRecord(later, 0, chunks[0] ?? Buffer.alloc(0)));
      await put(markerRecord({ ...marker, ...later }));
      expect(plain(await log.restore(task))).toEqual(before);
      // Missing chunks, then a whole one of another start.
      await put(markerRecord({ ...marker, try: randomUUID(), full: true, number: 9 }));
      expect(plain(await log.restore(task))).toEqual(before);
      await other.checkpoint(task, { ...cut("c", 0, 9), cells: cells({ y: "9" }) });
      expect(plain(await log.restore(task))).toEqual({ offset: 9, cells: { y: "9" } });
    });

    it("are deleted only before the second-last whole full one of every task", async () => {
      const name = Array.from({ length: 99 }, (_, index) => `respond/triage/${index}`).find(
        (candidate) => partitionOf(candidate, 4) === partition,
      );
      if (name === undefined) throw new Error("no second task for the partition");
      const first = async () => (await log.bounds("checkpoints", partition)).first;
      for (let round = 0; round < 3; round++) {
        await log.checkpoint(task, { ...cut(`a${round}`, 0, round), cells: cells({ x: "1" }) });
      }
      // Three full ones of two records each.
      await vi.waitFor(async () => expect(await first()).toBe(2), { timeout: 10_000 });
      await other.checkpoint(name, { ...cut("t", 0, 5), cells: cells({ t: "1" }) });
      for (let round = 3; round < 6; round++) {
        await log.checkpoint(task, { ...cut(`a${round}`, 0, round), cells: cells({ x: "2" }) });
      }
      await vi.waitFor(async () => expect(await first()).toBe(6), { timeout: 10_000 });
      await log.close();
      log = await openKafkaLog(options(service, prefix));
      expect(plain(await log.restore(name))).toEqual({ offset: 5, cells: { t: "1" } });
      expect(plain(await log.restore(task))).toEqual({ offset: 5, cells: { x: "2" } });
    });

    it("of 100 000 cells of 4 KB are back within 10 s", async () => {
      const noise = randomBytes(3_072 * 64).toString("base64");
      const state = function* () {
        for (let index = 0; index < 100_000; index++) {
          const start = (index * 61) % (noise.length - 4_096);
          yield [`user ${index}`, Buffer.from(noise.slice(start, start + 4_096))] as const;
        }
      };
      // Two full ones are in the log, as they are in operation.
      await log.checkpoint(task, { ...cut("a", 0, 1), cells: state() });
      await log.checkpoint(task, { ...cut("b", 0, 2), cells: state() });
      await log.checkpoint(task, { ...cut("b", 1, 3), cells: cells({ "user 7": "changed" }) });
      const begin = performance.now();
      const restored = await other.restore(task);
      const seconds = (performance.now() - begin) / 1_000;
      console.log(`restored 100 000 cells of 4 KB in ${seconds.toFixed(2)} s`);
      expect(restored?.cells.size).toBe(100_000);
      expect(restored?.offset).toBe(3);
      expect(Buffer.from(restored?.cells.get("user 7") ?? []).toString()).toBe("changed");
      expect(seconds).toBeLessThan(10);
    });
  });

  it("gives a frozen member's partitions away; back again, it drains and takes part", async () => {
    const topic = freshTopic();
    const group = "members";
    await log.ensureTopics([topicSpec(topic, 2)]);
    const file = await bundle("test/platform/event-log/member-child.ts");
    const child = run(file, [service.brokers[0] ?? "", prefix, topic, group]);
    const stop = new AbortController();
    try {
      await vi.waitFor(() => expect(child.lines.length).toBe(2), { timeout: 30_000 });
      const member = recordMember();
      await log.assign([topic], group, member.handlers, stop.signal);
      await vi.waitFor(() => expect(member.owned().length).toBe(1), { timeout: 30_000 });
      await vi.waitFor(() => expect(child.lines.length).toBe(3), { timeout: 30_000 });
      child.process.kill("SIGSTOP");
      await vi.waitFor(() => expect(member.owned().length).toBe(2), { timeout: 30_000 });
      await log.commit(group, topic, 0, 11);
      expect(await log.committed(group, topic, 0)).toBe(11);
      child.process.kill("SIGCONT");
      await vi.waitFor(() => expect(member.owned().length).toBe(1), { timeout: 30_000 });
      await vi.waitFor(() => expect(child.lines.length).toBe(5), { timeout: 30_000 });
      expect(child.lines[3]).toMatch(/^-/);
      expect(child.lines[4]).toMatch(/^\+/);
    } finally {
      stop.abort();
      await child.kill();
      rmSync(file, { force: true });
    }
  });
});

describe("Kafka log with a secured broker", () => {
  it("passes TLS and SASL settings through; a wrong password or certificate is said", async () => {
    const own = await startKafka({ secured: true });
    if (own.secured === undefined) throw new Error("no secured listener");
    const { brokers, ca, username, password } = own.secured;
    const secured = {
      ...options(own, ""),
      brokers,
      ssl: { ca: [ca] },
      sasl: { mechanism: "plain" as const, username, password },
    };
    const topic = freshTopic();
    const safe = await openKafkaLog(secured);
    await safe.ensureTopics([topicSpec(topic, 1), checkpoints]);
    await safe.append([{ topic, partition: 0, records: [line("secret")] }]);
    expect((await readLines(safe, { topic }, 1)).lines).toEqual(["secret"]);
    const stop = new AbortController();
    const member = recordMember();
    await safe.assign([topic], "members", member.handlers, stop.signal);
    await safe.commit("members", topic, 0, 1);
    await safe.checkpoint("t", { epoch: "a", number: 0, full: true, offset: 4, cells: [] });
    expect((await safe.restore("t"))?.offset).toBe(4);
    await safe.close();
    const wrong = { ...secured, sasl: { ...secured.sasl, password: "guess" } };
    await expect(openKafkaLog(wrong)).rejects.toMatchObject({ code: "METSUKE_LOG_UNAVAILABLE" });
    await expect(openKafkaLog({ ...secured, ssl: true })).rejects.toMatchObject({
      code: "METSUKE_LOG_UNAVAILABLE",
      message: expect.stringContaining("certificate"),
    });
    await own.stop();
  });
});

describe("Kafka log whose broker is killed", () => {
  it("fails, then goes on by itself: appends, readers, members, and nothing acknowledged is lost", async () => {
    const own = await startKafka({ own: true });
    const log = await openKafkaLog(options(own, ""));
    const topic = freshTopic();
    await log.ensureTopics([topicSpec(topic, 1), checkpoints]);
    const stop = new AbortController();
    const seen = new Set<string>();
    const following = (async () => {
      for await (const batch of log.read(topic, 0, 0, stop.signal)) {
        for (const { value } of batch) seen.add(value.toString().trim());
      }
    })();
    const member = recordMember();
    await log.assign([topic], "members", member.handlers, stop.signal);
    const acknowledged: string[] = [];
    const failures: unknown[] = [];
    const writing = (async () => {
      for (let index = 0; !stop.signal.aborted; index++) {
        const text = String(index);
        await log.append([{ topic, partition: 0, records: [line(text)] }]).then(
          () => acknowledged.push(text),
          (error: unknown) => failures.push(error),
        );
      }
    })();
    for (let round = 1; round <= 2; round++) {
      const before = acknowledged.length;
      await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(before + 50), {
        timeout: 60_000,
      });
      await own.kill();
      await vi.waitFor(() => expect(failures.length).toBeGreaterThanOrEqual(round), {
        timeout: 60_000,
        interval: 100,
      });
      await own.restart();
    }
    const back = acknowledged.length;
    await vi.waitFor(() => expect(acknowledged.length).toBeGreaterThan(back + 50), {
      timeout: 60_000,
    });
    expect(failures[0]).toMatchObject({ code: "METSUKE_LOG_UNAVAILABLE", retryable: true });
    await log.checkpoint("t", { epoch: "a", number: 0, full: true, offset: 1, cells: [] });
    expect((await log.restore("t"))?.offset).toBe(1);
    await vi.waitFor(() => log.commit("members", topic, 0, 5), { timeout: 60_000, interval: 500 });
    const complete = [...acknowledged];
    await vi.waitFor(() => expect(complete.filter((text) => !seen.has(text))).toEqual([]), {
      timeout: 60_000,
    });
    // Its session may have ended with the broker; then it joins again.
    await vi.waitFor(() => expect(member.owned()).toEqual([`${topic}/0`]), { timeout: 60_000 });
    stop.abort();
    await Promise.all([following, writing]);
    await log.close();
    await own.stop();
  });
});
