import { Type } from "typebox";
import { Value } from "typebox/value";
import { describe, expect, it } from "vitest";
import type { Detector } from "../../detectors/detector.ts";
import { impossibleTravel } from "../../detectors/impossible-travel.ts";
import { loginBurst } from "../../detectors/login-burst.ts";
import { jsonCodec } from "../../detectors/runtime/codec.ts";
import { createMerged, endOfInput, processEvent } from "../../detectors/runtime/merged.ts";
import { unapprovedDevice } from "../../detectors/unapproved-device.ts";
import type { Event } from "../../schemas/event.ts";
import { event } from "./harness.ts";
import { seeded } from "./toys.ts";

/** The three rules in the real runtime, with a detector that reads their statistics as a ranking does. */

const MINUTE = 60_000;
const LAG = 5 * MINUTE;
const DAY = 86_400_000;
const START = Date.UTC(2026, 2, 2);
const rules = [impossibleTravel, loginBurst, unapprovedDevice] as Detector[];

/** Tells a day's statistics when it closes, lag after midnight: the next day's first events have come. */
const closer: Detector<unknown, { day: number; next: number }> = {
  ...jsonCodec<{ day: number; next: number }>(),
  name: "toy-closer",
  version: "1",
  title: "toy",
  attack: ["T1078"],
  blindSpots: "everything",
  family: "volume",
  params: Type.Object({}),
  entities: ["user"],
  tables: [],
  accepts: () => true,
  admits: (one) => one["event.outcome"] === "success",
  init: () => ({ day: -1, next: -1 }),
  migrate: () => undefined,
  step(state, _, context) {
    const day = Math.floor(context.at / DAY);
    state.next = Math.max(state.next, day);
    if (state.day >= 0) return;
    state.day = day;
    context.wakeAt((day + 1) * DAY + LAG);
  },
  wake(state, context) {
    const start = state.day * DAY;
    context.emit({
      windowStart: start,
      p: null,
      score: 0,
      severity: 1,
      certain: false,
      families: ["volume"],
      evidence: [],
      message: JSON.stringify(context.statistics(start)),
      explanation: [],
    });
    state.day = state.next > state.day ? state.next : -1;
    if (state.day >= 0) context.wakeAt((state.day + 1) * DAY + LAG);
  },
};

type Closed = Record<string, Record<string, number>>;

interface Result {
  /** Statistics by `user day` as of the close of each day. */
  readonly days: Closed;
  /** Versions of the tables that statistics read, sorted lines. */
  readonly tables: readonly string[];
  /** Greatest severity of uncertain findings. */
  readonly uncertain: number;
}

function close(events: readonly Event[]): Result {
  const detectors = [closer as Detector, ...rules];
  const params = Object.fromEntries(
    detectors.map((one) => [one.name, Value.Default(one.params, {})]),
  );
  const merged = createMerged({ detectors, params, timezone: "UTC" }, "w");
  const outputs = events.map((one) => processEvent(merged, one, START + 90 * DAY));
  const all = [...outputs, endOfInput(merged)];
  const anomalies = all.flatMap((one) => one.anomalies);
  const tables = all
    .flatMap((one) => one.tables)
    .flatMap((one) =>
      one.kind === "chunk" && (one.table === "login.spraying" || one.table === "devices.fleet")
        ? one.entries.map((entry) => `${one.boundary} ${one.table} ${entry.join(" ")}`)
        : [],
    )
    .toSorted();
  const days: Closed = {};
  for (const one of anomalies.filter((anomaly) => anomaly["detector.name"] === "toy-closer")) {
    const day = (Date.parse(one["anomaly.window.start"]) - START) / DAY;
    days[`${one["entity.id"]} ${day}`] = Object.fromEntries(
      JSON.parse(one.message) as [string, number][],
    );
  }
  expect(outputs.flatMap((one) => one.failures)).toEqual([]);
  const severities = anomalies
    .filter((one) => !one["anomaly.certain"])
    .map((one) => one["anomaly.severity"]);
  return { days, tables, uncertain: Math.max(0, ...severities) };
}

const cities = [
  [52.52, 13.4, "DE", 3320],
  [48.14, 11.58, "DE", 3320],
  [35.68, 139.69, "JP", 2516],
  [40.71, -74, "US", 64510],
] as const;

const attempt = (at: number, user: string, more: Partial<Event>): Event =>
  event(Math.floor(at), {
    "event.category": ["authentication"],
    "user.entity.id": user,
    ...more,
  });

/** Random sign-ins of five people over four days, dense around each midnight, and a spray each day. Synthetic. */
function randomDays(seed: number): Event[] {
  const random = seeded(seed);
  const below = (count: number): number => Math.floor(random() * count);
  const spray = Array.from({ length: 4 * 10 }, (_, index) => {
    const at = START + Math.floor(index / 10) * DAY + (8 + random() * 4) * 60 * MINUTE;
    return attempt(at, `s${index % 10}`, { "source.ip": "9.9.9.0", "event.outcome": "failure" });
  });
  const days = Array.from({ length: 1500 }, () => {
    const day = below(4);
    const at =
      random() < 0.3
        ? START + (day + 1) * DAY + (random() - 0.5) * 20 * MINUTE
        : START + day * DAY + random() * DAY;
    const [lat, lon, country, as] = cities[random() < 0.9 ? 0 : below(4)] ?? cities[0];
    const own = random() < 0.8;
    const user = below(5);
    return attempt(at, `u${user}`, {
      "event.outcome": random() < 0.3 ? "failure" : "success",
      "source.ip": own ? `80.0.0.${user}` : `9.9.9.${below(6)}`,
      "source.as.number": as,
      "source.geo.country_iso_code": country,
      "source.geo.location.lat": lat,
      "source.geo.location.lon": lon,
      "device.id": own ? `d${user}` : `x${below(4)}`,
      "device.managed": own,
    });
  });
  return [...spray, ...days].toSorted((left, right) =>
    left["@timestamp"] < right["@timestamp"] ? -1 : 1,
  );
}

