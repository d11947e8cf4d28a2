import { describe, expect, it } from "vitest";
import { impossibleTravel } from "../../detectors/impossible-travel.ts";
import type { Event } from "../../schemas/event.ts";
import { event, identityOf, run } from "./harness.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 2, 2, 8);

const places = {
  berlin: [52.52, 13.4, "DE", 3320, "80.1.2.3"],
  hamburg: [53.55, 9.99, "DE", 6805, "80.9.9.9"],
  tokyo: [35.68, 139.69, "JP", 2516, "126.5.5.5"],
  newYork: [40.71, -74, "US", 64510, "203.0.113.77"],
} as const;

const login = (at: number, user: string, place: keyof typeof places, more: Partial<Event> = {}) => {
  const [lat, lon, country, as, ip] = places[place];
  return event(at, {
    "event.category": ["authentication"],
    "event.outcome": "success",
    "user.entity.id": user,
    "source.ip": ip,
    "source.as.number": as,
    "source.geo.country_iso_code": country,
    "source.geo.location.lat": lat,
    "source.geo.location.lon": lon,
    "source.geo.radius_km": 50,
    ...more,
  });
};

/** Five days at home, then the given events on the sixth. */
const history = (user: string): Event[] =>
  Array.from({ length: 5 }, (_, day) => login(START + day * DAY, user, "berlin"));
const sixth = START + 5 * DAY;

const findings = (events: Event[], options = {}) =>
  run([impossibleTravel], events, options).findings;

describe("impossible-travel", () => {
  it("fires when a known account shows up far away within the hour", () => {
    const events = [
      ...history("ana"),
      login(sixth, "ana", "berlin"),
      login(sixth + 47 * MINUTE, "ana", "tokyo"),
    ];
    for (const recode of [false, true]) {
      const [found, ...rest] = findings(events, { recode });
      expect(rest).toEqual([]);
      expect(found).toMatchObject({ certain: true, severity: 80, families: ["place"] });
      expect(found?.evidence.map((entry) => entry.id)).toEqual(
        events.slice(-2).map((entry) => entry["event.id"]),
      );
      expect(found?.related).toEqual([{ type: "source", id: "126.5.5.5" }]);
      expect(found?.message).toMatch(/JP.*0\.8 h after.*DE.*km\/h.*up to 1000 km\/h/);
    }
  });

  it.each([
    ["a flight's time lies between", login(sixth + 12 * HOUR, "ana", "tokyo")],
    ["more than a day lies between", login(sixth + 30 * HOUR, "ana", "tokyo")],
    ["the place is near", login(sixth + MINUTE, "ana", "hamburg")],
    ["it failed", login(sixth + MINUTE, "ana", "tokyo", { "event.outcome": "failure" })],
    [
      "the area is so large that both may be one place",
      login(sixth + MINUTE, "ana", "newYork", { "source.geo.radius_km": 6300 }),
    ],
    ["it is no sign-in", login(sixth + MINUTE, "ana", "tokyo", { "event.category": ["network"] })],
    ["the address is private", login(sixth + MINUTE, "ana", "tokyo", { "source.ip": "10.1.1.1" })],
  ])("stays silent when %s", (_, last) => {
    expect(findings([...history("ana"), login(sixth, "ana", "berlin"), last])).toEqual([]);
  });

  it("stays silent for a network of the account's own, used on two earlier days", () => {
    const trips = [0, 1].map((day) => login(START + day * DAY + 13 * HOUR, "ana", "tokyo"));
    const events = [...history("ana"), ...trips].toSorted((a, b) =>
      a["@timestamp"] < b["@timestamp"] ? -1 : 1,
    );
    const last = [login(sixth, "ana", "berlin"), login(sixth + MINUTE, "ana", "tokyo")];
    expect(findings([...events, ...last])).toEqual([]);
  });

  it("stays silent for an exit that many accounts share", () => {
    const others = ["b", "c", "d", "e", "f"].map((user, index) =>
      login(START + 4 * DAY + HOUR + index * MINUTE, user, "newYork"),
    );
    const last = [login(sixth, "ana", "berlin"), login(sixth + MINUTE, "ana", "newYork")];
    expect(findings([...history("ana"), ...others, ...last])).toEqual([]);
    // With one sharer fewer it fires: the number is what excuses it.
    expect(findings([...history("ana"), ...others.slice(2), ...last])).toHaveLength(1);
  });

  it("is not certain on an account's first day, nor for one device at both ends", () => {
    const first = [login(START, "new", "berlin"), login(START + MINUTE, "new", "tokyo")];
    expect(findings(first)).toMatchObject([{ certain: false, severity: 38 }]);
    const device = { "device.id": "L-1" };
    const tunnel = [
      login(sixth, "ana", "berlin", device),
      login(sixth + MINUTE, "ana", "tokyo", device),
    ];
    expect(findings([...history("ana"), ...tunnel])).toMatchObject([
      { certain: false, severity: 25 },
    ]);
  });

  it("finds the same whatever the order of arrival within the lag", () => {
    const last = [
      login(sixth, "ana", "berlin"),
      login(sixth + MINUTE, "ana", "tokyo"),
      login(sixth + 2 * MINUTE, "ana", "berlin"),
    ] as const;
    const orders = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 0, 2],
      [0, 2, 1],
    ] as const;
    const ids = orders.map((order) => {
      const found = findings([...history("ana"), ...order.map((index) => last[index] as Event)]);
      return [...new Set(found.map(identityOf))];
    });
    expect(new Set(ids.map(String)).size).toBe(1);
    expect(ids[0]).toHaveLength(1);
  });

  it("keeps its state small under an attacker who jumps", () => {
    const jumps = Array.from({ length: 300 }, (_, index) =>
      login(sixth + index * MINUTE, "ana", index % 2 === 0 ? "tokyo" : "newYork", {
        "source.ip": `9.${index}.1.1`,
        "source.as.number": index,
        "device.id": `d${index}`,
      }),
    );
    const result = run([impossibleTravel], [...history("ana"), ...jumps], { recode: true });
    expect(result.bytes["impossible-travel"]).toBeLessThan(2048);
    expect(new Set(result.findings.map(identityOf)).size).toBeLessThanOrEqual(3);
  });
});

