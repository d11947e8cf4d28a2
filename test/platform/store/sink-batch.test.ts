import { expect, test } from "vitest";
import type { StoredRecord } from "../../../platform/event-log/port.ts";
import { batchesOf } from "../../../platform/store/sink-batch.ts";
import { byDays } from "../../../platform/store/sink-insert.ts";
import { rowsOf } from "../../../platform/store/sink-rows.ts";

const record = (
  offset: number,
  value = "x",
  headers: Record<string, string> = {},
): StoredRecord => ({
  offset,
  appendedAt: 0,
  key: undefined,
  value: Buffer.from(value),
  headers,
});

async function gather(
  chunks: AsyncIterable<readonly StoredRecord[]>,
  limits: { bytes: number; records: number; waitMs: number },
): Promise<number[][]> {
  const batches: number[][] = [];
  for await (const batch of batchesOf(chunks, limits))
    batches.push(batch.map(({ offset }) => offset));
  return batches;
}

async function* chunked(...chunks: number[][]) {
  for (const chunk of chunks) yield chunk.map((offset) => record(offset));
}

test("batches close at their number of records, within and across what is read", async () => {
  const limits = { bytes: 1_000, records: 3, waitMs: 1_000 };
  expect(await gather(chunked([0, 1, 2, 3, 4], [5], [6]), limits)).toEqual([
    [0, 1, 2],
    [3, 4, 5],
    [6],
  ]);
});

test("batches close at their bytes, and a record above them goes alone", async () => {
  const limits = { bytes: 1, records: 100, waitMs: 1_000 };
  expect(await gather(chunked([0, 1], [2]), limits)).toEqual([[0], [1], [2]]);
});

test("what has come is handed on when nothing follows", async () => {
  let finish = () => {};
  const silence = new Promise<void>((resolve) => {
    finish = resolve;
  });
  async function* slow(): AsyncGenerator<readonly StoredRecord[]> {
    yield [record(0)];
    await silence;
  }
  const batches = batchesOf(slow(), { bytes: 100, records: 100, waitMs: 5 });
  expect(await batches.next()).toMatchObject({ done: false, value: [{ offset: 0 }] });
  finish();
  expect((await batches.next()).done).toBe(true);
});

test("what the log throws comes through", async () => {
  async function* broken(): AsyncGenerator<readonly StoredRecord[]> {
    yield [record(0)];
    throw new Error("gone");
  }
  const limits = { bytes: 100, records: 100, waitMs: 1_000 };
  await expect(gather(broken(), limits)).rejects.toThrow("gone");
});

test("an insert holds at most 32 days, the same way each time", () => {
  const rows = Array.from({ length: 100 }, (_, index) => ({
    line: `${index}`,
    day: `d${index % 70}`,
  }));
  const parts = byDays(rows);
  expect(parts.map((part) => new Set(part.map(({ day }) => day)).size)).toEqual([32, 32, 6]);
  expect(parts.flat()).toHaveLength(100);
  expect(byDays(rows)).toEqual(parts);
});

test.each([
  ["heartbeat/1", '{"kind":"heartbeat"}', 0, 0],
  ["event/2", "{}", 0, 1],
  ["event/1", "not json\n[]\nnull\n7", 0, 4],
  ["event/1", "\n\n", 0, 0],
])("a record of %s %j", (schema, value, rows, malformed) => {
  const made = rowsOf("events", record(0, value, { schema }));
  expect([made.rows.length, made.malformed.length]).toEqual([rows, malformed]);
});
