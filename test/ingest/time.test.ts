import { describe, expect, it } from "vitest";
import { createZones, isTimezone, readTime } from "../../ingest/time.ts";

const zones = createZones();
const read = (text: string, zone = "UTC", arrival = "2026-11-24T22:00:00Z"): string | undefined =>
  readTime(text, { arrivedAt: Date.parse(arrival), offset: zones(zone) });

describe("times", () => {
  it.each([
    ["2026-11-21T19:13:01Z", "2026-11-21T19:13:01.000Z"],
    ["2026-11-21T19:13Z", "2026-11-21T19:13:00.000Z"],
    ["2026-11-21T19:13:01.5Z", "2026-11-21T19:13:01.500Z"],
    ["2026-11-21T19:13:01.123456789Z", "2026-11-21T19:13:01.123456789Z"],
    ["2026-11-21T19:13:01.1234567891Z", "2026-11-21T19:13:01.123456789Z"],
    ["2026-11-21 19:13:01,123", "2026-11-21T19:13:01.123Z"],
    ["2026-11-21T19:13:01.123456+01:00", "2026-11-21T18:13:01.123456Z"],
    ["2026-11-21T19:13:01-0530", "2026-11-22T00:43:01.000Z"],
    ["2026-11-21T19:13:01+02", "2026-11-21T17:13:01.000Z"],
    ["2026-12-31T23:59:60Z", "2027-01-01T00:00:00.000Z"],
    ["2024-02-29T00:00:00Z", "2024-02-29T00:00:00.000Z"],
    ["1795288381", "2026-11-21T19:13:01.000Z"],
    ["1795288381.856025", "2026-11-21T19:13:01.856025Z"],
    ["1795288381856", "2026-11-21T19:13:01.856Z"],
    ["1795288381856025", "2026-11-21T19:13:01.856025Z"],
    ["1795288381856025123", "2026-11-21T19:13:01.856025123Z"],
    ["Nov 21 19:13:01", "2026-11-21T19:13:01.000Z"],
    ["Nov  1 19:13:01.123456", "2026-11-01T19:13:01.123456Z"],
    ["Nov 21 2024 19:13:01", "2024-11-21T19:13:01.000Z"],
    ["Nov 21 19:13:01 2024", "2024-11-21T19:13:01.000Z"],
  ])("%s is %s", (text, expected) => {
    expect(read(text)).toBe(expected);
  });

  it.each([
    "",
    "yesterday",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-11-21T24:00:00Z",
    "2026-11-21T19:13:01+99:00",
    "0001-01-01T00:00:00Z",
    "9999-01-01T00:00:00Z",
    "Foo 21 19:13:01",
    "Feb 30 19:13:01",
    "12345",
    "99999999999999999999",
    "-1795288381",
    "1".repeat(1000),
  ])("%s is none", (text) => {
    expect(read(text)).toBeUndefined();
  });

  it("takes the latest year that is at most a day after arrival", () => {
    expect(read("Dec 31 23:59:59", "UTC", "2027-01-01T00:00:05Z")).toBe("2026-12-31T23:59:59.000Z");
    expect(read("Jan  1 00:00:10", "UTC", "2026-12-31T23:59:50Z")).toBe("2027-01-01T00:00:10.000Z");
    expect(read("Nov 26 00:00:00")).toBe("2025-11-26T00:00:00.000Z");
    expect(read("Feb 29 12:00:00")).toBe("2024-02-29T12:00:00.000Z");
  });

  it("reads zone-less times in the zone of their source, over its changes", () => {
    expect(read("Nov 21 19:13:01", "Europe/Berlin")).toBe("2026-11-21T18:13:01.000Z");
    expect(read("2026-07-01 12:00:00", "Europe/Berlin")).toBe("2026-07-01T10:00:00.000Z");
    expect(read("2026-07-01 12:00:00Z", "Europe/Berlin")).toBe("2026-07-01T12:00:00.000Z");
    expect(read("2026-01-01 12:00:00", "Asia/Kathmandu")).toBe("2026-01-01T06:15:00.000Z");
    expect(read("2026-03-29 03:30:00", "Europe/Berlin")).toBe("2026-03-29T01:30:00.000Z");
    expect(isTimezone("Europe/Berlin")).toBe(true);
    expect(isTimezone("Mars/Olympus")).toBe(false);
  });
});
