import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { isEvent } from "../../../schemas/validate.ts";
import { event, normalise, rejectCode } from "../normalise-rig.ts";

it("reads dotted and nested keys, times as numbers and text, and what a Beat carries", () => {
  const records = readFileSync("test/fixtures/ingest/zeek.conn.ndjson", "utf8")
    .split("\n")
    .filter(Boolean);
  const { events, rejects } = normalise(records);
  expect(rejects).toEqual([]);
  expect(events.every(isEvent)).toBe(true);
  expect(events[0]).toMatchObject({
    "@timestamp": "2026-11-21T19:13:01.856025Z",
    "event.dataset": "zeek.conn",
    "source.ip": "192.0.2.10",
    "source.port": 39_450,
    "destination.ip": "198.51.100.1",
    "destination.port": 443,
    "network.transport": "tcp",
    "network.protocol": "ssl",
    "source.bytes": 100,
    "destination.bytes": 2000,
    "network.bytes": 2100,
    "event.duration": 1_500_000_000,
    "network.community_id": "1:abc=",
    "ocsf.class_uid": 4001,
  });
  expect(events[1]).toMatchObject({ "source.ip": "2001:db8::1", "source.port": 5353 });
  expect(events[1]!["network.protocol"]).toBeUndefined();
  expect(events[1]!["event.duration"]).toBeUndefined();
  expect(events[2]).toMatchObject({ "event.dataset": "zeek.conn", "destination.port": 22 });
  expect(JSON.parse(events[0]!.attributes!)).toMatchObject({ conn_state: "SF", local_orig: true });
});

it("takes no other Zeek log for its own", () => {
  const dns = {
    _path: "dns",
    ts: 1_795_288_381.8,
    uid: "C",
    "id.orig_h": "192.0.2.1",
    "id.resp_h": "192.0.2.2",
    proto: "udp",
  };
  expect(rejectCode(JSON.stringify(dns))).toBe("format_unknown");
  const conn = { ...dns, _path: "conn", "id.orig_h": "nowhere", "id.resp_h": "-" };
  expect(rejectCode(JSON.stringify(conn))).toBe("zeek_incomplete");
  const bare = { ...dns, _path: undefined, uid: undefined, conn_state: "S0" };
  expect(event(JSON.stringify(bare))["event.dataset"]).toBe("zeek.conn");
  expect(event(JSON.stringify({ ...dns, _path: "conn" }))["event.dataset"]).toBe("zeek.conn");
});
