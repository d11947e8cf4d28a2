import { afterEach, describe, expect, it } from "vitest";
import {
  createMerged,
  endOfInput,
  type Merged,
  mergedCells,
  mergedCovered,
  processEvent,
  processHeartbeat,
  recallTable,
  restoreMerged,
} from "../../../detectors/runtime/merged.ts";
import type { Outputs } from "../../../detectors/runtime/outputs.ts";
import type { Detector } from "../../../detectors/detector.ts";
import type { Event } from "../../../schemas/event.ts";
import type { Table } from "../../../schemas/exchange.ts";
import { counter, eventAt, MINUTE, randomEvents, sources, T0 } from "../toys.ts";

const options = { detectors: [counter, sources] as Detector[], params: {}, timezone: "UTC" };
const HOUR = 60 * MINUTE;

const arrival = (event: Event): number =>
  Date.parse(event["event.ingested"] ?? event["@timestamp"]);

interface Collected {
  readonly ids: string[];
  readonly lines: string[];
  readonly tables: Table[];
}

function collect(into: Collected, outputs: Outputs): void {
  for (const anomaly of outputs.anomalies) {
    into.ids.push(anomaly["anomaly.id"]);
    into.lines.push(JSON.stringify(anomaly));
  }
  for (const score of outputs.scores) into.lines.push(JSON.stringify(score));
  into.tables.push(...outputs.tables);
}

function run(events: readonly Event[], merged: Merged = createMerged(options, "w")): Collected {
  const all: Collected = { ids: [], lines: [], tables: [] };
  for (const event of events) collect(all, processEvent(merged, event, arrival(event)));
  collect(all, endOfInput(merged));
  return all;
}

