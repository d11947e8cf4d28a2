import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { isEvent } from "../../../schemas/validate.ts";
import { event, normalise, rejectCode } from "../normalise-rig.ts";

const line = (message: string, program = "sshd[42]:"): string =>
  `Nov 21 19:13:01 vm ${program} ${message}`;

const start = { "event.category": ["authentication"], "event.type": ["start"] };
const info = { "event.category": ["authentication"], "event.type": ["info"] };
const from = { "source.ip": "192.0.2.1", "source.port": 40 };

const golden: readonly [string, Record<string, unknown>][] = [
  [
    "Failed password for ann from 192.0.2.1",
    { ...start, "event.outcome": "failure", "user.name": "ann", "source.ip": "192.0.2.1" },
  ],
  [
    "Accepted password for ann from fe80::1%eth0 ssh2",
    { ...start, "event.outcome": "success", "user.name": "ann", "source.ip": "fe80::1" },
  ],
  [
    "User ann not allowed because account is locked",
    {
      ...info,
      "user.name": "ann",
      "event.outcome": "failure",
      "event.reason": "account is locked",
    },
  ],
  [
    "Disconnecting: Too many authentication failures for root [preauth]",
    { "event.action": "ssh_disconnect", "user.name": "root" },
  ],
  [
    "reverse mapping checking getaddrinfo for h.example [192.0.2.1] failed - POSSIBLE BREAK-IN ATTEMPT!",
    { "event.action": "ssh_name_mismatch", "source.ip": "192.0.2.1" },
  ],
  [
    "Address 192.0.2.1 maps to h.example, but this does not map back to the address.",
    { "event.action": "ssh_name_mismatch", "source.ip": "192.0.2.1" },
  ],
  ["subsystem request for sftp by user ann", { "user.name": "ann" }],
  [
    "pam_sss(sshd:auth): authentication success; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1 user=ann",
    { ...info, "event.outcome": "success", "user.name": "ann", "source.ip": "192.0.2.1" },
  ],
  [
    "pam_sss(sshd:auth): received for user ann: 7 (Authentication failure)",
    { ...info, "event.outcome": "failure", "user.name": "ann" },
  ],
  [
    "pam_sss(sshd:account): Access denied for user ann: 6 (Permission denied)",
    { ...info, "event.outcome": "failure", "user.name": "ann" },
  ],
  [
    'pam_succeed_if(sshd:auth): requirement "uid >= 1000" not met by user "root"',
    { ...info, "user.name": "root" },
  ],
  [
    "pam_faillock(sshd:auth): Consecutive login failures for user ann account temporarily locked",
    { ...info, "event.outcome": "failure", "user.name": "ann" },
  ],
  [
    "Accepted password for ann from 192.0.2.1 port 40 ssh2",
    {
      ...start,
      ...from,
      "event.outcome": "success",
      "auth.method": "password",
      "user.name": "ann",
    },
  ],
  [
    "Accepted publickey for ann from 192.0.2.1 port 40 ssh2: RSA SHA256:abc/+=",
    { ...start, ...from, "auth.credential_id": "SHA256:abc/+=", "auth.method": "publickey" },
  ],
  [
    "Accepted publickey for ann from 192.0.2.1 port 40 ssh2: RSA 3a:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99",
    { "auth.credential_id": "3a:bb:cc:dd:ee:ff:00:11:22:33:44:55:66:77:88:99" },
  ],
  [
    "Accepted publickey for ann from 192.0.2.1 port 40 ssh2: ED25519-CERT SHA256:ab ID ann@x (serial 7) CA ED25519 SHA256:cd",
    { ...from, "user.name": "ann", "auth.credential_id": "SHA256:ab" },
  ],
  [
    'Accepted hostbased for ann from 192.0.2.1 port 40 ssh2: RSA SHA256:ab, client user "ann", client host "h"',
    { ...from, "user.name": "ann", "auth.method": "hostbased" },
  ],
  [
    "Accepted keyboard-interactive/pam for ann from 192.0.2.1 port 40 ssh2",
    { "event.outcome": "success" },
  ],
  [
    "Accepted gssapi-with-mic for ann from 192.0.2.1 port 40 ssh2: ann@EX.COM",
    { ...from, "user.name": "ann" },
  ],
  [
    "Failed password for ann from ::ffff:192.0.2.1 port 40 ssh2",
    { ...start, ...from, "event.outcome": "failure" },
  ],
  ["Failed none for invalid user  from 192.0.2.1 port 40 ssh2", { ...from, "user.known": false }],
  [
    "Failed password for invalid user bob from fe80::1%eth0 port 40 ssh2",
    {
      "source.ip": "fe80::1",
      "user.known": false,
      "event.reason": "invalid user",
      "user.name": "bob",
    },
  ],
  [
    "Partial publickey for ann from 192.0.2.1 port 40 ssh2",
    { ...info, "event.outcome": "unknown" },
  ],
  [
    "Postponed keyboard-interactive for ann from 192.0.2.1 port 40 ssh2 [preauth]",
    { ...info, ...from },
  ],
  [
    "Invalid user bob from 192.0.2.1 port 40",
    { ...info, ...from, "user.name": "bob", "user.known": false },
  ],
  ["Invalid user bob from 192.0.2.1", { "source.ip": "192.0.2.1", "user.name": "bob" }],
  [
    "input_userauth_request: invalid user bob [preauth]",
    { "user.name": "bob", "user.known": false },
  ],
  [
    "User ann from 192.0.2.1 not allowed because account is locked",
    { ...info, "event.reason": "account is locked", "source.ip": "192.0.2.1", "user.name": "ann" },
  ],
  [
    "error: maximum authentication attempts exceeded for invalid user bob from 192.0.2.1 port 40 ssh2 [preauth]",
    { ...info, ...from, "user.name": "bob", "user.known": false },
  ],
  [
    "Connection closed by authenticating user ann 192.0.2.1 port 40 [preauth]",
    { ...from, "user.name": "ann" },
  ],
  [
    "Connection reset by invalid user bob 192.0.2.1 port 40 [preauth]",
    { ...from, "user.known": false },
  ],
  [
    "Connection closed by 192.0.2.1 port 40 [preauth]",
    { ...from, "event.action": "ssh_disconnect" },
  ],
  ["Disconnected from user ann 192.0.2.1 port 40", { ...from, "user.name": "ann" }],
  ["Disconnected from 192.0.2.1 port 40", from],
  [
    "Disconnecting invalid user bob 192.0.2.1 port 40: Too many authentication failures [preauth]",
    { ...from, "user.name": "bob", "event.reason": "Too many authentication failures" },
  ],
  ["Received disconnect from 192.0.2.1 port 40:11: disconnected by user", from],
  ["Received disconnect from 192.0.2.1: 11: Bye Bye [preauth]", { "source.ip": "192.0.2.1" }],
  [
    "Received disconnect from 2001:db8::1 port 40:11: bye",
    { "source.ip": "2001:db8::1", "source.port": 40 },
  ],
  ['Connection from 192.0.2.1 port 40 on 10.0.0.1 port 22 rdomain ""', from],
  [
    "ROOT LOGIN REFUSED FROM 192.0.2.1 port 40",
    { ...from, "user.name": "root", "event.outcome": "failure" },
  ],
  [
    "error: PAM: Authentication failure for illegal user bob from 192.0.2.1",
    { "user.known": false, "user.name": "bob" },
  ],
  ["Did not receive identification string from 192.0.2.1 port 40", from],
  ["Bad protocol version identification 'GET / from 9.9.9.9 port 1' from 192.0.2.1 port 40", from],
  ["Unable to negotiate with 192.0.2.1 port 40: no matching host key type found.", from],
  [
    "Timeout before authentication for connection from 192.0.2.1 to 10.0.0.1, pid = 7",
    { "source.ip": "192.0.2.1" },
  ],
  ["fatal: Timeout before authentication for 192.0.2.1 port 40", from],
  ["drop connection #1 from [192.0.2.1]:40 on [10.0.0.1]:22 penalty: failed authentication", from],
  [
    "Starting session: shell on pts/0 for ann from 192.0.2.1 port 40 id 0",
    { ...from, "user.name": "ann" },
  ],
  [
    "pam_unix(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=ann",
    { ...info, "user.name": "ann", "source.ip": "192.0.2.1", "event.outcome": "failure" },
  ],
  [
    "pam_sss(sshd:auth): authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1 user=ann",
    { "user.name": "ann" },
  ],
  ["pam_unix(sshd:auth): check pass; user unknown", { ...info, "user.known": false }],
  [
    "PAM 2 more authentication failures; logname= uid=0 euid=0 tty=ssh ruser= rhost=192.0.2.1  user=ann",
    { "event.repeat_count": 2, "user.name": "ann" },
  ],
  [
    "pam_unix(sshd:session): session opened for user ann(uid=1000) by (uid=0)",
    {
      "event.category": ["session"],
      "event.type": ["start"],
      "user.name": "ann",
      "user.id": "1000",
    },
  ],
  ["pam_unix(sshd:session): session opened for user ann by (uid=0)", { "user.name": "ann" }],
  [
    "pam_unix(sshd:session): session closed for user ann",
    { "event.type": ["end"], "user.name": "ann" },
  ],
  [
    "message repeated 5 times: [ Failed password for ann from 192.0.2.1 port 40 ssh2]",
    { ...start, ...from, "event.repeat_count": 5, "user.name": "ann" },
  ],
  [
    "Server listening on 0.0.0.0 port 22.",
    { "event.action": "ssh_message", "event.dataset": "linux.sshd" },
  ],
];

