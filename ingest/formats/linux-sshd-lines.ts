import type { ParsedEvent } from "../format.ts";
import { setSource, type WritableEvent } from "./linux-syslog.ts";

/**
 * What sshd says beside the attempts themselves (OpenSSH 7 to 10). All are of type `info` or about a
 * connection: an attempt counts by its own line. Names are read from the right, and where a text that
 * the client chose stands behind the name, only if both directions agree.
 */

type Groups = Readonly<Record<string, string | undefined>>;

interface Line {
  /** Words at the beginning: a cheap refusal before the pattern runs. */
  readonly starts: readonly string[];
  readonly pattern: RegExp;
  /** The same text read from the left, where it may be read two ways. */
  readonly other?: RegExp;
  readonly fields: (groups: Groups) => ParsedEvent;
}

const login = (reason: string, known?: boolean): ParsedEvent => ({
  "event.category": ["authentication"],
  "event.type": ["info"],
  "event.action": "ssh_login",
  "event.outcome": "failure",
  "event.reason": reason,
  ...(known === undefined ? {} : { "user.known": known }),
});

const connection = (action: string, type: string, reason?: string): ParsedEvent => ({
  "event.category": ["network"],
  "event.type": ["connection", type],
  "event.action": action,
  ...(reason === undefined ? {} : { "event.reason": reason }),
});

const invalidIf = (state: string | undefined): ParsedEvent =>
  state === "invalid" ? { "user.known": false } : {};

