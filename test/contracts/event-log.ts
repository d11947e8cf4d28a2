import { randomUUID } from "node:crypto";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { EventLog, LogRecord, Restored, StoredRecord } from "../../platform/event-log/port.ts";

export interface LogBench {
  /** Another client of the same log; where only one is possible at once, the one before is closed. */
  readonly open: () => Promise<EventLog>;
  close(): Promise<void>;
}

export interface LogContract {
  /** How many clients may be open at once. */
  readonly clients: 1 | 2;
  start(): Promise<LogBench>;
}

const DAY = 86_400_000;

export const topicSpec = (name: string, partitions: number) => ({
  name,
  partitions,
  writtenBy: "test",
  retentionMs: 7 * DAY,
  compacted: false,
  serves: [],
  description: "test",
});

export const freshTopic = (): string => `test-${randomUUID()}`;

export const line = (text: string): LogRecord => ({ value: Buffer.from(`${text}\n`) });

export const linesOf = (records: readonly StoredRecord[]): string[] =>
  records.flatMap((record) => record.value.toString().split("\n").slice(0, -1));

/** Reads until `count` lines are in (then aborts), or until `signal`. */
export async function readLines(
  log: EventLog,
  at: { readonly topic: string; readonly partition?: number; readonly from?: number },
  count: number,
): Promise<{ readonly lines: string[]; readonly records: StoredRecord[] }> {
  const stop = new AbortController();
  const records: StoredRecord[] = [];
  for await (const batch of log.read(at.topic, at.partition ?? 0, at.from ?? 0, stop.signal)) {
    records.push(...batch);
    if (linesOf(records).length >= count) stop.abort();
  }
  return { lines: linesOf(records), records };
}

export const cells = (entries: Readonly<Record<string, string | null>>) =>
  Object.entries(entries).map(
    ([key, value]) => [key, value === null ? null : Buffer.from(value)] as const,
  );

export const plain = (restored: Restored | undefined) =>
  restored === undefined
    ? undefined
    : {
        offset: restored.offset,
        cells: Object.fromEntries(
          [...restored.cells].map(([key, value]) => [key, Buffer.from(value).toString()]),
        ),
      };

const numbers = (from: number, to: number) =>
  Array.from({ length: to - from }, (_, index) => String(from + index));

