import { describe, expect, it } from "vitest";
import type { Detector } from "../../../detectors/detector.ts";
import { SOURCES } from "../../../detectors/runtime/core.ts";
import { createMerged, mergedCells, processEvent } from "../../../detectors/runtime/merged.ts";
import { planTopics } from "../../../detectors/runtime/plan.ts";
import { MetsukeError } from "../../../platform/errors.ts";
import { counter, eventAt, sources, T0 } from "../toys.ts";

const options = { detectors: [counter] as Detector[], params: {}, timezone: "UTC" };

describe("bounds", () => {
  it("keeps no state for a million names that never succeeded", () => {
    const merged = createMerged({ ...options, dedupeBytes: 4 * 1024 * 1024 }, "w");
    const event = eventAt(T0, "nobody", { "event.outcome": "failure" });
    for (let index = 0; index < 1_000_000; index++) {
      const id = index.toString(16).padStart(32, "0");
      processEvent(merged, { ...event, "event.id": id, "user.entity.id": `name${index}` }, T0);
    }
    const [users] = merged.cores[0]?.kinds ?? [];
    expect(users?.count).toBe(0);
    expect(merged.gate.dedupe.segments.length * 4096 * 36).toBeLessThanOrEqual(4 * 1024 * 1024);
    expect(merged.gate.dedupe.shortened).toBeGreaterThan(0);
  }, 20_000);

  it("evicts the least recently active beyond the cap, counts them and forgets their cells", () => {
    const merged = createMerged({ ...options, entitiesPerKind: 100 }, "w");
    for (let index = 0; index < 1000; index++) {
      processEvent(merged, eventAt(T0 + index, `user${index}`), T0 + index);
      processEvent(merged, eventAt(T0 + index, "regular", { "process.pid": index }), T0 + index);
    }
    const [users] = merged.cores[0]?.kinds ?? [];
    expect(users?.count).toBeLessThanOrEqual(100);
    expect(users?.evicted).toBe(1001 - (users?.count ?? 0));
    expect(users?.tenants.get("default")?.has("regular")).toBe(true);
    expect(merged.cores[0]?.wakes.set).toBe(users?.count);
    const cells = [...mergedCells(merged, false)];
    expect(cells.filter(([key, value]) => key.includes("|e/") && value === null)).toHaveLength(
      users?.evicted ?? 0,
    );
  });

  it("keeps fewer addresses than accounts: a million of them cost a stranger nothing", () => {
    const merged = createMerged({ ...options, detectors: [sources as Detector] }, "w");
    const event = eventAt(T0, "ann", { "event.outcome": "failure" });
    for (let index = 0; index < SOURCES + 10; index++) {
      const id = index.toString(16).padStart(32, "0");
      processEvent(merged, { ...event, "event.id": id, "source.ip": `2001:db8::${index}` }, T0);
    }
    const [addresses] = merged.cores.find((core) => core.topic === "events.by-source")?.kinds ?? [];
    expect(addresses?.count).toBeLessThanOrEqual(SOURCES);
    expect(addresses?.count).toBeGreaterThan(SOURCES / 2);
    expect(addresses?.evicted).toBe(SOURCES + 10 - Number(addresses?.count));
  }, 20_000);

  it("survives a detector that throws: the others see the event, the failure is told", () => {
    const bad: Detector = {
      ...(counter as Detector),
      name: "bad",
      step() {
        throw new Error("poison");
      },
    };
    const merged = createMerged({ ...options, detectors: [bad, counter as Detector] }, "w");
    const outputs = Array.from({ length: 5 }, (_, index) =>
      processEvent(merged, eventAt(T0 + index, "a"), T0),
    );
    expect(outputs.flatMap((one) => one.failures.map((failure) => failure.error))).toEqual(
      Array.from({ length: 5 }, () => "poison"),
    );
    expect(outputs.flatMap((one) => one.anomalies)).toHaveLength(1);
  });

  it("refuses a detector whose entity no topic serves, by name", () => {
    const lost: Detector = { ...(counter as Detector), name: "lost", entities: ["organization"] };
    expect(() => planTopics([lost])).toThrow(MetsukeError);
    expect(() => planTopics([lost])).toThrow(/detector lost keeps state for "organization"/);
    expect(
      planTopics([counter as Detector, sources as Detector]).map((plan) => plan.topic),
    ).toEqual(["events", "events.by-source"]);
  });

  it("answers times that are none, far or odd without moving the clock", () => {
    const merged = createMerged(options, "w");
    processEvent(merged, eventAt(T0, "a"), T0);
    for (const time of ["", "tomorrow", "9999-12-31T23:59:59.999Z", "2026-13-45T99:99:99.000Z"]) {
      processEvent(merged, { ...eventAt(T0, "b", { message: time }), "@timestamp": time }, T0);
    }
    expect(merged.gate.clock).toBe(T0);
    expect(merged.gate.counts.future).toBe(4);
  });
});
