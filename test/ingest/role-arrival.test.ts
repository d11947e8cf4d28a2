import { describe, expect, it } from "vitest";
import { backlogArrivals } from "../../ingest/role-arrival.ts";
import type { Event } from "../../schemas/event.ts";

const START = Date.UTC(2026, 2, 2);
const MINUTE = 60_000;
const READ_AT = Date.UTC(2026, 5, 1);

const at = (time: number, id: string): Event => ({
  "@timestamp": new Date(time).toISOString(),
  "event.id": id,
  "event.dataset": "x",
});

const honest = Array.from({ length: 200 }, (_, index) => at(START + index * MINUTE, `e${index}`));
const futures = (events: readonly Event[]) =>
  backlogArrivals(events, READ_AT)
    .events.filter((event) => event["event.future"] === true)
    .map((event) => event["event.id"]);

describe("the arrival of a backlog's records", () => {
  it("is their own time and the lag where they are in order", () => {
    const { events, smallest } = backlogArrivals(honest, READ_AT);
    expect(events[0]?.["event.ingested"]).toBe(new Date(START + 5 * MINUTE).toISOString());
    expect(smallest).toBe(START);
    expect(futures(honest)).toEqual([]);
  });

  it("is never later than the reading", () => {
    const { events } = backlogArrivals([at(READ_AT - MINUTE, "a")], READ_AT);
    expect(events[0]?.["event.ingested"]).toBe(new Date(READ_AT).toISOString());
  });

  it("shows a record dated days ahead, and only that one", () => {
    const odd = at(START + 48 * 60 * MINUTE, "odd");
    expect(futures([...honest.slice(0, 100), odd, ...honest.slice(100)])).toEqual(["odd"]);
  });

  it("is not moved by one record from long ago", () => {
    const old = at(Date.UTC(1971, 0, 1), "old");
    expect(futures([...honest.slice(0, 100), old, ...honest.slice(100)])).toEqual([]);
  });
});
