import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isEvent } from "../../../schemas/validate.ts";
import { event, normalise } from "../normalise-rig.ts";

const record = (id: number | string, data: Record<string, string>, winlog: object = {}): string =>
  JSON.stringify({
    "@timestamp": "2026-11-24T08:00:00.000Z",
    event: { code: String(id), provider: "Microsoft-Windows-Security-Auditing" },
    winlog: {
      channel: "Security",
      computer_name: "WS1",
      event_id: id,
      event_data: data,
      record_id: 7,
      ...winlog,
    },
  });

describe("windows.security", () => {
  it("reads a logon as Winlogbeat ships it", () => {
    const records = readFileSync("test/fixtures/ingest/windows.security.ndjson", "utf8")
      .split("\n")
      .filter(Boolean);
    const { events, rejects } = normalise(records);
    expect(rejects).toEqual([]);
    expect(events.every(isEvent)).toBe(true);
    expect(events.map((found) => found["event.code"])).toEqual([
      "4624",
      "4625",
      "4625",
      "4634",
      "4688",
      "4740",
      "1102",
      "4624",
    ]);
    expect(events[0]).toMatchObject({
      "event.action": "logged-in",
      "event.outcome": "success",
      "user.name": "Ann",
      "user.domain": "CORP",
      "user.entity.id": "ann",
      "user.entity.type": "user",
      "source.ip": "192.0.2.10",
      "source.port": 50_123,
      "auth.logon_type": "network",
      "auth.method": "kerberos",
      "session.id": "0x3e1234",
      "host.name": "WS1.corp.example",
      "ocsf.class_uid": 3002,
    });
    expect(events[4]).toMatchObject({
      "process.name": "powershell.exe",
      "process.pid": 436,
      "process.parent.name": "explorer.exe",
      "process.command_line": "powershell -enc AAAA",
      "user.name": "ann",
    });
  });

  it.each([
    ["0xC0000064", "user_not_found", false],
    ["0xC000006A", "bad_password", undefined],
    ["0xC0000234", "account_locked", undefined],
    ["0xC0000072", "account_disabled", undefined],
    ["0xC0009999", "0xc0009999", undefined],
  ])("4625 with %s says %s", (code, reason, known) => {
    const found = event(
      record(4625, { TargetUserName: "ann", Status: "0xC000006D", SubStatus: code }),
    );
    expect(found).toMatchObject({ "event.outcome": "failure", "event.reason": reason });
    expect(found["user.known"]).toBe(known);
  });

  it.each([
    ["WS2$", "S-1-5-21-1", "service"],
    ["SYSTEM", "S-1-5-18", "service"],
    ["Système", "S-1-5-18", "service"],
    ["DWM-3", "S-1-5-90-0-3", "service"],
    ["ANONYMOUS LOGON", "S-1-5-7", "service"],
    ["ann", "S-1-5-21-1", "user"],
  ])("%s is a %3$s", (name, sid, type) => {
    const found = event(record(4624, { TargetUserName: name, TargetUserSid: sid }));
    expect(found["user.entity.type"]).toBe(type);
  });

  it("reads what NXLog writes side by side", () => {
    const found = event(
      JSON.stringify({
        EventTime: "2026-11-24 08:00:07",
        Hostname: "WS1",
        EventID: 4625,
        Channel: "Security",
        TargetUserName: "ann",
        IpAddress: "192.0.2.9",
        Status: "0xC0000234",
      }),
    );
    expect(found).toMatchObject({
      "user.name": "ann",
      "source.ip": "192.0.2.9",
      "event.reason": "account_locked",
      "@timestamp": "2026-11-24T08:00:07.000Z",
    });
  });

  it("makes a general event of an id it has no row for", () => {
    const found = event(
      record(
        4999,
        { SubjectUserName: "ann", TargetUserName: "bob", Odd: "1" },
        { keywords: ["Audit Failure"] },
      ),
    );
    expect(found).toMatchObject({
      "event.code": "4999",
      "event.outcome": "failure",
      "user.name": "ann",
      "user.target.name": "bob",
    });
    expect(JSON.parse(found.attributes!)).toMatchObject({ "winlog.event_data.Odd": "1" });
  });

  it.each<[number, Record<string, string>, Record<string, unknown>]>([
    [
      4728,
      {
        TargetUserName: "Domain Admins",
        TargetSid: "S-1-5-21-512",
        MemberName: "CN=Bob,DC=x",
        MemberSid: "S-1-5-21-9",
        SubjectUserName: "ann",
      },
      {
        "event.type": ["group", "change"],
        "user.name": "ann",
        "user.target.name": "CN=Bob,DC=x",
        "user.target.id": "S-1-5-21-9",
      },
    ],
    [
      4778,
      { AccountName: "ann", AccountDomain: "CORP", LogonID: "0x7", ClientAddress: "192.0.2.10" },
      {
        "event.category": ["session"],
        "user.name": "ann",
        "user.domain": "CORP",
        "session.id": "0x7",
        "source.ip": "192.0.2.10",
      },
    ],
    [
      4781,
      { TargetUserName: "bob", SubjectUserName: "ann" },
      { "event.category": ["iam"], "user.name": "ann", "user.target.name": "bob" },
    ],
  ])("says who acted and upon whom in %i", (id, data, expected) => {
    expect(event(record(id, data))).toMatchObject(expected);
  });

  it("keeps what a shipper's own module has already named, and believes the data first", () => {
    const found = event(
      JSON.stringify({
        ...(JSON.parse(record(4624, { TargetUserName: "ann", LogonType: "10" })) as object),
        user: { name: "eve" },
        source: { ip: "192.0.2.10", port: "40" },
        sender: { authenticated: false },
      }),
    );
    expect(found).toMatchObject({
      "user.name": "ann",
      "source.ip": "192.0.2.10",
      "source.port": 40,
      "sender.authenticated": true,
    });
    expect(isEvent(found)).toBe(true);
  });

  it("names the same record by computer, channel and number, whatever the shipper adds", () => {
    const one = event(record(4624, { TargetUserName: "ann" }));
    const two = event(record(4624, { TargetUserName: "ann" }, { opcode: "Info" }));
    const other = event(record(4624, { TargetUserName: "bob" }));
    expect(two["event.id"]).toBe(one["event.id"]);
    expect(other["event.id"]).not.toBe(one["event.id"]);
  });
});
