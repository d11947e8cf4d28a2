import { describe, expect, it } from "vitest";
import { isEvent } from "../../../schemas/validate.ts";
import { event, normalise, rejectCode } from "../normalise-rig.ts";

const flat = {
  "@timestamp": "2026-11-24T08:00:00.123456Z",
  "event.category": ["authentication"],
  "event.type": ["start"],
  "event.outcome": "success",
  "user.name": "Ann",
  "source.ip": "192.0.2.10",
};

const of = (extra: Record<string, unknown>): ReturnType<typeof event> =>
  event(JSON.stringify({ ...flat, ...extra }));

describe("ecs", () => {
  it("reads flat and nested documents alike", () => {
    const nested = {
      "@timestamp": flat["@timestamp"],
      event: { category: ["authentication"], type: ["start"], outcome: "success" },
      user: { name: "Ann" },
      source: { ip: "192.0.2.10" },
    };
    const { "event.id": _a, "event.original": _b, ...one } = of({});
    const { "event.id": _c, "event.original": _d, ...two } = event(JSON.stringify(nested));
    expect(two).toEqual(one);
    expect(one).toMatchObject({
      ...flat,
      "event.dataset": "ecs",
      "user.entity.id": "ann",
      "ocsf.class_uid": 3002,
    });
  });

  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    ["user.group", { "user.group": "finance" }, { "user.group.name": "finance" }],
    ["nested user.group", { user: { group: { name: "it" } } }, { "user.group.name": "it" }],
    ["several groups", { "user.group": ["it", "ops"] }, { "user.group.name": "it" }],
    ["groups with ids", { user: { group: [{ name: "it" }] } }, { "user.group.name": "it" }],
    [
      "geo point as well-known text",
      { "source.geo.location": "POINT (11.6 48.1)" },
      { "source.geo.location.lat": 48.1, "source.geo.location.lon": 11.6 },
    ],
    [
      "geo point as a GeoJSON object",
      { "source.geo.location": { type: "Point", coordinates: [11.6, 48.1] } },
      { "source.geo.location.lat": 48.1, "source.geo.location.lon": 11.6 },
    ],
    [
      "a time in a list",
      { "@timestamp": ["2026-11-21T19:13:01Z"] },
      { "@timestamp": "2026-11-21T19:13:01.000Z" },
    ],
    ["category as text", { "event.category": "iam" }, { "event.category": ["iam"] }],
    ["outcome in capitals", { "event.outcome": "FAILURE" }, { "event.outcome": "failure" }],
    [
      "a challenge",
      { "event.outcome": "CHALLENGE" },
      { "event.outcome": "unknown", "event.reason": "CHALLENGE" },
    ],
    [
      "flag as text",
      { "auth.mfa": "false", "device.managed": "1" },
      { "auth.mfa": false, "device.managed": true },
    ],
    [
      "number as text",
      { "source.port": "40", "source.geo.location.lat": "48.1" },
      { "source.port": 40, "source.geo.location.lat": 48.1 },
    ],
    ["text as number", { "session.id": 17 }, { "session.id": "17" }],
    ["mapped address", { "source.ip": "::ffff:192.0.2.7" }, { "source.ip": "192.0.2.7" }],
    [
      "address in long form",
      { "source.ip": "2001:0DB8:0:0:0:0:0:1" },
      { "source.ip": "2001:db8::1" },
    ],
    ["several addresses", { "source.ip": ["192.0.2.7", "10.0.0.1"] }, { "source.ip": "192.0.2.7" }],
    [
      "geo point as text",
      { "source.geo.location": "48.1,11.6" },
      { "source.geo.location.lat": 48.1, "source.geo.location.lon": 11.6 },
    ],
    [
      "geo point as GeoJSON",
      { "source.geo.location": [11.6, 48.1] },
      { "source.geo.location.lat": 48.1, "source.geo.location.lon": 11.6 },
    ],
    ["host as text", { host: "h1" }, { "host.name": "h1" }],
    [
      "millisecond epoch",
      { "@timestamp": 1_795_288_381_856 },
      { "@timestamp": "2026-11-21T19:13:01.856Z" },
    ],
    ["payload dataset", { "event.dataset": "okta.system" }, { "event.dataset": "okta.system" }],
  ])("coerces %s", (_name, extra, expected) => {
    const found = of(extra);
    expect(found).toMatchObject(expected);
    expect(isEvent(found)).toBe(true);
  });

  it.each<[string, Record<string, unknown>, string]>([
    ["a port that is none", { "source.port": 70_000 }, "source.port"],
    ["an address that is a name", { "destination.ip": "db.example" }, "destination.ip"],
    ["a pid of words", { "process.pid": "abc" }, "process.pid"],
    ["a name that is a list", { "user.full_name": ["a", "b"] }, "user.full_name"],
    ["a flag that is a number", { "device.managed": 7 }, "device.managed"],
    ["an unknown field", { "labels.x": "1" }, "labels.x"],
  ])("moves %s to the attributes", (_name, extra, key) => {
    const found = of(extra);
    expect(found[key as keyof typeof found]).toBeUndefined();
    expect(JSON.parse(found.attributes!)).toHaveProperty([key]);
    expect(isEvent(found)).toBe(true);
  });

  it.each(["-", "N/A", "(null)", "", null])("takes %j for absent", (word) => {
    const found = of({ "user.email": word, "device.managed": word, "process.pid": word });
    expect(found["user.email"]).toBeUndefined();
    expect(found["device.managed"]).toBeUndefined();
    expect(found.attributes).toBeUndefined();
  });

  it("never believes what only ingest may say", () => {
    const found = of({
      "sender.authenticated": false,
      "sender.id": "evil",
      "organization.id": "evil",
      "user.entity.id": "root",
      "user.entity.type": "service",
      "event.ingested": "2020-01-01T00:00:00.000Z",
      "event.future": true,
      "event.original": "evil",
    });
    expect(found).toMatchObject({
      "sender.authenticated": true,
      "sender.id": "test",
      "organization.id": "default",
      "user.entity.id": "ann",
      "user.entity.type": "user",
      "event.ingested": "2026-11-24T22:00:00.000Z",
    });
    expect(found["event.future"]).toBeUndefined();
    expect(found["event.original"]).toContain("evil");
  });

  it("cannot suppress another event by a chosen id", () => {
    const ids = [
      {},
      { "user.name": "bob" },
      { "source.ip": "192.0.2.9" },
      { "event.outcome": "failure" },
      { "@timestamp": "2026-11-24T08:00:01Z" },
    ].map((extra) => of({ "event.id": "x", ...extra })["event.id"]);
    expect(new Set(ids).size).toBe(ids.length);
    expect(of({ "event.id": "x", "labels.shipper": "b" })["event.id"]).toBe(ids[0]);
  });

  it("rejects JSON that is no event and times that are none", () => {
    expect(rejectCode('{"foo":1}')).toBe("format_unknown");
    expect(rejectCode(JSON.stringify({ ...flat, "@timestamp": "yesterday" }))).toBe("time_invalid");
    expect(rejectCode(JSON.stringify({ ...flat, "@timestamp": "2026-02-30T00:00:00Z" }))).toBe(
      "time_invalid",
    );
  });

  it("explodes a list, all of it or nothing", () => {
    const list = JSON.stringify([flat, flat, { ...flat, "user.name": "bob" }]);
    const { events } = normalise([list]);
    expect(events.map((found) => found["user.name"])).toEqual(["Ann", "Ann", "bob"]);
    expect(new Set(events.map((found) => found["event.id"])).size).toBe(3);
    const broken = normalise([JSON.stringify([flat, { foo: 1 }])]);
    expect(broken.events).toEqual([]);
    expect(broken.rejects).toHaveLength(1);
    expect(broken.rejects[0]!["reject.original"]).toContain("foo");
  });
});
