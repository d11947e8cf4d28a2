import type { Format, ParsedEvent, ParsedRecord, RawRecord } from "../format.ts";
import type { SyslogRecord } from "../syslog-header.ts";
import { ipOf, portOf } from "../values.ts";

/** No daemon of these writes longer lines; longer text is kept, never searched. */
export const MAX_MESSAGE = 16_384;

const repeated = /^message repeated (\d{1,9}) times: \[ ?(.*)\]$/;

export interface Unrepeated {
  readonly message: string;
  readonly count: number | undefined;
}

/** rsyslog folds equal lines into `message repeated N times: [ line ]`. */
export function unrepeat(message: string): Unrepeated {
  if (!message.startsWith("message repeated ")) return { message, count: undefined };
  const match = repeated.exec(message);
  return match === null
    ? { message, count: undefined }
    : { message: match[2]!.trimEnd(), count: Number(match[1]) };
}

export type WritableEvent = { -readonly [K in keyof ParsedEvent]: ParsedEvent[K] };

/** Sets the address of an event; a name in the place of an address stays unsaid. */
export function setSource(event: WritableEvent, address: string, port?: string): void {
  const ip = ipOf(address);
  if (ip === undefined) return;
  event["source.ip"] = ip;
  const number = port === undefined ? undefined : portOf(port);
  if (number !== undefined) event["source.port"] = number;
}

/** Adds to what was read of a daemon's text the fields that every record of it has. */
export function syslogEvent(raw: RawRecord, dataset: string, event: WritableEvent): ParsedRecord {
  const syslog = raw.syslog as SyslogRecord;
  event["event.dataset"] = dataset;
  event["event.kind"] = "event";
  if (event["process.name"] === undefined && syslog.program !== undefined) {
    event["process.name"] = syslog.program;
    // The pid is the daemon's, not that of a program which the line is about.
    if (/^\d{1,10}$/.test(syslog.pid ?? "")) event["process.pid"] = Number(syslog.pid);
  }
  if (syslog.host !== undefined) event["host.name"] = syslog.host;
  if (syslog.severity !== undefined) event["event.severity"] = syslog.severity;
  event.message = syslog.message;
  return {
    event,
    ...(raw.nativeId === undefined ? {} : { nativeId: raw.nativeId }),
    ...(syslog.timestamp === undefined ? {} : { timeAsWritten: syslog.timestamp }),
  };
}

export const headerMissing: ReturnType<Format["parse"]> = {
  code: "header_missing",
  reason: "no syslog header and no shipper's field names the program: anyone can have written it",
};

const pamFailure =
  /^(?:authentication failure|(\d{1,6}) more authentication failures?); logname=(\S*) uid=(\d*) euid=\d* tty=(\S*) ruser=(\S*) rhost=(\S*)(?:\s+user=(.*))?$/;
const pamSuccess =
  /^authentication success; logname=\S* uid=\d* euid=\d* tty=\S* ruser=\S* rhost=(\S*)(?:\s+user=(.*))?$/;
const pamOpened =
  /^session opened for user (.+?)(?:\(uid=(\d{1,10})\))? by (\S*?)(?:\(uid=(\d{1,10})\))?$/;
const pamClosed = /^session closed for user (.+)$/;
const pamLine = /^pam_[a-z0-9_]{1,32}\(([^():\s]{1,64}):([a-z_]{1,32})\): (.*)$/;

export interface PamRecord {
  /** PAM service, for example `sshd`. */
  readonly service: string;
  readonly kind: "failure" | "opened" | "closed" | "other";
  readonly event: ParsedEvent;
  /** Who asked, where the line names both. */
  readonly actor?: string;
}

const named = (name: string | undefined): ParsedEvent =>
  name === undefined || name === "" ? {} : { "user.name": name };

/** Side line of an attempt that its daemon also tells of: type `info`, so that counting starts counts once. */
function pamFailureOf(service: string, match: RegExpExecArray): PamRecord {
  const [, more, logname, , , ruser, rhost, user] = match;
  const actor = ruser || logname || undefined;
  const event: WritableEvent = {
    "event.category": ["authentication"],
    "event.type": ["info"],
    "event.action": "pam_authentication",
    "event.outcome": "failure",
    "event.reason": "authentication failure",
    ...named(user ?? (service === "sshd" ? undefined : actor)),
    ...(more === undefined ? {} : { "event.repeat_count": Number(more) }),
  };
  setSource(event, rhost ?? "");
  return { service, kind: "failure", event, ...(actor === undefined ? {} : { actor }) };
}

function pamOpenedOf(service: string, match: RegExpExecArray): PamRecord {
  const [, user, uid, actor] = match;
  const event: ParsedEvent = {
    "event.category": ["session"],
    "event.type": ["start"],
    "event.action": "session_opened",
    "event.outcome": "success",
    ...named(user),
    ...(uid === undefined ? {} : { "user.id": uid }),
  };
  return { service, kind: "opened", event, ...(actor ? { actor } : {}) };
}

/** A line that a PAM module wrote in the name of a service; undefined for any other text. */
export function readPam(message: string): PamRecord | undefined {
  const bare = /^PAM (?=\d{1,6} more authentication failure)/.test(message);
  const line = bare ? undefined : pamLine.exec(message);
  if (!bare && (line === undefined || line === null)) return undefined;
  const service = line?.[1] ?? "sshd";
  const text = bare ? message.slice(4) : line![3]!;
  const failure = pamFailure.exec(text);
  if (failure !== null) return pamFailureOf(service, failure);
  const opened = pamOpened.exec(text);
  if (opened !== null) return pamOpenedOf(service, opened);
  const closed = pamClosed.exec(text);
  if (closed !== null) {
    const event: ParsedEvent = {
      "event.category": ["session"],
      "event.type": ["end"],
      "event.action": "session_closed",
      "event.outcome": "success",
      ...named(closed[1]),
    };
    return { service, kind: "closed", event };
  }
  return { service, kind: "other", event: otherPam(text) };
}

/** Lines of other modules about one account, named at the end or in quotes: it has no blank. */
const pamAbout: readonly [RegExp, "success" | "failure" | undefined][] = [
  [/^received for user (\S{1,256}): \d{1,3} \(.{1,120}\)$/, "failure"],
  [/^[Aa]ccess denied for user (\S{1,256}): \d{1,3} \(.{1,120}\)$/, "failure"],
  [/^requirement ".{1,200}" not met by user "(\S{1,256})"$/, undefined],
  [/^Consecutive login failures for user (\S{1,256}) account temporarily locked$/, "failure"],
  [/^auth could not identify password for \[(\S{1,256})\]$/, "failure"],
];

function otherPam(text: string): ParsedEvent {
  const event: WritableEvent = {
    "event.category": ["authentication"],
    "event.type": ["info"],
    "event.action": "pam_message",
  };
  const success = pamSuccess.exec(text);
  if (success !== null) {
    setSource(event, success[1]!);
    return { ...event, ...named(success[2]), "event.outcome": "success" };
  }
  for (const [pattern, outcome] of pamAbout) {
    const user = pattern.exec(text)?.[1];
    if (user === undefined) continue;
    return { ...event, ...named(user), ...(outcome && { "event.outcome": outcome }) };
  }
  // It says that no such account exists, but not which.
  return text.includes("user unknown")
    ? { ...event, "event.outcome": "failure", "event.reason": "user unknown", "user.known": false }
    : event;
}
