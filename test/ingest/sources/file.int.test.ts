import { appendFile, mkdtemp, readFile, rename, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { FileParams } from "../../../ingest/sources/file-params.ts";
import { file } from "../../../ingest/sources/file.ts";
import { type Rig, createRig, paramsOf } from "../ingest-rig.ts";
import { createMemoryLog } from "../memory-log.ts";

let folder: string;
let path: string;
const rigs: Rig[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "metsuke-file-"));
  path = join(folder, "auth.log");
});
afterEach(async () => {
  for (const rig of rigs.splice(0)) await rig.ingest.close();
  await rm(folder, { recursive: true });
});

async function read(params: object = {}, memory = createMemoryLog()) {
  const rig = createRig({ memory });
  rigs.push(rig);
  const opened = await rig.open(file, { paths: [path], poll_ms: 10, ...params });
  return { rig, opened, memory };
}

/** Polls until the log holds `count` messages, and returns them. */
const until = async (rig: Rig, count: number): Promise<unknown[]> => {
  await vi.waitFor(() => expect(rig.messages().length).toBeGreaterThanOrEqual(count), 5_000);
  return rig.messages();
};

describe("once", () => {
  test("reads to the end, the last line without line feed too", async () => {
    await writeFile(path, "one\r\ntwo\n\nthree");
    const { rig, opened } = await read({ follow: false, authenticated: true, tenant: "acme" });
    await opened.done;
    expect(rig.messages()).toEqual(["one", "two", "three"]);
    expect(rig.memory.lines("events")[0]).toMatchObject({
      "sender.transport": "file",
      "sender.id": path,
      "sender.authenticated": true,
      "organization.id": "acme",
    });
  });

  test("says how far it is", async () => {
    await writeFile(path, "one\ntwo\n".repeat(40_000));
    const rig = createRig();
    rigs.push(rig);
    const seen: number[] = [];
    const params = paramsOf<FileParams>(file, { paths: [path], follow: false });
    const opened = await rig.ingest.open(file, params, (_path, done, size) => {
      expect(size).toBe(320_000);
      seen.push(done);
    });
    await opened.done;
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(320_000);
  });

  test("a line above the limit is a reject and harms no neighbour", async () => {
    await writeFile(path, `one\n${"x".repeat(500_000)}\ntwo\n`);
    const { rig, opened } = await read({ follow: false, max_record_bytes: 1_024 });
    await opened.done;
    expect(rig.messages()).toEqual(["one", "two"]);
    expect(rig.memory.lines("rejects")).toHaveLength(1);
  });

  test.each([["missing"], ["."]])("%s is refused at the start", async (name) => {
    const opened = read({ follow: false, paths: [join(folder, name)] });
    await expect(opened).rejects.toMatchObject({ code: "METSUKE_FILE_UNREADABLE" });
  });
});

describe("followed", () => {
  test("what is appended comes, a partial line only when whole", async () => {
    await writeFile(path, "one\ntw");
    const { rig } = await read();
    expect(await until(rig, 1)).toEqual(["one"]);
    await appendFile(path, "o\nthree\n");
    expect(await until(rig, 3)).toEqual(["one", "two", "three"]);
  });

  test("a file that comes later is read from its start", async () => {
    const { rig } = await read();
    await vi.waitFor(() => expect(rig.warnings.join("")).toContain("ENOENT"));
    await writeFile(path, "one\n");
    expect(await until(rig, 1)).toEqual(["one"]);
  });

  test("over a rename, with late writes to the old file", async () => {
    await writeFile(path, "one\n");
    const { rig } = await read();
    expect(await until(rig, 1)).toEqual(["one"]);
    await rename(path, `${path}.1`);
    await writeFile(path, "three\n");
    await appendFile(`${path}.1`, "two");
    expect(await until(rig, 3)).toEqual(["one", "two", "three"]);
    await appendFile(path, "four\n");
    expect(await until(rig, 4)).toEqual(["one", "two", "three", "four"]);
  });

  test("over copytruncate; the half line it cut becomes a reject", async () => {
    await writeFile(path, "one\nhalf");
    const { rig } = await read();
    expect(await until(rig, 1)).toEqual(["one"]);
    await truncate(path, 0);
    await appendFile(path, "two\n");
    expect(await until(rig, 2)).toEqual(["one", "two"]);
    expect(rig.memory.lines("rejects")[0]).toMatchObject({ "reject.code": "line_cut" });
  });

  test("over one that is already longer again when looked at", async () => {
    await writeFile(path, "one\n");
    const { rig } = await read({ poll_ms: 100 });
    expect(await until(rig, 1)).toEqual(["one"]);
    await writeFile(path, "two is longer\nthree\n");
    expect(await until(rig, 3)).toEqual(["one", "two is longer", "three"]);
  });
});

