import { describe, expect, it } from "vitest";
import { DAY, INTERVAL, LAG, versionFor } from "../../../detectors/exchange/boundaries.ts";
import {
  addControl,
  addDelta,
  buildStep,
  createExchange,
  type Exchange,
  forgetFolded,
  nextStep,
} from "../../../detectors/exchange/exchange.ts";
import {
  addTableRecord,
  createTables,
  hasVersion,
  retainFrom,
  sharedTable,
} from "../../../detectors/exchange/tables.ts";
import type { Table } from "../../../schemas/exchange.ts";

const G = 100 * DAY + 92 * INTERVAL;
const PATIENCE = 1000;

const create = (): Exchange =>
  createExchange({
    tables: createTables(),
    specs: [{ name: "t", keepPerMille: 500 }],
    expected: ["events/0", "events/1"],
    patience: PATIENCE,
  });

function close(exchange: Exchange, partition: number, boundary: number, amount = 0): void {
  const of = { topic: "events", partition, boundary };
  if (amount !== 0) {
    const entries: [string, number][] = [["k", amount]];
    addDelta(exchange, { kind: "delta", ...of, tenant: "default", table: "t", part: 0, entries });
  }
  addDelta(exchange, { kind: "close", ...of, deltas: amount === 0 ? 0 : 1 });
}

function advance(exchange: Exchange, now = 0): number[] {
  const built: number[] = [];
  for (let step = nextStep(exchange, now); step !== undefined; step = nextStep(exchange, now)) {
    for (const record of buildStep(exchange, step, "w")) addTableRecord(exchange.tables, record);
    forgetFolded(exchange);
    if (step.kind === "build") built.push(step.boundary);
  }
  return built;
}

const value = (exchange: Exchange, boundary: number, table = "t", key = "k"): number =>
  sharedTable(exchange.tables, boundary, { tenant: "default", table }).get(key);

describe("exchange", () => {
  it("begins at the smallest first close once all have spoken, or patience is over", () => {
    const exchange = create();
    close(exchange, 0, G + INTERVAL);
    expect(nextStep(exchange, 0)).toBeUndefined();
    expect(nextStep(exchange, PATIENCE)).toEqual({ kind: "first", boundary: G + INTERVAL });
    close(exchange, 1, G, 3);
    expect(advance(exchange)).toEqual([G]);
    expect(value(exchange, G)).toBe(3);
    expect(value(exchange, G - INTERVAL)).toBe(0);
  });

  it("adds what all partitions closed, folds repeats, and waits for one that spoke before", () => {
    const exchange = create();
    for (const partition of [0, 1]) close(exchange, partition, G, 2);
    close(exchange, 0, G, 2);
    expect(advance(exchange)).toEqual([G]);
    close(exchange, 0, G + INTERVAL, 5);
    expect(advance(exchange, 0)).toEqual([]);
    expect(advance(exchange, PATIENCE)).toEqual([G + INTERVAL]);
    close(exchange, 1, G + INTERVAL, 7);
    close(exchange, 0, G + 2 * INTERVAL);
    expect(advance(exchange, PATIENCE)).toEqual([]);
    expect(advance(exchange, 2 * PATIENCE)).toEqual([G + 2 * INTERVAL]);
    expect([0, 1, 2].map((step) => value(exchange, G + step * INTERVAL))).toEqual([4, 9, 16]);
  });

  it("uses no delta of a boundary before all are there", () => {
    const exchange = create();
    for (const partition of [0, 1]) close(exchange, partition, G);
    advance(exchange);
    close(exchange, 0, G + INTERVAL);
    addDelta(exchange, {
      kind: "close",
      topic: "events",
      partition: 1,
      boundary: G + INTERVAL,
      deltas: 1,
    });
    expect(advance(exchange)).toEqual([]);
    close(exchange, 1, G + INTERVAL, 8);
    expect(advance(exchange)).toEqual([G + INTERVAL]);
    expect(value(exchange, G + INTERVAL)).toBe(8);
  });

  it("ages tables at the first boundary of a UTC day, before it adds, and writes them whole", () => {
    const exchange = create();
    for (const partition of [0, 1]) close(exchange, partition, G, 5);
    advance(exchange);
    const midnight = 101 * DAY;
    for (let boundary = G + INTERVAL; boundary <= midnight; boundary += INTERVAL) {
      for (const partition of [0, 1])
        close(exchange, partition, boundary, boundary === midnight ? 1 : 0);
      advance(exchange);
    }
    expect(value(exchange, midnight - INTERVAL)).toBe(10);
    expect(value(exchange, midnight)).toBe(7);
    retainFrom(exchange.tables, midnight);
    expect(value(exchange, midnight)).toBe(7);
    expect(exchange.tables.newer).toEqual([]);
  });

  it("folds what operators say into the table `control`, once", () => {
    const exchange = create();
    const say = (offset: number, removed: boolean) =>
      addControl(exchange, offset, {
        "@timestamp": "2026-01-01T00:00:00.000Z",
        "organization.id": "default",
        "control.kind": "list",
        "control.name": "devices.approved",
        "control.value": "laptop-1",
        "control.removed": removed,
        "control.by": "ops",
      });
    const key = "list:devices.approved:laptop-1";
    say(0, false);
    say(1, false);
    for (const partition of [0, 1]) close(exchange, partition, G);
    advance(exchange);
    expect(value(exchange, G, "control", key)).toBe(1);
    say(2, true);
    say(1, false);
    for (const partition of [0, 1]) close(exchange, partition, G + INTERVAL);
    advance(exchange);
    expect(value(exchange, G + INTERVAL, "control", key)).toBe(0);
  });
});

