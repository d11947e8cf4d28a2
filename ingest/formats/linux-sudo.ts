import type { Format, ParsedEvent, RawRecord } from "../format.ts";
import {
  headerMissing,
  MAX_MESSAGE,
  readPam,
  syslogEvent,
  unrepeat,
  type WritableEvent,
} from "./linux-syslog.ts";

const DATASET = "linux.sudo";
const looksLikeSudo = /^\s*[^\s:]{1,64} : .{0,200}?TTY=\S+ ; |^pam_unix\(sudo(?:-i)?:/;

/** sudo_logging: `USER : [REASON ; ]HOST= ; TTY= ; CHROOT= ; PWD= ; USER= ; GROUP= ; TSID= ; ENV= ; COMMAND=`. */
const entry =
  /^(\S.{0,255}?) : (?:([^=;]{1,120}) ; )?(?:HOST=\S{1,255} ; )?(?:TTY=(\S{1,255}) ; )?(?=(?:CHROOT|PWD|USER|COMMAND)=)(.*)$/;
const continued = /^(\S.{0,255}?) : \(command continued\) (.*)$/;

/** Sudo's own order from the account to the command. */
const toCommand =
  / ; USER=([^;]{1,255}?)(?: ; GROUP=[^;]{1,255}?)?(?: ; TSID=\w{1,64})?(?: ; ENV=.*?)? ; COMMAND=/y;

interface Order {
  readonly user: string;
  /** Index at which the command begins. */
  readonly command: number;
}

/**
 * A user can write any text into directory, environment and command: whose rights were used is said
 * only if the line can be read in one way.
 */
function orderOf(text: string): Order | undefined {
  const last = text.lastIndexOf(" ; COMMAND=");
  let found: Order | undefined;
  let at = text.indexOf(" ; USER=");
  for (; at >= 0 && at < last; at = text.indexOf(" ; USER=", at + 1)) {
    toCommand.lastIndex = at;
    const user = toCommand.exec(text)?.[1];
    if (user === undefined) continue;
    if (found !== undefined) return undefined;
    found = { user, command: toCommand.lastIndex };
  }
  return found;
}

/** The first word, without quotes: enough to compare programs by. */
const programOf = (command: string): string => /^\S{1,1024}/.exec(command)?.[0] ?? "";

function orderFields(details: string): ParsedEvent {
  const text = ` ; ${details}`;
  const order = orderOf(text);
  const first = text.indexOf(" ; COMMAND=");
  if (first < 0) return {};
  const command = text.slice(order?.command ?? first + " ; COMMAND=".length);
  const executable = programOf(command);
  return {
    ...(order === undefined ? {} : { "user.effective.name": order.user }),
    "process.command_line": command,
    ...(executable.startsWith("/")
      ? {
          "process.executable": executable,
          "process.name": executable.slice(executable.lastIndexOf("/") + 1),
        }
      : {}),
  };
}

const reasonWords: readonly [RegExp, string][] = [
  [/^(\d{1,6}) incorrect password attempts?$/, "incorrect password"],
  [/NOT in sudoers$/i, "not in sudoers"],
  [/NOT authorized on host$/i, "not authorised on host"],
];

function readEntry(message: string): ParsedEvent | undefined {
  const match = entry.exec(message);
  if (match === null) return undefined;
  const [, user, reason, tty, details] = match;
  const failed = reason !== undefined;
  const known = reasonWords.find(([pattern]) => failed && pattern.test(reason));
  const attempts = failed ? /^(\d{1,6}) incorrect/.exec(reason)?.[1] : undefined;
  return {
    "event.category": ["process"],
    "event.type": [failed ? "info" : "start"],
    "event.action": "sudo_command",
    "event.outcome": failed ? "failure" : "success",
    ...(failed ? { "event.reason": known?.[1] ?? reason } : {}),
    ...(attempts === undefined ? {} : { "event.repeat_count": Number(attempts) }),
    "user.name": user!,
    ...orderFields(details!),
    ...(tty === undefined ? {} : { attributes: JSON.stringify({ tty }) }),
  };
}

function readContinued(message: string): ParsedEvent | undefined {
  const match = continued.exec(message);
  if (match === null) return undefined;
  return {
    "event.category": ["process"],
    "event.type": ["info"],
    "event.action": "sudo_command_continued",
    "user.name": match[1]!,
    "process.command_line": match[2]!,
  };
}

/** In a sudo session the account opened is the one whose rights are used; who asked stands behind `by`. */
function readPamLine(message: string): ParsedEvent | undefined {
  const pam = readPam(message);
  if (pam === undefined) return undefined;
  const event = { ...pam.event, "service.name": pam.service };
  const target = event["user.name"];
  if (pam.kind !== "opened" || pam.actor === undefined || target === undefined) return event;
  const { "user.id": _targetId, ...rest } = event;
  return { ...rest, "user.name": pam.actor, "user.effective.name": target };
}

function readMessage(message: string): ParsedEvent {
  const plain: ParsedEvent = { "event.action": "sudo_message" };
  if (message.length > MAX_MESSAGE) return plain;
  return readPamLine(message) ?? readContinued(message) ?? readEntry(message) ?? plain;
}

function sniff(raw: RawRecord): number {
  const program = raw.syslog?.program;
  if (program !== undefined) return program === "sudo" || program === "sudo-i" ? 0.9 : 0;
  return raw.flat === undefined && looksLikeSudo.test(raw.syslog?.message ?? raw.text) ? 0.2 : 0;
}

function parse(raw: RawRecord): ReturnType<Format["parse"]> {
  const syslog = raw.syslog;
  if (syslog?.program === undefined) return headerMissing;
  if (syslog.program !== "sudo" && syslog.program !== "sudo-i") {
    return {
      code: "program_unknown",
      reason: `written by ${syslog.program.slice(0, 64)}, not sudo`,
    };
  }
  const { message, count } = unrepeat(syslog.message.trim());
  const event: WritableEvent = { ...readMessage(message) };
  if (count !== undefined) event["event.repeat_count"] = count;
  return [syslogEvent(raw, DATASET, event)];
}

export const linuxSudo: Format = { name: DATASET, title: "sudo", sniff, parse };
