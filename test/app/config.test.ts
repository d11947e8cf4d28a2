import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it, vi } from "vitest";
import { parseConfig, shownConfig } from "../../app/config.ts";
import { packageRoot } from "../../app/version.ts";

const examples = join(packageRoot, "docs", "examples");

describe("configuration", () => {
  it("is everything embedded, on loopback, executing notices alone, without a file", () => {
    const config = parseConfig("", "none");
    expect(Object.keys(config.ingest.sources)).toEqual(["http", "syslog"]);
    expect(config.event_log.kafka).toBeUndefined();
    expect(config.respond.live).toEqual(["notify"]);
  });

  it("names file, line, column and the nearest key", () => {
    expect(() => parseConfig("respond:\n  liv: []\n", "m.yaml")).toThrow(
      'm.yaml:2:3 respond.liv: unknown key "liv"; did you mean "live"?',
    );
    expect(() => parseConfig("detect:\n  detectors:\n    login-brust: {}\n", "m.yaml")).toThrow(
      /m\.yaml:3:5 .*did you mean "login-burst"/,
    );
    expect(() => parseConfig("timezone: Mars/Base\n", "m.yaml")).toThrow(
      /no IANA zone "Mars\/Base"/,
    );
  });

  it("lists every problem", () => {
    expect(() =>
      parseConfig("partitions: 0\nrespond: { caps: { hour_min: -1 } }\n", "m.yaml"),
    ).toThrow(/2 problems\nm\.yaml:1:1 partitions.*\nm\.yaml:2:\d+ respond\.caps\.hour_min/);
  });

  it("never shows a secret", () => {
    const config = parseConfig(
      "jobs: { redis: { url: 'redis://:hunter2@r' } }\nstore: { clickhouse: { url: 'http://c', password: hunter2 } }\n",
      "m.yaml",
    );
    expect(JSON.stringify(shownConfig(config))).not.toContain("hunter2");
  });

  it.each(readdirSync(examples))("accepts docs/examples/%s", (name) => {
    vi.stubEnv("CLICKHOUSE_PASSWORD", "x");
    vi.stubEnv("KEYCLOAK_CLIENT_SECRET", "y");
    const config = parseConfig(readFileSync(join(examples, name), "utf8"), name);
    vi.unstubAllEnvs();
    expect(config.respond.protected).toContain("breakglass");
  });
});
