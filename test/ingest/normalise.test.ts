import { describe, expect, it } from "vitest";
import { createOrdinals } from "../../ingest/event-id.ts";
import { isEvent } from "../../schemas/validate.ts";
import { ARRIVAL, event, normalise, rejectCode, type RigOptions } from "./normalise-rig.ts";

const sshd = "Nov 21 19:13:01 vm sshd[42]: Failed password for ann from 192.0.2.1 port 40 ssh2";
const ecs = {
  "@timestamp": "2026-11-24T08:00:00.000Z",
  "event.action": "login",
  "event.outcome": "success",
  "user.name": "Ann",
  "source.ip": "192.0.2.10",
};
const file: RigOptions = {
  provenance: { tenant: "t1", transport: "file", senderId: "f.log", authenticated: true },
};

describe("what frames a record is no part of it", () => {
  it.each([
    ["LF", Buffer.from(`${sshd}\n`)],
    ["CRLF", Buffer.from(`${sshd}\r\n`)],
    ["NUL", Buffer.from(`${sshd}\0\0`)],
    ["a byte order mark", Buffer.from(`\uFEFF${sshd}`)],
  ])("%s", (_name, record) => {
    const found = event(record);
    expect(found["event.original"]).toBe(sshd);
    expect(found["event.id"]).toBe(event(sshd)["event.id"]);
  });
});

describe("bytes", () => {
  it("that are not UTF-8 are kept, one character each", () => {
    const record = Buffer.concat([
      Buffer.from(sshd.replace("ann", "a")),
      Buffer.from([0x20, 0xff, 0xfe]),
    ]);
    const { events, rejects } = normalise([record, Buffer.from([0xff, 0xc3, 0x28])]);
    expect(events[0]!["event.original_encoding"]).toBe("latin1");
    expect(Buffer.from(events[0]!["event.original"]!, "latin1")).toEqual(record);
    expect(rejects[0]).toMatchObject({
      "reject.original_encoding": "latin1",
      "reject.original": "\xff\xc3(",
    });
  });

  it("of a name that is not UTF-8 stay in the name", () => {
    const record = Buffer.from(sshd.replace("ann", "\xe4nn"), "latin1");
    expect(event(record)["user.name"]).toBe("änn");
    expect(event(sshd.replace("ann", "änn"))["event.id"]).not.toBe(event(record)["event.id"]);
  });

  it("that nobody can see are shown in names", () => {
    const found = event(
      JSON.stringify({ ...ecs, "user.name": "ro\u0000ot\n", message: "two\nlines" }),
    );
    expect(found["user.name"]).toBe("ro\\u{0}ot\\n");
    expect(found["user.entity.id"]).toBe("ro\\u{0}ot\\n");
    expect(found.message).toBe("two\nlines");
  });

  it("of half a character in JSON become visible, and merge with nothing", () => {
    const found = event(
      `{"event.action":"login","event.outcome":"success","user.name":"a\\ud800"}`,
    );
    expect(found["user.name"]).toBe("a\\ud800");
    expect(found["user.entity.id"]).toBe("a\\ud800");
    expect(
      event(`{"event.action":"login","event.outcome":"success","user.name":"\\ud83d\\ude00"}`)[
        "user.name"
      ],
    ).toBe("😀");
  });

  it("beyond the limit are a reject with all of them, or with as many as are kept and the sum", () => {
    const long = Buffer.alloc(3_000_000, 0x61);
    const whole = normalise([sshd, long, sshd]);
    expect(whole.events).toHaveLength(2);
    expect(whole.rejects[0]).toMatchObject({ "reject.code": "too_large" });
    expect(whole.rejects[0]!["reject.original"]).toHaveLength(3_000_000);
    const cut = normalise([long], {
      config: { limits: { recordBytes: 1000, keptBytes: 10 } },
    });
    expect(cut.rejects[0]!["reject.original"]).toBe("a".repeat(10));
    expect(cut.rejects[0]!["reject.reason"]).toBe(
      "too_large: 3000000 bytes, at most 1000 are read; the first 10 are kept",
    );
  });

  it.each([
    "",
    "\0",
    "\n",
    "   ",
    "hello world",
    "[",
    "{",
    "null",
    "<",
    "<>",
    "\uFEFF",
    "[1] x",
    '"text"',
  ])("that mean nothing are rejected: %j", (record) => {
    const { events, rejects } = normalise([record]);
    expect(events).toEqual([]);
    expect(rejects).toHaveLength(1);
    expect(rejects[0]!["reject.reason"]).toMatch(/^[a-z_]+: .+/);
  });
});

