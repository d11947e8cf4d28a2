import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { readPairs } from "../../../ingest/formats/keycloak-line.ts";
import { isEvent } from "../../../schemas/validate.ts";
import { ARRIVAL, event, normalise, rejectCode } from "../normalise-rig.ts";

const common = 'realmId="r", realmName="m", clientId="app"';
const golden: readonly [string, Record<string, unknown>][] = [
  [
    `type="LOGIN", ${common}, userId="u", sessionId="s", ipAddress="192.0.2.1", username="ann"`,
    {
      "event.category": ["authentication"],
      "event.type": ["start"],
      "event.outcome": "success",
      "event.code": "LOGIN",
      "user.name": "ann",
      "user.id": "u",
      "user.domain": "m",
      "session.id": "s",
      "source.ip": "192.0.2.1",
      "service.name": "app",
      "ocsf.class_uid": 3002,
      "ocsf.activity_id": 1,
    },
  ],
  [
    `type="LOGIN_ERROR", ${common}, userId="null", ipAddress="192.0.2.1", error="user_not_found", username="x"`,
    { "event.outcome": "failure", "event.reason": "user_not_found", "user.known": false },
  ],
  [
    `type="LOGOUT", ${common}, userId="u", sessionId="s"`,
    { "event.type": ["end"], "ocsf.activity_id": 2 },
  ],
  [
    `type="REFRESH_TOKEN_ERROR", ${common}, userId="null", error="invalid_token", reason="User disabled"`,
    { "event.category": ["session"], "event.outcome": "failure", "event.reason": "invalid_token" },
  ],
  [
    `type="REFRESH_TOKEN_ERROR", ${common}, userId="null", error="invalid_token", refresh_token_sub="u"`,
    { "user.id": "u", "event.outcome": "failure" },
  ],
  [
    `type="REGISTER", ${common}, userId="u", username="ann", email="ann@corp.example"`,
    { "event.category": ["iam"], "user.name": "ann", "user.email": "ann@corp.example" },
  ],
  [`type="UPDATE_TOTP", ${common}, userId="u"`, { "event.category": ["iam"] }],
  [
    `operationType="UPDATE", ${common}, userId="adm", resourceType="USER", resourcePath="users/u", representation="{\\"enabled\\":false}"`,
    {
      "event.action": "admin_update",
      "user.id": "adm",
      "user.target.id": "u",
      "event.category": ["iam"],
    },
  ],
];

describe("keycloak.event", () => {
  it.each(golden)("%s", (line, expected) => {
    const found = event(line);
    expect(found).toMatchObject({ "event.dataset": "keycloak.event", ...expected });
    expect(isEvent(found)).toBe(true);
  });

  it("takes the host from the shipper where nothing in the line names it", () => {
    const document = { message: golden[0]![0], host: { name: "kc" } };
    expect(event(JSON.stringify(document))["host.name"]).toBe("kc");
  });

  it("reads null as nobody", () => {
    const found = event(golden[1]![0]);
    expect(found["user.id"]).toBeUndefined();
  });

  it("does not let a user name write a pair of its own", () => {
    const name = 'x\\", userId=\\"victim\\", username=\\"ann';
    const found = event(
      `type="LOGIN_ERROR", ${common}, userId="null", ipAddress="192.0.2.1", error="user_not_found", username="${name}"`,
    );
    expect(found["user.name"]).toBe('x", userId="victim", username="ann');
    expect(found["user.id"]).toBeUndefined();
    expect(rejectCode(`type="LOGIN", ${common}, username="a"b"`)).toBe("keycloak_malformed");
  });

  it("gives an unquoted key that occurs twice no value", () => {
    const fields = readPairs(
      "type=LOGIN_ERROR, ipAddress=192.0.2.1, username=x, ipAddress=10.0.0.1",
    );
    expect(fields).toEqual({ type: "LOGIN_ERROR", username: "x" });
  });

  it("reads lines, console lines, JSON over syslog and REST documents", () => {
    const records = readFileSync("test/fixtures/ingest/keycloak.event.log", "utf8")
      .split("\n")
      .filter(Boolean);
    const { events, rejects } = normalise(records);
    expect(rejects).toEqual([]);
    expect(events).toHaveLength(10);
    const arrived = new Date(ARRIVAL).toISOString();
    const times = events.map((found) => found["@timestamp"]);
    expect(times.filter((time) => time === arrived)).toHaveLength(5);
    expect(times).toContain("2026-11-24T10:00:00.123456Z");
    expect(events[1]!["host.name"]).toBeUndefined();
    expect(events[7]).toMatchObject({
      "host.name": "kc",
      "user.name": "ann",
      "source.ip": "198.51.100.7",
    });
    expect(events[8]).toMatchObject({ "user.name": "ann", "auth.mfa": true });
  });
});