describe("merged engine", () => {
  const real = { now: Date.now, random: Math.random };
  afterEach(() => {
    Date.now = real.now;
    Math.random = real.random;
  });

  it("reaches no clock and no random number, and repeats itself byte for byte", () => {
    const refuse = () => {
      throw new Error("forbidden");
    };
    Date.now = refuse;
    Math.random = refuse;
    const events = randomEvents(1, 2000);
    const first = run(events);
    expect(first.lines.length).toBeGreaterThan(300);
    expect(run(events)).toEqual(first);
  });

  it("gives the same ids when any event is sent again", () => {
    const events = randomEvents(2, 1500);
    const doubled = events.flatMap((event, index) => (index % 3 === 0 ? [event, event] : [event]));
    const again = [...doubled.slice(0, 1000), ...doubled.slice(500, 1000), ...doubled.slice(1000)];
    expect(new Set(run(again).ids)).toEqual(new Set(run(events).ids));
  });

  it("runs an entity's wakes before its next event and by the watermark otherwise", () => {
    const merged = createMerged(options, "w");
    const day = new Date(T0).toISOString().slice(0, 10);
    processEvent(merged, eventAt(T0, "a"), T0);
    const midnight = Date.UTC(2026, 2, 3);
    const before = processEvent(merged, eventAt(midnight + 10 * MINUTE - 1, "c"), midnight + HOUR);
    expect(before.scores).toEqual([]);
    const own = processEvent(merged, eventAt(midnight + 10 * MINUTE, "a"), midnight + HOUR);
    expect(own.scores.map((score) => score.day)).toEqual([day]);
    processEvent(merged, eventAt(midnight + 11 * MINUTE, "b"), midnight + HOUR);
    const next = Date.UTC(2026, 2, 4) + 10 * MINUTE;
    expect(processHeartbeat(merged, next + 5 * MINUTE - 1).scores).toEqual([]);
    expect(
      processHeartbeat(merged, next + 5 * MINUTE).scores.map((one) => one["entity.id"]),
    ).toEqual(["a", "b", "c"]);
  });

  it("marks late events and never lets them move the clock", () => {
    const merged = createMerged(options, "w");
    for (let index = 0; index < 4; index++) processEvent(merged, eventAt(T0 + index, "a"), T0);
    processEvent(merged, eventAt(T0 + HOUR, "b"), T0 + HOUR);
    const late = processEvent(merged, eventAt(T0 + 10, "a"), T0 + HOUR);
    expect(late.anomalies.map((one) => one["anomaly.late"])).toEqual([true]);
    expect(merged.gate.clock).toBe(T0 + HOUR);
  });

  it("marks what an event dated ahead raises, so that it never acts", () => {
    const merged = createMerged(options, "w");
    for (let index = 0; index < 4; index++) processEvent(merged, eventAt(T0 + index, "a"), T0);
    const ahead = processEvent(merged, eventAt(T0 + 48 * HOUR, "a"), T0 + 10);
    expect(ahead.anomalies.map((one) => one["anomaly.late"])).toEqual([true]);
    expect(merged.gate.clock).toBe(T0 + 3);
  });

  it("lets an event dated two days ahead change nothing for anybody else", () => {
    const events = randomEvents(3, 1200);
    const middle = events[600] as Event;
    const ahead = eventAt(Date.parse(middle["@timestamp"]) + 48 * HOUR, "stranger", {
      "event.ingested": middle["event.ingested"] ?? "",
      "source.ip": "203.0.113.9",
      "source.geo.country_iso_code": "XX",
    });
    const foreign = (one: string) => !/stranger|203\.0\.113\.9/.test(one);
    const withAhead = run([...events.slice(0, 600), ahead, ahead, ...events.slice(600)]);
    const without = run(events).lines;
    // What the newcomer adds to the population is in the records, and is right.
    const plain = (line: string) => line.replace(/"population\.[a-z_]+":\d+/g, "");
    const sharedKeys = (line: string) => line.replace(/users (\d+) \d+/g, "users $1");
    expect(withAhead.lines.filter(foreign).length).toBe(without.length);
    expect(withAhead.ids.length).toBeGreaterThan(
      without.filter((l) => l.includes("anomaly.id")).length,
    );
    expect(
      withAhead.lines
        .filter(foreign)
        .filter((l) => l.includes("toy-counter"))
        .map(plain)
        .map(sharedKeys),
    ).toEqual(
      without
        .filter((l) => l.includes("toy-counter"))
        .map(plain)
        .map(sharedKeys),
    );
  });

  it("folds a future event that comes again when its time has come", () => {
    const merged = createMerged(options, "w");
    processEvent(merged, eventAt(T0, "a"), T0);
    const ahead = eventAt(T0 + 48 * HOUR, "a");
    processEvent(merged, ahead, T0);
    expect(merged.gate.clock).toBe(T0);
    processHeartbeat(merged, T0 + 47 * HOUR);
    processEvent(merged, ahead, T0 + 48 * HOUR);
    expect(merged.gate.counts).toMatchObject({ future: 1, repeats: 1 });
    expect(merged.gate.clock).toBe(T0 + 47 * HOUR);
  });

  it("learns nothing from events behind the dedupe horizon, but rule-checks them", () => {
    const merged = createMerged(options, "w");
    for (let index = 0; index < 4; index++) processEvent(merged, eventAt(T0 + index, "a"), T0);
    processHeartbeat(merged, T0 + 2 * MINUTE);
    const old = eventAt(T0 - 30 * HOUR, "a");
    const before = stateBytes(merged);
    processEvent(merged, old, T0);
    processEvent(merged, old, T0);
    expect(merged.gate.counts.stale).toBe(2);
    expect(stateBytes(merged)).toEqual(before);
  });

  it("is the same engine after a restore at every offset", () => {
    const events = randomEvents(4, 400, 2);
    const whole = run(events);
    for (let at = 0; at < events.length; at += 7) {
      const seen: Collected = { ids: [], lines: [], tables: [] };
      const before = createMerged(options, "w");
      for (const event of events.slice(0, at))
        collect(seen, processEvent(before, event, arrival(event)));
      const cells = snapshot(before);
      // What ran after the cut and was lost with the process, but for its table versions.
      for (const event of events.slice(at, at + 50)) {
        seen.tables.push(...processEvent(before, event, arrival(event)).tables);
      }
      const after = createMerged(options, "other writer");
      restoreMerged(after, cells);
      for (const record of seen.tables) recallTable(after, record);
      for (const event of events.slice(at))
        collect(seen, processEvent(after, event, arrival(event)));
      collect(seen, endOfInput(after));
      expect({ at, lines: seen.lines }).toEqual({ at, lines: whole.lines });
    }
  });

  it("keeps cells dirty until the cut that covers them is durable", () => {
    const events = randomEvents(5, 300, 1);
    const merged = createMerged(options, "w");
    const stored = new Map<string, Uint8Array>();
    const store = (full: boolean) => {
      for (const [key, value] of mergedCells(merged, full)) {
        if (value === null) stored.delete(key);
        else stored.set(key, Uint8Array.from(value));
      }
    };
    store(true);
    mergedCovered(merged);
    for (const [index, event] of events.entries()) {
      processEvent(merged, event, arrival(event));
      if (index % 20 === 0) for (const cell of mergedCells(merged, false)) void cell;
      if (index % 50 !== 0) continue;
      store(false);
      mergedCovered(merged);
    }
    store(false);
    const full = new Map(snapshot(merged));
    expect([...stored.keys()].sort()).toEqual([...full.keys()].sort());
    for (const [key, value] of full)
      expect([key, Buffer.from(stored.get(key) ?? [])]).toEqual([key, Buffer.from(value)]);
  });
});

function snapshot(merged: Merged): ReadonlyMap<string, Uint8Array> {
  const cells = new Map<string, Uint8Array>();
  for (const [key, value] of mergedCells(merged, true)) {
    if (value !== null) cells.set(key, Uint8Array.from(value));
  }
  return cells;
}

const stateBytes = (merged: Merged): string[] =>
  [...snapshot(merged)]
    .filter(([key]) => /\|[ec]\//.test(key))
    .map(([key, value]) => `${key} ${Buffer.from(value).toString("hex")}`);