/** What every adapter of the event log must do, on the real component. */
export function eventLogContract(name: string, contract: LogContract): void {
  describe(`event log contract: ${name}`, () => {
    let bench: LogBench;
    let log: EventLog;
    let topic: string;
    beforeAll(async () => {
      bench = await contract.start();
    });
    afterAll(() => bench.close());
    beforeEach(async () => {
      log = await bench.open();
      topic = freshTopic();
      await log.ensureTopics([topicSpec(topic, 2)]);
    });
    afterEach(() => log.close());
    const append = (records: readonly LogRecord[], partition = 0) =>
      log.append([{ topic, partition, records }]);

    describe("records", () => {
      it("come back as written, in order, with key, headers and time", async () => {
        const before = Date.now();
        await append([
          { key: "k\u0000é", value: Buffer.from("one\n"), headers: { schema: "event/1" } },
          line("two"),
        ]);
        const { records } = await readLines(log, { topic }, 2);
        expect(records.map((record) => [record.key, record.value.toString()])).toEqual([
          ["k\u0000é", "one\n"],
          [undefined, "two\n"],
        ]);
        expect(records[0]?.headers).toEqual({ schema: "event/1" });
        expect(records[1]?.headers).toEqual({});
        expect(records[1]?.offset).toBeGreaterThan(records[0]?.offset ?? Infinity);
        expect(records[0]?.appendedAt).toBeGreaterThanOrEqual(before - 1_000);
        expect(records[0]?.appendedAt).toBeLessThanOrEqual(Date.now() + 1_000);
      });

      it("of several topics and partitions go in one call, and each keeps to its own", async () => {
        const other = freshTopic();
        await log.ensureTopics([topicSpec(other, 1)]);
        await log.append([
          { topic, partition: 0, records: [line("a")] },
          { topic, partition: 1, records: [line("b")] },
          { topic: other, partition: 0, records: [line("c")] },
        ]);
        expect((await readLines(log, { topic }, 1)).lines).toEqual(["a"]);
        expect((await readLines(log, { topic, partition: 1 }, 1)).lines).toEqual(["b"]);
        expect((await readLines(log, { topic: other }, 1)).lines).toEqual(["c"]);
      });

      it("keep the order of the calls that wrote them, even when those overlap", async () => {
        const expected = numbers(0, 200);
        await Promise.all(expected.map((text) => append([line(text)])));
        expect((await readLines(log, { topic }, 200)).lines).toEqual(expected);
      });

      it("may be large: 3 MB of lines in one record, and one line of 1.5 MB", async () => {
        const many = Array.from({ length: 3_000 }, (_, index) => `${index} ${"x".repeat(1_000)}`);
        const long = randomUUID().repeat(42_000);
        await append([line(many.join("\n")), line(long), line("end")]);
        const { lines } = await readLines(log, { topic }, 3_002);
        expect(lines.length).toBe(3_002);
        expect(lines[2_999]).toBe(many[2_999]);
        expect(lines[3_000]).toBe(long);
        expect(lines[3_001]).toBe("end");
      });

      it("are still there when the log is opened again", async () => {
        await append([line("kept")]);
        await log.close();
        log = await bench.open();
        await append([line("new")]);
        expect((await readLines(log, { topic }, 2)).lines).toEqual(["kept", "new"]);
      });
    });

    describe("reading", () => {
      it("follows the end within 50 ms (median; best of three on a busy machine)", async () => {
        const stop = new AbortController();
        const seen: number[] = [];
        const following = (async () => {
          for await (const batch of log.read(topic, 0, 0, stop.signal)) {
            for (const text of linesOf(batch)) seen.push(performance.now() - Number(text));
          }
        })();
        const medians: number[] = [];
        while (medians.length < 3 && !medians.some((median) => median < 50)) {
          seen.length = 0;
          for (let index = 1; index <= 30; index++) {
            await append([line(String(performance.now()))]);
            await vi.waitFor(() => expect(seen.length).toBe(index), {
              interval: 1,
              timeout: 10_000,
            });
          }
          medians.push(seen.toSorted((one, two) => one - two)[15] ?? Infinity);
        }
        stop.abort();
        await following;
        expect(Math.min(...medians)).toBeLessThan(50);
      });

      it("starts at the offset asked for and never before it", async () => {
        await append(numbers(0, 20).map(line));
        const all = await readLines(log, { topic }, 20);
        const from = all.records[13]?.offset ?? -1;
        const { lines } = await readLines(log, { topic, from }, 7);
        expect(lines).toEqual(numbers(13, 20));
      });

      it("serves two readers of one partition independently", async () => {
        await append(numbers(0, 50).map(line));
        const [one, two] = await Promise.all([
          readLines(log, { topic }, 50),
          readLines(log, { topic, from: 0 }, 50),
        ]);
        expect(one.lines).toEqual(numbers(0, 50));
        expect(two.lines).toEqual(numbers(0, 50));
      });

      it("ends when its signal aborts while it waits", async () => {
        const stop = new AbortController();
        const reading = (async () => {
          let count = 0;
          for await (const batch of log.read(topic, 0, 0, stop.signal)) {
            count += batch.length;
            // The next wait is for a record that never comes.
            setImmediate(() => stop.abort());
          }
          return count;
        })();
        await append([line("only")]);
        await expect(reading).resolves.toBe(1);
      });

      it("ends at once when its signal was aborted before", async () => {
        await append([line("a")]);
        const batches: unknown[] = [];
        for await (const batch of log.read(topic, 0, 0, AbortSignal.abort())) batches.push(batch);
        expect(batches).toEqual([]);
      });
    });

    it("counts partitions, and keeps the number that a topic has", async () => {
      expect(await log.partitions(topic)).toBe(2);
      await log.ensureTopics([topicSpec(topic, 4)]);
      expect(await log.partitions(topic)).toBe(2);
      expect(await log.partitions(freshTopic())).toBe(0);
    });

    it("knows the bounds of a partition", async () => {
      const empty = await log.bounds(topic, 0);
      expect(empty.next).toBe(empty.first);
      await append(numbers(0, 3).map(line));
      const { records } = await readLines(log, { topic }, 3);
      const { first, next } = await log.bounds(topic, 0);
      expect(first).toBe(records[0]?.offset);
      expect(next).toBeGreaterThan(records[2]?.offset ?? Infinity);
    });

    it("remembers the position of each group", async () => {
      const group = `group-${randomUUID()}`;
      expect(await log.committed(group, topic, 0)).toBeUndefined();
      await log.commit(group, topic, 0, 7);
      await log.commit(group, topic, 1, 3);
      await log.commit(group, topic, 0, 9);
      expect(await log.committed(group, topic, 0)).toBe(9);
      expect(await log.committed(group, topic, 1)).toBe(3);
      expect(await log.committed(`${group}-other`, topic, 0)).toBeUndefined();
      await log.close();
      log = await bench.open();
      expect(await log.committed(group, topic, 0)).toBe(9);
    });

    checkpointContract(
      () => ({ log, reopen: bench.open }),
      (opened) => {
        log = opened;
      },
    );

    it("gives every partition to the only member, and drains when it leaves", async () => {
      const group = `group-${randomUUID()}`;
      const stop = new AbortController();
      const member = recordMember();
      await log.assign([topic], group, member.handlers, stop.signal);
      expect(member.owned()).toEqual([`${topic}/0`, `${topic}/1`]);
      await log.commit(group, topic, 1, 5);
      stop.abort();
      await vi.waitFor(() => expect(member.owned()).toEqual([]), { timeout: 20_000 });
      expect(member.revokedAfterAbort()).toBe(true);
      expect(await log.committed(group, topic, 1)).toBe(5);
    });

    if (contract.clients === 2) sharedContract(() => ({ log, topic, open: bench.open }));
  });
}

