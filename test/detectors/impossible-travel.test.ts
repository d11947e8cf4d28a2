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

  const laptop = { "device.id": "L-1", "user_agent.original": "Firefox/131.0" };
  const atWork = (day: number) => login(START + day * DAY, "ana", "berlin", laptop);
  const worked = [0, 1, 2, 3, 4, 5].map(atWork);
  const then = (minutes: number, place: keyof typeof places, more: Partial<Event> = {}) =>
    login(sixth + minutes * MINUTE, "ana", place, more);

  it.each<[string, ...Event[]]>([
    ["an unknown device", then(9, "tokyo", { "device.id": "X-1" })],
    [
      "an unknown device that runs a program like the owner's",
      then(9, "tokyo", { ...laptop, "device.id": "X-1" }),
    ],
    ["an unknown program without a device", then(9, "tokyo", { "user_agent.original": "curl/8" })],
    [
      "a second factor that was passed only later",
      then(9, "tokyo", { "device.id": "X-1" }),
      then(10, "tokyo", { "device.id": "X-1", "auth.mfa": true }),
    ],
    [
      "a second factor that was passed elsewhere",
      then(-1, "berlin", { ...laptop, "auth.mfa": true }),
      then(9, "tokyo", { "device.id": "X-1" }),
    ],
  ])("is certain for a far sign-in with %s", (_, ...last) => {
    const found = findings([...worked, ...last]);
    expect(found.filter((one) => one.certain).map(identityOf)).toHaveLength(1);
  });

  it.each<[string, ...Event[]]>([
    ["one that passed a second factor", then(9, "tokyo", { "device.id": "X-1", "auth.mfa": true })],
    [
      "what follows on a second factor passed there",
      then(9, "tokyo", { "device.id": "X-1", "auth.mfa": true }),
      then(12, "tokyo", { "device.id": "X-1", "source.ip": "126.5.9.9" }),
      then(15, "berlin", laptop),
    ],
    [
      "the owner's program, no device named",
      then(9, "tokyo", { "user_agent.original": "Firefox/132.5" }),
    ],
    ["a source that names nothing of an account that else names its device", then(9, "tokyo")],
    [
      "a device the organisation manages",
      then(9, "tokyo", { "device.id": "K", "device.managed": true }),
    ],
    [
      "a program that was new, in the account's country",
      then(9, "hamburg"),
      then(10, "berlin", laptop),
    ],
  ])("is not certain for a far sign-in of %s", (_, ...last) => {
    const found = findings([...worked, ...last], {
      params: { "impossible-travel": { min_km: 100 } },
    });
    expect(found.length).toBeGreaterThan(0);
    expect(found.every((one) => !one.certain && one.severity < 40)).toBe(true);
  });

  it("is not certain for what the account did on one earlier day", () => {
    const private_ = { "device.id": "P-1", "user_agent.original": "Safari/1" };
    const once = login(START + 2 * DAY + 14 * HOUR, "ana", "newYork", private_);
    const events = [...worked.slice(0, 3), once, ...worked.slice(3)];
    for (const more of [private_, { "device.id": "X-1" }]) {
      expect(findings([...events, then(9, "newYork", more)])).toMatchObject([{ certain: false }]);
    }
    expect(findings([...events, then(9, "tokyo", private_)])).toMatchObject([{ certain: false }]);
    expect(findings([...events, then(9, "tokyo", { "device.id": "X-1" })])).toMatchObject([
      { certain: true },
    ]);
  });

  it("is not certain where neither end is surely the owner's", () => {
    const abroad = [then(5 * 60, "tokyo"), then(5 * 60 + 9, "newYork")];
    const found = findings([...history("ana"), ...abroad]);
    expect(found).toMatchObject([{ certain: false }]);
    expect(found[0]?.message).toContain("neither end is surely the owner's");
  });

  it("is not certain for a provider through which two others tunnel with devices of their own", () => {
    const tunnels = ["bo", "cy"].flatMap((user) => [
      ...[0, 1, 2, 3].map((day) => login(START + day * DAY, user, "berlin", { "device.id": user })),
      login(START + 3 * DAY + HOUR, user, "newYork", { "device.id": user }),
      // The jump shows once something else of the account is at home: a phone that names nothing.
      login(START + 3 * DAY + 2 * HOUR, user, "berlin"),
    ]);
    const byTime = (events: Event[]) =>
      events.toSorted((a, b) => (a["@timestamp"] < b["@timestamp"] ? -1 : 1));
    const thief = then(9, "newYork", { "device.id": "X-1", "source.ip": "203.0.1.1" });
    const certain = (events: Event[]) =>
      findings(byTime([...worked, ...events, thief])).filter(
        (one) => one.entity === "ana" && one.certain,
      );
    expect(certain(tunnels)).toEqual([]);
    expect(certain(tunnels.filter((one) => one["user.entity.id"] === "bo"))).toHaveLength(1);
    // Thieves in many accounts do not make their provider one of tunnels.
    const stolen = tunnels.map((one) =>
      one["source.geo.country_iso_code"] === "US" ? { ...one, "device.id": "X-2" } : one,
    );
    expect(certain(stolen)).toHaveLength(1);
  });

  it("tells of a stranger on the same way as the owner's tunnel that day, and whose address it is", () => {
    const kiosk = then(20, "newYork", { "device.id": "K", "device.managed": true });
    const thief = then(60, "newYork", { "device.id": "X-1", "source.ip": "203.0.9.9" });
    const found = findings([...worked, kiosk, thief, then(70, "berlin", laptop)]);
    expect(found.map(({ certain, sourceIp }) => [certain, sourceIp])).toEqual([
      [false, "203.0.113.77"],
      [true, "203.0.9.9"],
    ]);
    expect(found[0]?.discriminator).not.toBe(found[1]?.discriminator);
    expect(found[1]?.evidence.at(-1)?.id).toBe(thief["event.id"]);
  });

  it("counts flips with a stranger over midnight once", () => {
    const late = Math.floor(sixth / DAY) * DAY + DAY - 30 * MINUTE;
    const flips = [0, 5, 40, 45].map((minutes, index) =>
      index % 2 === 0
        ? login(late + minutes * MINUTE, "ana", "berlin", laptop)
        : login(late + minutes * MINUTE, "ana", "tokyo", { "device.id": "X-1" }),
    );
    const found = findings([...worked, ...flips]).filter((one) => one.certain);
    expect(found.length).toBeGreaterThan(1);
    expect(new Set(found.map(identityOf)).size).toBe(1);
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
    expect(result.bytes["impossible-travel"]).toBeLessThan(1800);
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

  it("takes over what older versions knew", () => {
    const old = {
      places: [],
      networks: [[1, 5, 20_000]],
      devices: [[2, 5, 20_000]],
      addresses: [],
      jumps: [],
      days: 5,
      day: 20_000,
    };
    const bytes = Buffer.from(JSON.stringify(old));
    const state = impossibleTravel.migrate(bytes, "1");
    expect(state).toMatchObject({ places: [], networks: [[1, 5, 20_000, 0]], days: 5 });
    if (state === undefined) throw new Error("nothing was taken over");
    expect(impossibleTravel.decode(impossibleTravel.encode(state))).toEqual(state);
    const [, networks, devices] = JSON.parse(
      Buffer.from(impossibleTravel.encode(state)).toString(),
    );
    const second = [[["a place"]], networks, devices, "", "", [5, 20_000], [["a stay"]], [[0, 1]]];
    expect(impossibleTravel.migrate(Buffer.from(JSON.stringify(second)), "2")).toEqual(state);
    expect(impossibleTravel.migrate(Buffer.from("{}"), "0")).toBeUndefined();
  });
});
