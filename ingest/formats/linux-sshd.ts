import type { Format, ParsedEvent, RawRecord } from "../format.ts";
import { ipOf } from "../values.ts";
import {
  headerMissing,
  MAX_MESSAGE,
  readPam,
  setSource,
  syslogEvent,
  unrepeat,
  type WritableEvent,
} from "./linux-syslog.ts";
import { readSideLine } from "./linux-sshd-lines.ts";

const DATASET = "linux.sshd";
/** OpenSSH logs as `sshd`, since 9.8 as `sshd-session`, since 10 as `sshd-auth`. */
const programs = new Set(["sshd", "sshd-session", "sshd-auth"]);
const looksLikeSshd =
  /^(?:Accepted \S+ for |Failed \S+ for |Invalid user |pam_unix\(sshd:|message repeated \d+ times: \[ ?Failed |(?:Connection|Disconnected|Received disconnect) )/;

const attempt = /^(Accepted|Failed|Partial|Postponed) (\S{1,64}) for ((?:invalid|illegal) user )?/;
const addressTail = /^(\S{1,64}) port (\d{1,5})(?: ssh\d?)?(?:: (.*))?$/;
/** Key type, fingerprint, and what the client chose: a certificate's id, a host-based client's user. */
const keyTail =
  /^(\S{1,64}?)(?: ((?:SHA256|SHA384|SHA512|MD5):\S{1,200}|(?:[\da-f]{2}:){15}[\da-f]{2}))?(?:(?: ID |, client user )(.*))?$/;
const principal = /^\S{1,255}$/;

interface Origin {
  readonly user: string;
  readonly address: string;
  readonly port: string | undefined;
  readonly tail: string | undefined;
}

/** Which text sshd puts behind the address depends on the method: most have none. */
function tailPattern(method: string): RegExp | undefined {
  if (method === "publickey" || method === "hostbased") return keyTail;
  return method.startsWith("gssapi") ? principal : undefined;
}

/** The two rightmost ways to read `USER from ADDRESS port N ssh2[: TAIL]`. */
function readings(text: string, tails: RegExp | undefined): Origin[] {
  const found: Origin[] = [];
  let at = text.length;
  while (at > 0 && found.length < 2) {
    at = text.lastIndexOf(" from ", at - 1);
    if (at < 0) break;
    const match = addressTail.exec(text.slice(at + 6, at + 6 + 2_048));
    if (match === null) continue;
    const tail = match[3];
    if (tail !== undefined && tails?.test(tail) !== true) continue;
    found.push({ user: text.slice(0, at), address: match[1]!, port: match[2]!, tail });
  }
  return found;
}

/** Some loggers and old daemons leave the port out; only an address at the very end is taken for one. */
function withoutPort(text: string): Origin | undefined {
  const at = text.lastIndexOf(" from ");
  const address = text.slice(at + 6).replace(/ ssh\d$/, "");
  if (at < 0 || ipOf(address) === undefined) return undefined;
  return { user: text.slice(0, at), address, port: undefined, tail: undefined };
}

/**
 * The rightmost reading: a login name may hold the words of the rest, but what sshd puts behind it
 * stands last. Where a text that the client chose may stand last too, two readings are none.
 */
function originOf(text: string, method: string): Origin | undefined {
  const tails = tailPattern(method);
  const [right, second] = readings(text, tails);
  const chosen = tails === keyTail && second?.tail !== undefined && keyTail.exec(second.tail)?.[3];
  if (right === undefined) return withoutPort(text);
  return typeof chosen === "string" ? undefined : right;
}

const outcomes = {
  Accepted: "success",
  Failed: "failure",
  Partial: "unknown",
  Postponed: "unknown",
} as const;

function readAttempt(message: string): WritableEvent | undefined {
  const match = attempt.exec(message);
  if (match === null) return undefined;
  const word = match[1] as keyof typeof outcomes;
  // Empty names leave `for  from`: the space between belongs to the address part.
  const text = ` ${message.slice(match[0].length).replace(/ \[preauth\]$/, "")}`;
  const origin = originOf(text, match[2]!);
  const unknown = match[3] !== undefined;
  const decided = word === "Accepted" || word === "Failed";
  const event: WritableEvent = {
    "event.category": ["authentication"],
    "event.type": [decided ? "start" : "info"],
    "event.action": "ssh_login",
    "event.outcome": outcomes[word],
    "auth.method": match[2]!,
  };
  if (unknown) event["user.known"] = false;
  if (unknown) event["event.reason"] = "invalid user";
  if (origin === undefined) {
    event["event.reason"] = "ambiguous";
    return event;
  }
  const user = origin.user.slice(1);
  if (user !== "") event["user.name"] = user;
  setSource(event, origin.address, origin.port);
  if (origin.tail !== undefined) Object.assign(event, tailFields(origin.tail));
  return event;
}

function tailFields(tail: string): ParsedEvent {
  const [, algorithm, fingerprint, chosen] = keyTail.exec(tail) ?? [];
  if (fingerprint === undefined) return { attributes: JSON.stringify({ credential: tail }) };
  const certificate = chosen === undefined ? {} : { certificate: chosen };
  const attributes = JSON.stringify({ key_algorithm: algorithm, ...certificate });
  return { "auth.credential_id": fingerprint, attributes };
}

function readMessage(message: string): WritableEvent {
  const plain: WritableEvent = { "event.action": "ssh_message" };
  if (message.length > MAX_MESSAGE) return plain;
  const text = message.replace(/^(?:error|fatal|info|debug\d?): /, "");
  const pam = readPam(text);
  if (pam !== undefined) return Object.assign(pam.event, { "service.name": pam.service });
  return readAttempt(text) ?? readSideLine(text) ?? plain;
}

function sniff(raw: RawRecord): number {
  const program = raw.syslog?.program;
  if (program !== undefined) return programs.has(program) ? 0.9 : 0;
  return raw.flat === undefined && looksLikeSshd.test(raw.syslog?.message ?? raw.text) ? 0.2 : 0;
}

function parse(raw: RawRecord): ReturnType<Format["parse"]> {
  const syslog = raw.syslog;
  if (syslog?.program === undefined) return headerMissing;
  if (!programs.has(syslog.program)) {
    return {
      code: "program_unknown",
      reason: `written by ${syslog.program.slice(0, 64)}, not sshd`,
    };
  }
  const { message, count } = unrepeat(syslog.message.trimEnd());
  const event = readMessage(message);
  if (count !== undefined) event["event.repeat_count"] = count;
  return [syslogEvent(raw, DATASET, event)];
}

export const linuxSshd: Format = { name: DATASET, title: "OpenSSH server", sniff, parse };
