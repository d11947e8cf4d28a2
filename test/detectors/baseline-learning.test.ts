import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import { attacks, merge } from "../../bench/attacks.ts";
import { organisation } from "../../bench/organisation.ts";
import { detectors } from "../../detectors/index.ts";
import { createMerged, endOfInput, processEvent } from "../../detectors/runtime/merged.ts";
import type { Anomaly } from "../../schemas/anomaly.ts";
import type { Event } from "../../schemas/event.ts";

const DAY = 86_400_000;
const START = Date.UTC(2026, 0, 5);
const company = organisation({ seed: 3, people: 40, days: 30, start: START });
const params = Object.fromEntries(
  detectors.map((detector) => [detector.name, Value.Create(detector.params)]),
);
const timeOf = (event: Event): number => Date.parse(event["@timestamp"]);

/** Findings of all detectors; events before `live` (days from the start) are history. */
function findings(events: Iterable<Event>, live: number): Anomaly[] {
  const engine = createMerged({ detectors, params, timezone: "UTC" }, "test");
  const found: Anomaly[] = [];
  for (const event of events) {
    const at = timeOf(event);
    const historical = at < START + live * DAY;
    found.push(...processEvent(engine, event, at + 1000, historical).anomalies);
  }
  found.push(...endOfInput(engine).anomalies);
  return found;
}

const attackOn = (day: number) => {
  const { events } = attacks(company, { seed: 7, from: day, perDay: 3 });
  return [...merge(company.events(), events)];
};
const isCalibrated = (anomaly: Anomaly): boolean => anomaly["detector.name"] === "baseline";
const certain = (anomaly: Anomaly): boolean => anomaly["anomaly.certain"];

describe("while the installation learns", () => {
  it("raises nothing but what is certain, or too slight to page, for 14 active days", () => {
    const early = attackOn(5).filter((event) => timeOf(event) < START + 14 * DAY);
    const found = findings(early, 0);
    expect(found.filter(isCalibrated)).toEqual([]);
    expect(found.some(certain)).toBe(true);
    const uncertain = found.filter((anomaly) => !certain(anomaly));
    expect(uncertain.every((anomaly) => anomaly["anomaly.severity"] < 40)).toBe(true);
  });

  it("alerts from the first live day on when history was backfilled, and never about history", () => {
    const events = attackOn(22);
    const found = findings(events, 24);
    const calibrated = found.filter(isCalibrated);
    expect(calibrated.length).toBeGreaterThan(0);
    const first = Math.min(...calibrated.map((anomaly) => Date.parse(anomaly["@timestamp"])));
    expect(first).toBeGreaterThanOrEqual(START + 24 * DAY);
    expect(first).toBeLessThan(START + 26 * DAY);
  });
});
