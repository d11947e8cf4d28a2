import { describe, expect, it } from "vitest";
import type { Detector } from "../../../detectors/detector.ts";
import type { Outputs } from "../../../detectors/runtime/outputs.ts";
import { populationOf } from "../../../detectors/runtime/population.ts";
import { createReplay } from "../../../detectors/runtime/replay.ts";
import { createZone } from "../../../detectors/runtime/zone.ts";
import { sharedTable } from "../../../detectors/exchange/tables.ts";
import type { Event } from "../../../schemas/event.ts";
import { counter, eventAt, MINUTE, randomEvents, sources, T0 } from "../toys.ts";

const options = {
  detectors: [counter, sources] as Detector[],
  params: {},
  timezone: "UTC",
  readAt: Date.UTC(2026, 10, 1),
};

function replay(events: readonly Event[], more: { readonly historical?: boolean } = {}) {
  const engine = createReplay({ ...options, ...more });
  const outputs: Outputs[] = events.map((event) => engine.push(event));
  outputs.push(...engine.end());
  const lines = outputs.flatMap((one) =>
    [...one.anomalies, ...one.scores].map((row) => JSON.stringify(row)),
  );
  return { engine, lines };
}

const bare = (event: Event): Event => {
  const { "event.ingested": _ingested, ...rest } = event;
  return rest;
};

describe("replay", () => {
  it("gives for a file without arrival times what it gives with them, byte for byte", () => {
    const events = randomEvents(21, 12_000, 6);
    const { lines, engine } = replay(events);
    expect(lines.length).toBeGreaterThan(2000);
    expect(replay(events.map(bare)).lines).toEqual(lines);
    expect(engine.users()).toBe(12);
    expect(engine.bytesPerUser()).toBeGreaterThan(50);
    expect(engine.bytesPerUser()).toBeLessThan(200);
  });

  it("closes every open day at the end, in the zone of anybody", () => {
    const { lines } = replay([bare(eventAt(T0, "a"))]);
    expect(lines.filter((line) => line.includes('"score.closed":true'))).toHaveLength(1);
  });

  it("takes a record dated ahead in a file as a future one", () => {
    const events = randomEvents(22, 300, 1).map(bare);
    const last = Date.parse(events.at(-1)?.["@timestamp"] ?? "");
    const ahead = bare(eventAt(last + 48 * 60 * MINUTE, "stranger"));
    const { engine } = replay([...events.slice(0, 100), ahead, ...events.slice(100)]);
    expect(engine.engine.gate.counts.future).toBe(1);
  });

  it("lets a record of long ago change nothing about those before it", () => {
    const events = randomEvents(24, 3000, 1).map(bare);
    const at = (index: number): number => Date.parse(events[index]?.["@timestamp"] ?? "");
    const { lines } = replay(events);
    for (const back of [3 * 60, 9 * 24 * 60, 20_000 * 24 * 60]) {
      const old = bare(eventAt(at(2000) - back * MINUTE, "stranger"));
      const among = replay([...events.slice(0, 2000), old, ...events.slice(2000)]);
      expect(among.engine.engine.gate.counts).toMatchObject({ future: 0, late: 1 });
      // What is older than a day is not learned, so that nobody is told of it either.
      const told = among.lines.filter((line) => !line.includes("stranger"));
      expect(told.slice(0, 400)).toEqual(lines.slice(0, 400));
      expect(told.length).toBe(lines.length);
    }
    const first = replay([bare(eventAt(1000, "stranger")), ...events]);
    expect(first.engine.engine.gate.counts).toMatchObject({ future: 0, stale: 1 });
    expect(first.lines.filter((line) => !line.includes("stranger"))).toEqual(lines);
  });

  it("never believes in an arrival after the file was read", () => {
    const far = bare(eventAt(Date.UTC(9999, 0, 1), "a"));
    const { engine } = replay([bare(eventAt(T0, "a")), far]);
    expect(engine.engine.gate.counts.future).toBe(1);
  });

  it("withholds what history raises", () => {
    const { lines, engine } = replay(randomEvents(23, 400), { historical: true });
    expect(lines.some((line) => line.includes("anomaly.id"))).toBe(false);
    expect(engine.engine.cores.reduce((sum, core) => sum + core.withheld, 0)).toBeGreaterThan(50);
    expect(engine.users()).toBe(12);
  });

  it("counts entity-days and the users active in 14 days", () => {
    const day = 24 * 60 * MINUTE;
    const events: Event[] = [];
    for (let index = 0; index < 20; index++) {
      events.push(bare(eventAt(T0 + index * day, "daily")));
      if (index < 2) events.push(bare(eventAt(T0 + index * day + 1, "early")));
      events.push(bare(eventAt(T0 + index * day + 2, "refused", { "event.outcome": "failure" })));
    }
    const { engine } = replay(events);
    const { tables } = engine.engine.around;
    const at = T0 + 20 * day;
    const table = sharedTable(tables, at, { tenant: "default", table: "population" });
    expect(populationOf(table, T0 + 19 * day)).toEqual({ entityDays: 22, activeUsers: 1 });
    expect(populationOf(table, T0 + 14 * day)).toEqual({ entityDays: 22, activeUsers: 1 });
  });
});

describe("zone", () => {
  it("knows offsets on both sides of a clock change", () => {
    const berlin = createZone("Europe/Berlin");
    expect(berlin(Date.UTC(2026, 2, 29, 0, 59))).toBe(3_600_000);
    expect(berlin(Date.UTC(2026, 2, 29, 1, 0))).toBe(7_200_000);
    expect(createZone("Asia/Kathmandu")(T0)).toBe(20_700_000);
    expect(() => createZone("Nowhere/Land")).toThrow(RangeError);
  });
});