describe("tables", () => {
  const chunk = (boundary: number, writer: string, amount: number): Table => ({
    kind: "chunk",
    boundary,
    try: writer,
    tenant: "default",
    table: "t",
    chunk: 0,
    whole: boundary === G,
    entries: [["k", amount]],
  });
  const marker = (boundary: number, writer: string, chunks = 1): Table => ({
    kind: "marker",
    boundary,
    try: writer,
    chunks,
    folded: {},
    control: 0,
  });

  it("lets the first whole version of a boundary hold", () => {
    const tables = createTables();
    const take = (...records: Table[]) => records.map((record) => addTableRecord(tables, record));
    expect(hasVersion(tables, G - INTERVAL)).toBe(false);
    take({ kind: "first", boundary: G, try: "a" }, { kind: "first", boundary: 0, try: "b" });
    expect(hasVersion(tables, G - INTERVAL)).toBe(true);
    expect(hasVersion(tables, G)).toBe(false);
    expect(take(marker(G, "a"), chunk(G, "a", 1), chunk(G, "b", 2), marker(G, "b"))).toEqual([
      false,
      false,
      false,
      true,
    ]);
    expect(take(marker(G, "a"), chunk(G, "a", 1), marker(G + 2 * INTERVAL, "a", 0))).toEqual([
      false,
      false,
      false,
    ]);
    expect(sharedTable(tables, G, { tenant: "default", table: "t" }).get("k")).toBe(2);
    expect([...tables.tries.keys()]).toEqual([]);
  });

  it("answers for each boundary it keeps, before and after older ones are given up", () => {
    const tables = createTables();
    addTableRecord(tables, { kind: "first", boundary: G, try: "a" });
    for (let step = 0; step < 3; step++) {
      addTableRecord(tables, chunk(G + step * INTERVAL, "a", 10 ** step));
      addTableRecord(tables, marker(G + step * INTERVAL, "a"));
    }
    const at = (step: number) =>
      sharedTable(tables, G + step * INTERVAL, { tenant: "default", table: "t" });
    expect([0, 1, 2].map((step) => at(step).get("k"))).toEqual([1, 11, 111]);
    retainFrom(tables, G + INTERVAL);
    expect([1, 2].map((step) => at(step).get("k"))).toEqual([11, 111]);
    expect([...at(2).entries("k")]).toEqual([["k", 111]]);
    expect([...at(2).entries("x")]).toEqual([]);
    expect(at(2).boundary).toBe(G + 2 * INTERVAL);
  });

  it("selects the version by event time alone", () => {
    expect(versionFor(G + LAG + INTERVAL)).toBe(G);
    expect(versionFor(G + LAG + INTERVAL - 1)).toBe(G - INTERVAL);
  });
});