describe("impossible-travel, implausibility of a day", () => {
  const today = Math.floor(sixth / DAY) * DAY;
  const odd = (last: Event[], options = {}): number =>
    run([impossibleTravel], [...history("ana"), ...last], options).statistic(
      "impossible-travel user ana",
      today,
    );
  const trip = (minutes: number, place: keyof typeof places, more: Partial<Event> = {}) => [
    login(sixth, "ana", "berlin"),
    login(sixth + minutes * MINUTE, "ana", place, more),
  ];

  it.each([
    ["nobody travels", [login(sixth, "ana", "berlin")]],
    ["a flight's time lies between", trip(12 * 60, "tokyo")],
    ["the place is as near as locations are precise", trip(30, "hamburg")],
  ])("is 0 when %s", (_, last) => expect(odd(last)).toBe(0));

  it.each([
    ["less time", trip(10, "tokyo"), trip(300, "tokyo")],
    ["a greater distance", trip(10, "tokyo"), trip(10, "newYork")],
    ["another country", trip(1, "tokyo"), trip(1, "hamburg")],
    [
      "another device",
      trip(10, "tokyo", { "device.id": "L-2" }),
      [
        login(sixth, "ana", "berlin", { "device.id": "L-2" }),
        login(sixth + 10 * MINUTE, "ana", "tokyo", { "device.id": "L-2" }),
      ],
    ],
  ])("is greater with %s", (_, more, less) => {
    expect(odd(more)).toBeGreaterThan(odd(less));
    expect(odd(less)).toBeGreaterThan(0);
    expect(odd(more, { recode: true })).toBe(odd(more));
  });

  it("counts a jump that is too short to fire", () => {
    const short = trip(1, "hamburg");
    expect(findings([...history("ana"), ...short])).toEqual([]);
    expect(odd(short)).toBeGreaterThan(0);
  });

  it("keeps yesterday's, in the zone of the organisation", () => {
    const zoneOffsetMs = 9 * HOUR;
    const events = [
      ...history("ana"),
      ...trip(10, "tokyo"),
      login(sixth + DAY, "ana", "berlin"),
      login(sixth + DAY + MINUTE, "ana", "newYork"),
    ];
    const { statistic } = run([impossibleTravel], events, { zoneOffsetMs });
    const start = Math.floor((sixth + zoneOffsetMs) / DAY) * DAY - zoneOffsetMs;
    for (const day of [start, start + DAY]) {
      expect(statistic("impossible-travel user ana", day)).toBeGreaterThan(0);
    }
    expect(statistic("impossible-travel user ana", start - DAY)).toBe(0);
  });

  it("takes over what version 1 knew", () => {
    const place = {
      at: sixth,
      lat: 52.52,
      lon: 13.4,
      radius: 50,
      label: "DE",
      country: "DE",
      ip: "80.1.2.3",
      network: 1,
      device: 2,
      agent: 0,
      as: "AS3320",
      evidence: { id: "e", dataset: "test", success: true, authenticated: false },
    };
    const old = {
      places: [place],
      networks: [[1, 5, 20_000]],
      devices: [[2, 5, 20_000]],
      addresses: [],
      jumps: [],
      days: 5,
      day: 20_000,
    };
    const state = impossibleTravel.migrate(Buffer.from(JSON.stringify(old)), "1");
    expect(state).toMatchObject({ places: [place], networks: [[1, 5, 20_000, 0]], days: 5 });
    if (state === undefined) throw new Error("nothing was taken over");
    expect(impossibleTravel.decode(impossibleTravel.encode(state))).toEqual(state);
    expect(impossibleTravel.migrate(Buffer.from("{}"), "0")).toBeUndefined();
  });
});