function checkpointContract(
  now: () => { log: EventLog; reopen: () => Promise<EventLog> },
  opened: (log: EventLog) => void,
): void {
  describe("checkpoints", () => {
    const task = () => `detect/events/${randomUUID()}`;
    const cut = (epoch: string, number: number, offset: number) => ({
      epoch,
      number,
      full: number === 0,
      offset,
    });

    it("are absent before the first cut", async () => {
      expect(await now().log.restore(task())).toBeUndefined();
    });

    it("build up from a full one: changed, added and deleted cells", async () => {
      const name = task();
      const { log } = now();
      await log.checkpoint(name, {
        ...cut("a", 0, 10),
        cells: cells({ x: "1", y: "2", z: "3", "": "nameless" }),
      });
      await log.checkpoint(name, { ...cut("a", 1, 20), cells: cells({ x: "11", y: null }) });
      await log.checkpoint(name, { ...cut("a", 2, 30), cells: cells({ w: "4" }) });
      const expected = { offset: 30, cells: { x: "11", z: "3", w: "4", "": "nameless" } };
      expect(plain(await log.restore(name))).toEqual(expected);
      await log.close();
      const again = await now().reopen();
      opened(again);
      expect(plain(await again.restore(name))).toEqual(expected);
    });

    it("replace all cells when full, and keep tasks apart", async () => {
      const [one, two] = [task(), task()];
      const { log } = now();
      await log.checkpoint(one, { ...cut("a", 0, 1), cells: cells({ x: "1" }) });
      await log.checkpoint(two, { ...cut("b", 0, 2), cells: cells({ x: "2" }) });
      await log.checkpoint(one, { ...cut("c", 0, 3), cells: cells({ y: "3" }) });
      expect(plain(await log.restore(one))).toEqual({ offset: 3, cells: { y: "3" } });
      expect(plain(await log.restore(two))).toEqual({ offset: 2, cells: { x: "2" } });
    });

    it("may skip numbers whose cut failed", async () => {
      const name = task();
      const { log } = now();
      await log.checkpoint(name, { ...cut("a", 0, 1), cells: cells({ x: "1" }) });
      await log.checkpoint(name, { ...cut("a", 4, 2), cells: cells({ x: "2" }) });
      expect(plain(await log.restore(name))).toEqual({ offset: 2, cells: { x: "2" } });
    });

    it("never mix epochs: an increment without its full cut is refused", async () => {
      const name = task();
      const { log } = now();
      await log.checkpoint(name, { ...cut("a", 0, 1), cells: cells({ x: "1" }) });
      await expect(
        log.checkpoint(name, { ...cut("b", 1, 2), cells: cells({ y: "2" }) }),
      ).rejects.toMatchObject({ code: "METSUKE_INTERNAL" });
      expect(plain(await log.restore(name))).toEqual({ offset: 1, cells: { x: "1" } });
    });

    it("leave the one before when a cut is not finished", async () => {
      const name = task();
      const { log } = now();
      await log.checkpoint(name, { ...cut("a", 0, 1), cells: cells({ x: "1" }) });
      await expect(
        log.checkpoint(name, {
          ...cut("b", 0, 2),
          cells: (function* () {
            yield ["x", Buffer.from("2")] as const;
            throw new Error("encoder failed");
          })(),
        }),
      ).rejects.toThrow("encoder failed");
      await log.checkpoint(task(), { ...cut("c", 0, 3), cells: cells({ y: "3" }) });
      expect(plain(await log.restore(name))).toEqual({ offset: 1, cells: { x: "1" } });
    });

    it("hold cells of 2 MB, long keys and 20 000 cells", async () => {
      const name = task();
      const { log } = now();
      const long = "k".repeat(5_000);
      const big = Buffer.alloc(2_000_000, "ab");
      const many = Array.from(
        { length: 20_000 },
        (_, index) => [`cell ${index}`, Buffer.from(String(index))] as const,
      );
      await log.checkpoint(name, {
        ...cut("a", 0, 1),
        cells: [[long, big], [`${long}2`, Buffer.from("second")], ...many],
      });
      const restored = await log.restore(name);
      expect(restored?.cells.size).toBe(20_002);
      expect(Buffer.from(restored?.cells.get(long) ?? []).equals(big)).toBe(true);
      expect(Buffer.from(restored?.cells.get(`${long}2`) ?? []).toString()).toBe("second");
      expect(Buffer.from(restored?.cells.get("cell 19999") ?? []).toString()).toBe("19999");
    });
  });
}