describe("ids", () => {
  const ids = (records: string[], options: RigOptions = {}): string[] =>
    normalise(records, options).events.map((found) => found["event.id"]);

  it("are the same again, and differ for equal records of one delivery", () => {
    const first = ids([sshd, sshd, sshd]);
    expect(new Set(first).size).toBe(3);
    expect(ids([sshd, sshd, sshd])).toEqual(first);
    expect(ids([sshd])).toEqual([first[0]]);
  });

  it("count equal records over deliveries where the source says so, over a window", () => {
    const ordinals = createOrdinals(4);
    const all = [0, 1, 2].flatMap(() => ids([sshd], { ordinals }));
    expect(new Set(all).size).toBe(3);
    for (let index = 0; index < 20; index++) ordinals(Buffer.from(`other ${index}`));
    expect(ordinals(Buffer.from(sshd))).toBe(0);
  });

  it("depend on tenant and sender, not on arrival", () => {
    const id = ids([sshd])[0];
    const from = (tenant: string, senderId: string) =>
      ids([sshd], { provenance: { tenant, transport: "http", senderId, authenticated: true } })[0];
    expect(from("default", "other")).not.toBe(id);
    expect(from("other", "test")).not.toBe(id);
    expect(ids([sshd], { arrivedAt: ARRIVAL + 1000 })).toEqual([id]);
  });

  it("of rejects are stable and unique too", () => {
    const of = () => normalise(["x", "x", "y"]).rejects.map((found) => found["reject.id"]);
    expect(new Set(of()).size).toBe(3);
    expect(of()).toEqual(of());
  });
});

describe("time", () => {
  const at = (time: string, options: RigOptions = {}) =>
    event(JSON.stringify({ ...ecs, "@timestamp": time }), options);

  it("in the future is flagged and not changed", () => {
    expect(at("2026-11-24T22:05:00.000Z")["event.future"]).toBeUndefined();
    const found = at("2026-11-24T22:05:00.001Z");
    expect(found).toMatchObject({ "event.future": true, "@timestamp": "2026-11-24T22:05:00.001Z" });
    expect(at("2028-01-01T00:00:00Z")["@timestamp"]).toBe("2028-01-01T00:00:00.000Z");
  });

  it("without a zone is read in the batch's", () => {
    expect(event(sshd, { timezone: "Europe/Berlin" })["@timestamp"]).toBe(
      "2026-11-21T18:13:01.000Z",
    );
  });

  it("that is missing is the time of arrival", () => {
    const { "@timestamp": _time, ...rest } = ecs;
    expect(event(JSON.stringify(rest))["@timestamp"]).toBe("2026-11-24T22:00:00.000Z");
  });
});

describe("an Event that was made before", () => {
  it("goes through unchanged from a file", () => {
    const made = normalise([sshd, JSON.stringify(ecs)], file).events;
    const again = normalise(
      made.map((found) => JSON.stringify(found)),
      {
        ...file,
        arrivedAt: ARRIVAL + 86_400_000,
        provenance: { tenant: "t2", transport: "file", senderId: "g", authenticated: false },
      },
    );
    expect(again.events.map((found) => JSON.stringify(found))).toEqual(
      made.map((found) => JSON.stringify(found)),
    );
  });

  it("gets only what it lacks", () => {
    const text = JSON.stringify({ ...ecs, "event.id": "e1", "event.dataset": "okta.system" });
    expect(event(text, file)).toMatchObject({
      ...ecs,
      "event.id": "e1",
      "event.dataset": "okta.system",
      "event.original": text,
      "organization.id": "t1",
      "sender.id": "f.log",
      "user.entity.id": "ann",
      "user.entity.type": "user",
    });
  });

  it("hides no other by the id it brings", () => {
    const of = (extra: object) =>
      JSON.stringify({ ...ecs, "event.id": "e1", "event.dataset": "d", ...extra });
    const { events } = normalise([of({}), of({}), of({ "user.name": "bob" })], file);
    expect(events.map((found) => found["event.id"]).slice(0, 2)).toEqual(["e1", "e1"]);
    expect(events[2]!["event.id"]).toMatch(/^[0-9a-f]{32}$/);
  });

  it("is a record like any other when it came by a network", () => {
    const made = event(sshd, file);
    const found = event(JSON.stringify({ ...made, "sender.authenticated": true }), {
      provenance: { tenant: "t9", transport: "http", senderId: "h", authenticated: false },
    });
    expect(found).toMatchObject({
      "organization.id": "t9",
      "sender.id": "h",
      "sender.transport": "http",
      "sender.authenticated": false,
    });
    expect(found["event.id"]).not.toBe(made["event.id"]);
  });
});

describe("the dataset", () => {
  it("that is configured decides", () => {
    expect(normalise([sshd], { dataset: "linux.sudo" }).rejects[0]).toMatchObject({
      "reject.code": "program_unknown",
      "event.dataset": "linux.sudo",
    });
    expect(rejectCode(sshd, { dataset: "nosuch" })).toBe("dataset_unknown");
    expect(event(sshd, { dataset: "linux.sshd" })["user.name"]).toBe("ann");
  });

  it("of a document from outside is never one that we read ourselves", () => {
    const said = (dataset: string) =>
      event(JSON.stringify({ "event.dataset": dataset, "user.name": "ann" }))["event.dataset"];
    expect(said("keycloak.event")).toBe("ecs.keycloak.event");
    expect(said("okta.system")).toBe("okta.system");
  });
});

it("lays configured networks and identity domains over events", () => {
  const found = event(sshd, {
    config: {
      identityDomains: { "linux.sshd": "corp" },
      networks: [{ cidr: "192.0.2.0/24", name: "hq", lat: 48, lon: 11, country: "DE" }],
    },
  });
  expect(found).toMatchObject({
    "user.entity.id": "ann@corp",
    "source.geo.name": "hq",
    "source.geo.location.lat": 48,
  });
  expect(isEvent(found)).toBe(true);
});