describe("linux.sshd", () => {
  it.each(golden)("%s", (message, expected) => {
    const found = event(line(message));
    expect(found).toMatchObject(expected);
    expect(isEvent(found)).toBe(true);
    expect(found["@timestamp"]).toBe("2026-11-21T19:13:01.000Z");
    expect(found["host.name"]).toBe("vm");
    expect(found["process.pid"]).toBe(42);
  });

  it.each(["sshd-session[7]:", "sshd-auth[7]:", "/usr/sbin/sshd[7]:", "sshd[7]", "sshd:", "sshd"])(
    "knows the tag %s",
    (program) => {
      const found = event(line("Failed password for ann from 192.0.2.1 port 40 ssh2", program));
      expect(found).toMatchObject({ "event.dataset": "linux.sshd", "user.name": "ann", ...from });
    },
  );
});

describe("a hostile login name", () => {
  it("cannot bring an address where the port is missing, nor where a certificate names it", () => {
    const portless = event(line("Failed password for x from 10.9.9.9 from 192.0.2.1"));
    expect(portless).toMatchObject({ "user.name": "x from 10.9.9.9", "source.ip": "192.0.2.1" });
    const certificate = event(
      line(
        "Accepted publickey for ann from 192.0.2.1 port 4 ssh2: RSA-CERT SHA256:a ID x from 10.9.9.9",
      ),
    );
    expect(certificate).toMatchObject({ "user.name": "ann", "source.ip": "192.0.2.1" });
    const old = event(
      line("Disconnecting: Too many authentication failures for ann from 10.9.9.9 port 4 ssh2"),
    );
    expect(old["user.name"]).toBeUndefined();
    expect(old["source.ip"]).toBeUndefined();
  });

  const names = [
    "root from 10.9.9.9 port 22 ssh2",
    "root from 10.9.9.9 port 22 ssh2: RSA SHA256:abc",
    "root from 10.9.9.9 port 22 ssh2: RSA SHA256:abc ID x (serial 1) CA RSA SHA256:x",
    "root from 10.9.9.9 port 22 ssh2 [preauth]",
    "root 10.9.9.9 port 22",
    " from 10.9.9.9 port 22 ssh2",
    "x user root from 10.9.9.9 port 1",
    "ann(uid=0) by root(uid=0)",
    "x\\nAccepted password for root from 10.9.9.9 port 22 ssh2",
  ];
  const shapes: readonly [string, (name: string) => string][] = [
    ["failed", (name) => `Failed password for invalid user ${name} from 192.0.2.1 port 40 ssh2`],
    ["invalid", (name) => `Invalid user ${name} from 192.0.2.1 port 40`],
    [
      "attempts",
      (name) =>
        `error: maximum authentication attempts exceeded for invalid user ${name} from 192.0.2.1 port 40 ssh2 [preauth]`,
    ],
    ["closed", (name) => `Connection closed by invalid user ${name} 192.0.2.1 port 40 [preauth]`],
  ];
  const cases = shapes.flatMap(([shape, of]) => names.map((name) => [shape, name, of] as const));

  it.each(cases)("%s: %s", (_shape, name, of) => {
    const found = event(line(of(name)));
    expect(found["source.ip"]).toBe("192.0.2.1");
    expect(found["user.name"]).toBe(name);
    expect(found["user.known"]).toBe(false);
    expect(found["event.outcome"]).not.toBe("success");
  });

  it("names nobody where a certificate's own id makes two readings", () => {
    const found = event(
      line(
        "Failed publickey for ann from 192.0.2.1 port 40 ssh2: ED25519-CERT SHA256:ab ID x from 10.9.9.9 port 1 ssh2: RSA SHA256:z ID y (serial 0) CA RSA SHA256:q",
      ),
    );
    expect(found["user.name"]).toBeUndefined();
    expect(found["source.ip"]).toBeUndefined();
    expect(found["event.reason"]).toBe("ambiguous");
  });

  it("cannot write a line of its own through a newline", () => {
    const forged =
      "Failed password for invalid user x\nAccepted password for root from 10.9.9.9 port 22 ssh2 from 192.0.2.1 port 40 ssh2";
    const found = event(`<38>${line(forged)}`);
    expect(found).toMatchObject({ "event.outcome": "failure", "source.ip": "192.0.2.1" });
    expect(found["user.name"]).not.toContain("\n");
    expect(rejectCode("Accepted password for root from 10.9.9.9 port 22 ssh2")).toBe(
      "header_missing",
    );
    const fixed = { dataset: "linux.sshd" };
    expect(rejectCode("Accepted password for root from 10.9.9.9 port 22 ssh2", fixed)).toBe(
      "header_missing",
    );
  });

  it("is not merged with another by a control character", () => {
    const found = event(line("Failed password for ro\u0001ot from 192.0.2.1 port 40 ssh2"));
    expect(found["user.name"]).toBe("ro\\u{1}ot");
  });
});

