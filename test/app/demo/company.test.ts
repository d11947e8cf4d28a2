import { describe, expect, it } from "vitest";
import { company, DATASET, PEOPLE } from "../../../app/demo/company.ts";

/** Local hour of an instant in an IANA zone. */
const hourIn = (timeZone: string, at: number): number =>
  Number(
    new Intl.DateTimeFormat("en-GB", { timeZone, hour: "2-digit", hourCycle: "h23" }).format(at),
  );

describe("the demo's company", () => {
  it.each([
    ["a Tuesday night", "2026-11-24T23:59:59.900Z"],
    ["a Sunday just after midnight", "2026-03-01T00:00:01Z"],
    ["a Saturday at noon", "2028-02-29T12:30:00Z"],
  ])("has lived five weeks up to a minute ago on %s", (_, text) => {
    const now = Date.parse(text);
    const { events, timezone, people } = company(now);
    const times = events.map((event) => Date.parse(event["@timestamp"]));
    expect(people).toHaveLength(PEOPLE);
    expect(times.at(-1)).toBeLessThan(now - 60_000);
    expect(times.at(-1)).toBeGreaterThan(now - 3_600_000);
    expect(times[0]).toBeLessThan(now - 34 * 86_400_000);
    expect(times).toEqual(times.toSorted((left, right) => left - right));
    expect(new Set(events.map((event) => event["event.id"])).size).toBe(events.length);
    expect(new Set(events.map((event) => event["event.dataset"]))).toEqual(new Set([DATASET]));
    expect(hourIn(timezone, now)).toBe(11);
  });

  it("gives the four parts to four people whose laptops were used on many days", () => {
    const { cast, events, devices } = company(Date.parse("2026-06-03T04:00:00Z"));
    const parts = Object.values(cast);
    expect(new Set(parts.map(({ name }) => name)).size).toBe(4);
    for (const person of parts) {
      const days = new Set(
        events
          .filter((event) => event["device.id"] === person.laptop)
          .map((event) => event["@timestamp"].slice(0, 10)),
      );
      expect(days.size).toBeGreaterThan(15);
      expect(devices).toContain(person.laptop);
    }
  });
});
