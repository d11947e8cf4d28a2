import { mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { type EmbeddedLog, openEmbeddedLog } from "../../../platform/event-log/embedded.ts";
import { lockFolder } from "../../../platform/event-log/embedded-lock.ts";
import { eventLogContract, line, readLines, topicSpec } from "../../contracts/event-log.ts";
import { bundle, run } from "./child.ts";

const temporary = () => mkdtempSync(join(tmpdir(), "metsuke-log-"));

eventLogContract("embedded", {
  clients: 1,
  start: async () => {
    const dir = temporary();
    return {
      open: () => openEmbeddedLog({ dir }),
      close: async () => rmSync(dir, { recursive: true, force: true }),
    };
  },
});

describe("embedded log", () => {
  let dir: string;
  let writer: string;
  beforeAll(async () => {
    writer = await bundle("test/platform/event-log/writer-child.ts");
    return () => rmSync(writer, { force: true });
  });
  beforeEach(() => {
    dir = temporary();
  });
  afterEach(() => rmSync(dir, { recursive: true, force: true }));

  async function expectAcknowledged(lines: readonly string[]): Promise<void> {
    const acknowledged = lines.filter((text) => /^\d+$/.test(text));
    expect(acknowledged.length).toBeGreaterThan(0);
    const log = await openEmbeddedLog({ dir });
    const there = new Set<string>();
    const { next } = await log.bounds("crash", 0);
    const stop = new AbortController();
    for await (const batch of log.read("crash", 0, 0, stop.signal)) {
      for (const { value } of batch) there.add(value.toString().split(" ")[0] ?? "");
      if ((batch.at(-1)?.offset ?? 0) + 1 >= next) stop.abort();
    }
    expect(acknowledged.filter((text) => !there.has(text))).toEqual([]);
    await log.append([{ topic: "crash", partition: 0, records: [line("after")] }]);
    await log.close();
  }

  it("has every acknowledged record after its process was killed, again and again", async () => {
    const lines: string[] = [];
    for (let round = 0; round < 3; round++) {
      const child = run(writer, [dir, "300"]);
      const enough = 50 + round * 37;
      await vi.waitFor(() => expect(child.lines.length).toBeGreaterThan(enough), {
        timeout: 20_000,
        interval: 5,
      });
      await child.kill();
      lines.push(...child.lines);
    }
    await expectAcknowledged(lines);
  });

  it("refuses what does not fit the disk with METSUKE_LOG_UNAVAILABLE, and loses nothing", async () => {
    // A limit on the size of files stands for a full disk.
    const child = run(writer, [dir, "20000"], 'ulimit -f 8192; exec "$@"');
    expect(await child.exit()).toBe(3);
    expect(child.lines.at(-1)).toMatch(/^failed METSUKE_LOG_UNAVAILABLE/);
    await expectAcknowledged(child.lines);
  });

  it("refuses a folder that another process holds, until that process dies", async () => {
    const child = run(writer, [dir, "10"]);
    await vi.waitFor(() => expect(child.lines[0]).toBe("open"), { timeout: 20_000 });
    await expect(openEmbeddedLog({ dir })).rejects.toMatchObject({ code: "METSUKE_DATA_IN_USE" });
    await child.kill();
    const log = await openEmbeddedLog({ dir });
    await expect(openEmbeddedLog({ dir })).rejects.toMatchObject({ code: "METSUKE_DATA_IN_USE" });
    await log.close();
  });

  it("takes over a lock whose number now belongs to another process, or that is damaged", () => {
    writeFileSync(join(dir, "lock"), "");
    lockFolder(dir)();
    writeFileSync(
      join(dir, "lock"),
      JSON.stringify({ pid: process.pid, started: "another boot 1", host: hostname() }),
    );
    const unlock = lockFolder(dir);
    expect(() => lockFolder(dir)).toThrow("in use");
    unlock();
  });

  it("waits for a holder on another host only as long as that touches its lock", () => {
    const path = join(dir, "lock");
    writeFileSync(path, JSON.stringify({ pid: 1, started: "b 1", host: "another-container" }));
    expect(() => lockFolder(dir)).toThrow("in use by process 1");
    const old = new Date(Date.now() - 61_000);
    utimesSync(path, old, old);
    lockFolder(dir)();
  });

  describe("retention", () => {
    let log: EmbeddedLog;
    beforeEach(async () => {
      log = await openEmbeddedLog({ dir, eventsBytes: 2_500, trimEveryMs: 0 });
      await log.ensureTopics([topicSpec("events", 1), topicSpec("casework", 1)]);
    });
    const fill = async (topic: string) => {
      for (let index = 0; index < 5; index++) {
        await log.append([{ topic, partition: 0, records: [line("x".repeat(950))] }]);
      }
    };

    it("deletes from the front what is too old, and a reader goes on at the start", async () => {
      await fill("casework");
      await log.trim(Date.now());
      expect(await log.bounds("casework", 0)).toEqual({ first: 0, next: 5 });
      await log.trim(Date.now() + 8 * 86_400_000);
      expect(await log.bounds("casework", 0)).toEqual({ first: 5, next: 5 });
      const reading = readLines(log, { topic: "casework" }, 1);
      await log.append([{ topic: "casework", partition: 0, records: [line("new")] }]);
      expect((await reading).lines).toEqual(["new"]);
      await log.close();
      log = await openEmbeddedLog({ dir, trimEveryMs: 0 });
      expect(await log.bounds("casework", 0)).toEqual({ first: 5, next: 6 });
      await log.close();
    });

    it("keeps at most so many bytes of events", async () => {
      await fill("events");
      await log.trim(Date.now());
      expect(await log.bounds("events", 0)).toEqual({ first: 3, next: 5 });
      await log.close();
    });

    it("trims by itself", async () => {
      await fill("events");
      await log.close();
      log = await openEmbeddedLog({ dir, eventsBytes: 2_500, trimEveryMs: 20 });
      await vi.waitFor(async () => expect((await log.bounds("events", 0)).first).toBe(3));
      await log.close();
    });
  });
});
