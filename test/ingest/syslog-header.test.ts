import { describe, expect, it } from "vitest";
import { readSyslog } from "../../ingest/syslog-header.ts";

const time = "2026-11-21T19:13:01.123456+00:00";
const whole = { host: "vm", program: "app", pid: "42", message: "hello x" };

describe("syslog headers", () => {
  it.each<[string, Record<string, unknown>]>([
    [
      "<38>Nov 21 19:13:01 vm app[42]: hello x",
      { ...whole, timestamp: "Nov 21 19:13:01", facility: 4, severity: 6 },
    ],
    ["<38>Nov 21 19:13:01 vm app[42] hello x", whole],
    ["<38>Nov  1 19:13:01 vm app: hello x", { host: "vm", program: "app", message: "hello x" }],
    [`<38>1 ${time} vm app 42 id - hello x`, { ...whole, timestamp: time, messageId: "id" }],
    [`<38>1 ${time} vm app 42 id [a@1 b="c \\"] \\\\ d"][timeQuality x="1"]  hello x`, whole],
    [`<38>1 ${time} vm app 42 id - \uFEFFhello x`, whole],
    [`<38>1 ${time} vm app 42 id - ï»¿hello x`, whole],
    [`<38>1 ${time} vm app 42 id [broken hello x`, { host: "vm", message: "[broken hello x" }],
    [`<14>1 ${time} - - - - - hello x`, { timestamp: time, message: "hello x" }],
    [`<38>1 ${time} vm app[42] - - - hello x`, whole],
    [`<38>${time} vm app[42]: hello x`, whole],
    [`${time} vm app[42]: hello x`, { ...whole, timestamp: time }],
    ["2026-11-21 19:13:01 vm app[42]: hello x", { ...whole, timestamp: "2026-11-21 19:13:01" }],
    ["1795288381.856025 vm app[42]: hello x", { ...whole, timestamp: "1795288381.856025" }],
    ["Nov 21 19:13:01 app[42]: hello x", { program: "app", pid: "42", message: "hello x" }],
    ["Nov 21 2026 19:13:01 vm app[42]: hello x", { ...whole, timestamp: "Nov 21 2026 19:13:01" }],
    ["Nov 21 19:13:01 fe80::1 app[42]: hello x", { ...whole, host: "fe80::1" }],
    ["<999>Nov 21 19:13:01 vm app[42]: hello x", whole],
    ["<38>app[42]: hello x", { program: "app", pid: "42", message: "hello x" }],
    ["Nov 21 19:13:01 vm /usr/sbin/app[42]: hello x", whole],
    [
      "Nov 21 19:13:01 vm CEF:0|a|b|1|2|n|5|src=1.2.3.4",
      { host: "vm", message: "CEF:0|a|b|1|2|n|5|src=1.2.3.4" },
    ],
  ])("%s", (text, expected) => {
    expect(readSyslog(text)).toMatchObject(expected);
  });

  it("names no facility for a priority that has none", () => {
    expect(readSyslog("<999>Nov 21 19:13:01 vm app[42]: x")).not.toHaveProperty("facility");
  });

  it.each([
    "",
    "hello",
    "Accepted password for root from 1.2.3.4 port 1 ssh2",
    "<a>x",
    "[1] x",
    "sshd[1]: x",
  ])("%s is no syslog", (text) => {
    expect(readSyslog(text)).toBeUndefined();
  });

  it("stays linear in a hostile header", () => {
    const before = process.cpuUsage().user;
    for (const text of ["<1>", "<1>1 ", "Nov 21 19:13:01 ", `<38>1 ${time} a b c d [`]) {
      for (const filler of [" ", "[", '"', "\\", ": ", "a[", "x "])
        readSyslog(text + filler.repeat(300_000));
    }
    expect(process.cpuUsage().user - before).toBeLessThan(2_000_000);
  });
});
