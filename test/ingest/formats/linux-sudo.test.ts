import { describe, expect, it } from "vitest";
import { isEvent } from "../../../schemas/validate.ts";
import { event, rejectCode } from "../normalise-rig.ts";

const line = (message: string): string => `Nov 21 19:20:01 vm sudo[9]:   ${message}`;

const golden: readonly [string, Record<string, unknown>][] = [
  [
    "ann : TTY=pts/0 ; PWD=/home/ann ; USER=root ; COMMAND=/usr/bin/apt-get install vim",
    {
      "event.category": ["process"],
      "event.type": ["start"],
      "event.outcome": "success",
      "user.name": "ann",
      "user.effective.name": "root",
      "process.command_line": "/usr/bin/apt-get install vim",
      "process.executable": "/usr/bin/apt-get",
      "process.name": "apt-get",
      "ocsf.class_uid": 1007,
    },
  ],
  [
    "bob : 3 incorrect password attempts ; TTY=pts/1 ; PWD=/ ; USER=root ; COMMAND=/bin/bash",
    { "event.outcome": "failure", "event.repeat_count": 3, "event.reason": "incorrect password" },
  ],
  [
    "eve : user NOT in sudoers ; TTY=pts/2 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
    { "event.outcome": "failure", "event.reason": "not in sudoers", "user.name": "eve" },
  ],
  [
    "eve : command not allowed ; TTY=pts/2 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
    { "event.outcome": "failure", "event.reason": "command not allowed" },
  ],
  [
    "ann : HOST=vm ; TTY=pts/0 ; PWD=/ ; USER=www ; GROUP=www ; TSID=01 ; ENV=A=b ; COMMAND=/bin/ls",
    { "user.effective.name": "www", "process.command_line": "/bin/ls" },
  ],
  [
    "ann : (command continued) --more",
    { "event.action": "sudo_command_continued", "user.name": "ann" },
  ],
  [
    "pam_unix(sudo:session): session opened for user root(uid=0) by ann(uid=1000)",
    { "user.name": "ann", "user.effective.name": "root", "event.category": ["session"] },
  ],
  [
    "pam_unix(sudo:auth): authentication failure; logname=bob uid=1001 euid=0 tty=/dev/pts/1 ruser=bob rhost=  user=bob",
    { "user.name": "bob", "event.outcome": "failure" },
  ],
  ["pam_unix(sudo:auth): auth could not identify password for [ann]", { "user.name": "ann" }],
  ["unable to resolve host vm", { "event.action": "sudo_message" }],
];

describe("linux.sudo", () => {
  it.each(golden)("%s", (message, expected) => {
    const found = event(line(message));
    expect(found).toMatchObject({ "event.dataset": "linux.sudo", ...expected });
    expect(isEvent(found)).toBe(true);
  });

  it.each([
    "ann : TTY=pts/0 ; PWD=/tmp/x ; USER=bob ; COMMAND=/bin/true ; USER=root ; COMMAND=/bin/sh",
    "ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/echo ; USER=bob ; COMMAND=/bin/sh",
    "ann : TTY=pts/0 ; PWD=/x ; USER=bob ; ENV=A ; USER=root ; COMMAND=/bin/sh",
  ])("does not say whose rights were used where a user could have written it: %s", (message) => {
    const found = event(line(message));
    expect(found["user.name"]).toBe("ann");
    expect(found["user.effective.name"]).toBeUndefined();
  });

  it.each([
    [
      "ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/cat x ; USER=bob",
      "/bin/cat x ; USER=bob",
    ],
    ["ann : TTY=pts/0 ; PWD=/x ; USER=bob ; USER=root ; COMMAND=/bin/ls", "/bin/ls"],
    ["ann : TTY=pts/0 ; PWD=/x ; COMMAND=/bin/no ; USER=root ; COMMAND=/bin/ls", "/bin/ls"],
  ])("says it where the line can be read in one way: %s", (message, command) => {
    expect(event(line(message))).toMatchObject({
      "user.name": "ann",
      "user.effective.name": "root",
      "process.command_line": command,
    });
  });

  it("keeps the actor whatever the command holds", () => {
    const found = event(
      line("ann : TTY=p ; PWD=/ ; USER=root ; COMMAND=/bin/echo bob : TTY=q ; PWD=/"),
    );
    expect(found["user.name"]).toBe("ann");
  });

  it("rejects a bare line", () => {
    expect(rejectCode("ann : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/ls")).toBe(
      "header_missing",
    );
  });
});