const lines: readonly Line[] = [
  {
    starts: ["input_userauth_request: invalid user "],
    pattern: /^input_userauth_request: invalid user (?<user>.*?)(?: \[preauth\])?$/,
    fields: () => login("invalid user", false),
  },
  {
    starts: ["Invalid user ", "Illegal user "],
    pattern:
      /^I(?:nvalid|llegal) user ?(?<user>.*?)(?: from (?<ip>\S+)(?: port (?<port>\d{1,5}))?)?(?: \[preauth\])?$/,
    fields: () => login("invalid user", false),
  },
  {
    starts: ["User "],
    pattern: /^User (?<user>.*) from (?<ip>\S+) not allowed because (?<why>.{1,200})$/,
    fields: ({ why }) => login(why!),
  },
  {
    starts: ["User "],
    pattern: /^User (?<user>.{1,256}) not allowed because (?<why>.{1,200})$/,
    other: /^User (?<user>.{1,256}?) not allowed because /,
    fields: ({ why }) => login(why!),
  },
  {
    starts: ["maximum authentication attempts exceeded for "],
    pattern:
      /^maximum authentication attempts exceeded for (?<state>invalid)?(?: user )?(?<user>.*) from (?<ip>\S+) port (?<port>\d{1,5}) ssh\d(?: \[preauth\])?$/,
    fields: ({ state }) => ({ ...login("maximum attempts"), ...invalidIf(state) }),
  },
  {
    starts: ["ROOT LOGIN REFUSED FROM "],
    pattern: /^ROOT LOGIN REFUSED FROM (?<ip>\S+)(?: port (?<port>\d{1,5}))?/,
    fields: () => ({ ...login("root login refused"), "user.name": "root" }),
  },
  {
    starts: ["PAM: "],
    pattern:
      /^PAM: (?<why>.{1,120}?) for (?<state>illegal)?(?: user )?(?<user>.*) from (?<ip>\S+)$/,
    fields: ({ why, state }) => login(why!, state === undefined ? undefined : false),
  },
  {
    starts: ["Connection closed by ", "Connection reset by ", "Disconnected from "],
    pattern:
      /^(?:Connection (?:closed|reset) by|Disconnected from) (?<state>authenticating|invalid)? ?user (?<user>.*) (?<ip>\S+) port (?<port>\d{1,5})(?: \[preauth\])?$/,
    fields: ({ state }) => ({ ...connection("ssh_disconnect", "end"), ...invalidIf(state) }),
  },
  {
    starts: ["Connection closed by ", "Connection reset by ", "Disconnected from "],
    pattern:
      /^(?:Connection (?:closed|reset) by|Disconnected from) (?<ip>\S+)(?: port (?<port>\d{1,5}))?(?: \[preauth\])?$/,
    fields: () => connection("ssh_disconnect", "end"),
  },
  {
    starts: ["Disconnecting "],
    pattern:
      /^Disconnecting (?<state>authenticating|invalid)? ?user (?<user>.*) (?<ip>\S+) port (?<port>\d{1,5}): (?<why>.*?)(?: \[preauth\])?$/,
    other:
      /^Disconnecting (?:authenticating|invalid)? ?user (?<user>.*?) (?<ip>\S+) port (?<port>\d{1,5}): /,
    fields: ({ state, why }) => ({
      ...connection("ssh_disconnect", "end", why),
      ...invalidIf(state),
    }),
  },
  {
    // Of old daemons; what stands behind ` from ` may be the daemon's or part of the name.
    starts: ["Disconnecting: Too many authentication failures for "],
    pattern:
      /^Disconnecting: Too many authentication failures for (?<user>(?:(?! from | user ).){1,256}?)(?: \[preauth\])?$/,
    fields: () => connection("ssh_disconnect", "end", "too many authentication failures"),
  },
  {
    starts: ["reverse mapping checking "],
    pattern: /^reverse mapping checking \S+ for .* \[(?<ip>[^\]\s]{1,64})\] failed(?: - .*|\.)$/,
    fields: () => connection("ssh_name_mismatch", "info"),
  },
  {
    starts: ["Address "],
    pattern: /^Address (?<ip>\S+) maps to .* this does not map back to the address(?: - .*|\.)$/,
    fields: () => connection("ssh_name_mismatch", "info"),
  },
  {
    starts: ["subsystem request for "],
    pattern: /^subsystem request for \S{1,64} by user (?<user>.{1,256})$/,
    fields: () => ({
      "event.category": ["session"],
      "event.type": ["info"],
      "event.action": "ssh_session",
    }),
  },
  {
    starts: ["Received disconnect from "],
    pattern: /^Received disconnect from (?<ip>\S+?)(?: port (?<port>\d{1,5}):|: \d)/,
    fields: () => connection("ssh_disconnect", "end"),
  },
  {
    starts: ["Connection from "],
    pattern: /^Connection from (?<ip>\S+) port (?<port>\d{1,5})/,
    fields: () => connection("ssh_connect", "start"),
  },
  {
    starts: ["Starting session: ", "Close session: "],
    pattern:
      /^(?:Starting session: (?:shell|command|forced-command|subsystem).{0,300}? for|Close session: user) (?<user>\S+) from (?<ip>\S+) port (?<port>\d{1,5}) id \d+$/,
    fields: () => ({
      "event.category": ["session"],
      "event.type": ["info"],
      "event.action": "ssh_session",
    }),
  },
  {
    starts: [
      "Did not receive identification ",
      "Bad protocol version ",
      "Unable to negotiate ",
      "banner exchange: ",
    ],
    pattern:
      /^(?:Did not receive identification string from|Bad protocol version identification '.*' from|Unable to negotiate with|banner exchange: Connection from) (?<ip>\S+?)(?: port (?<port>\d{1,5}))?(?:: .*)?$/,
    fields: () => connection("ssh_probe", "info"),
  },
  {
    starts: ["Timeout before authentication for "],
    pattern:
      /^Timeout before authentication for (?:connection from )?(?<ip>[^\s,]+)(?: port (?<port>\d{1,5}))?/,
    fields: () => connection("ssh_disconnect", "end", "timeout before authentication"),
  },
  {
    starts: ["drop connection "],
    pattern: /^drop connection #\d+ from \[(?<ip>[^\]]+)\]:(?<port>\d{1,5}) /,
    fields: () => connection("ssh_refused", "denied"),
  },
];

/** Event fields of such a line; undefined for a text that says nothing we name. */
export function readSideLine(message: string): ParsedEvent | undefined {
  for (const line of lines) {
    if (!line.starts.some((words) => message.startsWith(words))) continue;
    const groups = line.pattern.exec(message)?.groups;
    if (groups === undefined) continue;
    const left = line.other?.exec(message)?.groups;
    const fields = line.fields(groups);
    if (left !== undefined && (left["user"] !== groups["user"] || left["ip"] !== groups["ip"])) {
      return { ...fields, "event.reason": "ambiguous" };
    }
    const { user, ip, port } = groups;
    const event: WritableEvent = user === undefined || user === "" ? {} : { "user.name": user };
    setSource(event, ip ?? "", port);
    return Object.assign(event, fields);
  }
  return undefined;
}