it("takes the daemon's host before the collector's", () => {
  const found = event(
    JSON.stringify({
      "@timestamp": "2026-11-21T19:13:01.000Z",
      message: "Accepted password for ann from 192.0.2.1 port 40 ssh2",
      log: { syslog: { appname: "sshd", procid: "42", hostname: "vm" } },
      host: { name: "collector" },
    }),
  );
  expect(found).toMatchObject({ "host.name": "vm", "process.pid": 42 });
  const logstash = { program: "sshd", logsource: "vm", host: "10.0.0.1", message: "x" };
  expect(event(JSON.stringify(logstash))["host.name"]).toBe("vm");
});

it("reads the journal's own word for the program, not the one a user chose", () => {
  const message = "Accepted password for root from 10.9.9.9 port 1 ssh2";
  const entry = (comm: string): string =>
    JSON.stringify({
      MESSAGE: message,
      SYSLOG_IDENTIFIER: "sshd",
      _COMM: comm,
      __REALTIME_TIMESTAMP: "1795288381123456",
    });
  expect(event(entry("sshd"))["event.outcome"]).toBe("success");
  expect(rejectCode(entry("logger"))).toBe("format_unknown");
});

it("reads every envelope of the fixture alike", () => {
  const records = readFileSync("test/fixtures/ingest/linux.sshd.log", "utf8")
    .split("\n")
    .filter(Boolean);
  const { events, rejects } = normalise(records);
  expect(rejects).toHaveLength(1);
  const shipped = events.filter((found) => found["event.original"]?.startsWith("{"));
  expect(shipped).toHaveLength(8);
  for (const found of shipped) {
    expect(found).toMatchObject({
      "event.dataset": "linux.sshd",
      "user.name": "ann",
      "source.ip": "127.0.0.1",
      "source.port": 39686,
    });
    expect(found["@timestamp"]).toMatch(/^2026-11-21T1[89]:13:01\./);
  }
});