describe("after a restart", () => {
  test("goes on where it was, equal lines keeping their ordinals", async () => {
    await writeFile(path, "same\nsame\n");
    const first = await read();
    expect(await until(first.rig, 2)).toEqual(["same", "same"]);
    await first.rig.ingest.close();
    await appendFile(path, "same\n");
    await read({}, first.memory);
    expect(await until(first.rig, 3)).toEqual(["same", "same", "same"]);
    const ids = new Set(first.memory.lines("events").map((line) => line["event.id"]));
    expect(ids.size).toBe(3);
  });

  test("reads the rest of a file rotated away meanwhile, then the new one", async () => {
    await writeFile(path, "one\n");
    const first = await read();
    expect(await until(first.rig, 1)).toEqual(["one"]);
    await first.rig.ingest.close();
    await appendFile(path, "two\n");
    await rename(path, `${path}.1`);
    await writeFile(path, "three\n");
    await read({}, first.memory);
    expect(await until(first.rig, 3)).toEqual(["one", "two", "three"]);
  });

  test("a new file under the old inode is read from its start", async () => {
    await writeFile(path, "one\n");
    const first = await read();
    expect(await until(first.rig, 1)).toEqual(["one"]);
    await first.rig.ingest.close();
    await writeFile(path, "two, longer than before\n");
    await read({}, first.memory);
    expect(await until(first.rig, 2)).toEqual(["one", "two, longer than before"]);
  });

  test("a log that was dead leaves the position: nothing lost", async () => {
    await writeFile(path, "one\ntwo\n");
    const memory = createMemoryLog();
    memory.fail(1_000_000);
    const first = await read({}, memory);
    await vi.waitFor(() => expect(first.rig.warnings.join("")).toContain("append failed"));
    await first.rig.ingest.close();
    memory.fail(0);
    await read({}, memory);
    expect(await until(first.rig, 2)).toEqual(["one", "two"]);
    expect(await readFile(path, "utf8")).toBe("one\ntwo\n");
  });
});

test("heartbeats wait for the backlog and then go on", async () => {
  const at = (minutes: number): string => new Date(Date.UTC(2026, 0, 1, 0, minutes)).toISOString();
  const lines = Array.from({ length: 50 }, (_, index) => `{"@timestamp":"${at(index)}"}\n`);
  await writeFile(path, lines.join(""));
  const memory = createMemoryLog();
  memory.hold();
  const { rig } = await read({}, memory);
  await vi.waitFor(() => expect(memory.waiting()).toBe(1));
  const beat = rig.ingest.beat();
  memory.release();
  await beat;
  const now = Date.now() - 60_000;
  await vi.waitFor(async () => {
    await rig.ingest.beat();
    expect(memory.lines("events").at(-1)?.["at"]).toBeGreaterThan(now);
  });
  const events = memory.lines("events").filter((line) => line["kind"] !== "heartbeat");
  expect(events.map((line) => line["event.ingested"])).toEqual(
    Array.from({ length: 50 }, (_, index) => at(index + 5)),
  );
});