function shuffled(events: readonly Event[], seed: number): Event[] {
  const random = seeded(seed);
  return events
    .map((one) => ({ one, key: Date.parse(one["@timestamp"]) + random() * (LAG - 1) }))
    .toSorted((left, right) => left.key - right.key)
    .map(({ one }) => one);
}

describe("statistics of the rules", () => {
  it.each([1, 2, 3])("do not depend on the order of arrival within the lag (seed %i)", (seed) => {
    const events = randomDays(seed);
    const { days: inOrder, tables } = close(events);
    expect(tables.filter((line) => line.includes("spraying")).length).toBeGreaterThan(3);
    expect(Object.keys(inOrder).length).toBeGreaterThanOrEqual(20);
    const values = Object.values(inOrder).flatMap((day) => Object.values(day));
    expect(values.filter((value) => value > 0).length).toBeGreaterThan(30);
    for (const order of [10, 11]) {
      const other = close(shuffled(events, order));
      expect(other.days).toEqual(inOrder);
      expect(other.tables).toEqual(tables);
    }
  });

  const home = { "event.outcome": "success", "source.ip": "80.0.0.1" } as const;
  const away = { "event.outcome": "success", "source.ip": "9.9.9.9" } as const;
  const on = (day: number, minute: number, more: Partial<Event>): Event =>
    attempt(START + day * DAY + minute * MINUTE, "ana", more);
  const inCity = (city: number): Partial<Event> => {
    const [lat, lon] = cities[city] ?? cities[0];
    return { "source.geo.location.lat": lat, "source.geo.location.lon": lon };
  };

  it.each([
    [
      "a stay that goes on while its owner is said to be elsewhere",
      "impossible-travel",
      [
        on(0, 100, { ...home, ...inCity(0) }),
        on(0, 101, { ...away, ...inCity(1) }),
        on(0, 103.5, { ...home, ...inCity(0) }),
      ],
    ],
    [
      "an address whose first day ends while its second begins",
      "login-burst",
      [on(1, -6, away), on(1, -4, away), on(1, -3, away)],
    ],
    [
      "an address whose first use is overtaken by a failure of the next day",
      "login-burst",
      [on(1, -2, away), on(1, 0.5, { ...away, "event.outcome": "failure" }), on(1, 1, away)],
    ],
    [
      "failures that come after the success they were made for",
      "login-burst",
      [1, 2, 3, 4].map((minute) =>
        on(1, minute, minute === 4 ? away : { ...away, "event.outcome": "failure" }),
      ),
    ],
  ])("are the same in any order: %s", (_, name, events) => {
    const before = on(0, 0, home);
    const after = [on(1, 1, { ...away, "event.outcome": "failure" }), on(1, 2, away)];
    const seen = (order: readonly Event[]) =>
      Object.entries(close([before, ...order, ...after]).days).map(([day, of]) => [day, of[name]]);
    const inOrder = seen(events);
    expect(inOrder.some(([, value]) => Number(value) > 0)).toBe(true);
    expect(seen(events.toReversed())).toEqual(inOrder);
    expect(seen([...events.slice(1), ...events.slice(0, 1)])).toEqual(inOrder);
    const swapped = [events[0], events[2], events[1], ...events.slice(3)] as Event[];
    expect(seen(swapped)).toEqual(inOrder);
  });

  const managed = { ...home, "device.id": "d", "device.managed": true };
  it.each([
    ["a device's first of the day", [on(0, 14, managed), on(0, 16, managed)]],
    ["a device's last of the day before", [on(1, -1, managed), on(1, 1, managed)]],
    [
      "the failure that made an address a sprayer",
      [14, 16].map((minute) =>
        attempt(START + minute * MINUTE, `t${minute}`, {
          "source.ip": "7.7.7.7",
          "event.outcome": "failure",
        }),
      ),
    ],
  ])("read tables that are the same in any order: %s", (_, events) => {
    const before = [0, 1, 2].map((user) =>
      attempt(START + 13 * MINUTE, `t${user}`, {
        "source.ip": "7.7.7.7",
        "event.outcome": "failure",
      }),
    );
    const { tables } = close([...before, ...events]);
    expect(tables.length).toBeGreaterThan(0);
    expect(close([...before, ...events.toReversed()]).tables).toEqual(tables);
  });

  it("hold no page back and raise none: what is uncertain stays below severity 40", () => {
    expect(close(randomDays(4)).uncertain).toBeGreaterThan(20);
    expect(close(randomDays(4)).uncertain).toBeLessThan(40);
  });
});