/** Handlers that note who owns what, and whether `revoked` came after the abort. */
export function recordMember(drain: () => Promise<void> = () => Promise.resolve()) {
  const tasks = new Map<string, AbortSignal>();
  const order: boolean[] = [];
  return {
    handlers: {
      assigned(topic: string, partition: number, signal: AbortSignal) {
        tasks.set(`${topic}/${partition}`, signal);
      },
      async revoked(topic: string, partition: number) {
        order.push(tasks.get(`${topic}/${partition}`)?.aborted ?? false);
        await drain();
        tasks.delete(`${topic}/${partition}`);
      },
    },
    owned: () => [...tasks.keys()].toSorted(),
    revokedAfterAbort: () => order.length > 0 && order.every(Boolean),
  };
}

function sharedContract(
  now: () => { log: EventLog; topic: string; open: () => Promise<EventLog> },
): void {
  it("shares partitions among members, and hands one over only when it has drained", async () => {
    const { log, topic, open } = now();
    const group = `group-${randomUUID()}`;
    const other = await open();
    const stop = [new AbortController(), new AbortController()] as const;
    let drained = false;
    let release: () => void = () => undefined;
    const draining = new Promise<void>((resolve) => {
      release = resolve;
    });
    const first = recordMember(async () => {
      await draining;
      drained = true;
    });
    const second = recordMember();
    await log.assign([topic], group, first.handlers, stop[0].signal);
    expect(first.owned().length).toBe(2);
    const joined = other.assign(
      [topic],
      group,
      {
        ...second.handlers,
        assigned(...args) {
          expect(drained).toBe(true);
          second.handlers.assigned(...args);
        },
      },
      stop[1].signal,
    );
    await vi.waitFor(() => expect(first.revokedAfterAbort()).toBe(true), { timeout: 30_000 });
    expect(second.owned()).toEqual([]);
    release();
    await joined;
    await vi.waitFor(() => expect(second.owned().length).toBe(1), { timeout: 30_000 });
    expect([...first.owned(), ...second.owned()].toSorted()).toEqual([`${topic}/0`, `${topic}/1`]);

    stop[1].abort();
    await vi.waitFor(() => expect(first.owned().length).toBe(2), { timeout: 30_000 });
    stop[0].abort();
    await vi.waitFor(() => expect(first.owned()).toEqual([]), { timeout: 30_000 });
    await other.close();
  });
}
