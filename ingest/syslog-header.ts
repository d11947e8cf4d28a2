import type { SyslogHeader } from "./format.ts";

export type SyslogRecord = SyslogHeader & { readonly message: string };

type Writable<T> = { -readonly [K in keyof T]: T[K] };

const version1 =
  /^<(\d{1,5})>\d{1,2} (\S{1,64}) (\S{1,255}) (\S{1,128}) (\S{1,128}) (\S{1,64})(?: |$)/;
const priority = /^<(\d{1,5})>/;
const bsdTime =
  /^[*.]?([A-Z][a-z]{2} [ \d]?\d(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d{1,9})?(?: \d{4}(?= ))?):? /;
const isoTime =
  /^(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|(?: ?[+-]\d\d:?\d\d)| UTC)?):? /;
const epochTime = /^(\d{10}(?:\.\d{1,9})?) /;
const tagWithPid = /^([^\s:[\]]{1,128})\[([^\]\s]{1,32})\]:?(?: |$)/;
const tagWithColon = /^([^\s:[\]]{1,128}):(?: |$)/;
const host = /^(\S{1,255}) /;
/** Programs whose tag, without pid and colon, is still known to be one. */
const bareTag = /^(sshd(?:-session|-auth)?|sudo|su|CRON|systemd|kernel) /;

const nil = (value: string): string | undefined => (value === "-" ? undefined : value);

/** Byte order mark as text, or as it looks when the bytes stand for one character each. */
const withoutMark = (text: string): string =>
  text.startsWith("\uFEFF") ? text.slice(1) : text.startsWith("ï»¿") ? text.slice(3) : text;

/** What is left of a message once the spaces and the mark that daemons put before it are gone. */
const messageOf = (text: string): string => withoutMark(text.trimStart()).trimStart();

/** A PRI above 191 names no facility; the record is still read. */
function setPriority(header: Writable<SyslogHeader>, pri: string): void {
  const value = Number(pri);
  if (value > 191) return;
  header.facility = value >> 3;
  header.severity = value & 7;
}

/** Index behind the structured data at `from`; `from` itself when there is none that is well-formed. */
function skipStructuredData(text: string, from: number): number {
  if (text.charCodeAt(from) === 45 /* - */) return from + 1;
  let at = from;
  while (text.charCodeAt(at) === 91 /* [ */) {
    let quoted = false;
    let index = at + 1;
    for (; index < text.length; index++) {
      const code = text.charCodeAt(index);
      if (code === 92 && quoted) index++;
      else if (code === 34) quoted = !quoted;
      else if (code === 93 && !quoted) break;
    }
    if (index >= text.length) return from;
    at = index + 1;
  }
  return at;
}

function readVersion1(text: string): SyslogRecord | undefined {
  const match = version1.exec(text);
  if (match === null) return undefined;
  const header: Writable<SyslogHeader> = {};
  setPriority(header, match[1]!);
  const names = ["timestamp", "host", "program", "pid", "messageId"] as const;
  for (const [index, name] of names.entries()) {
    const value = nil(match[index + 2]!);
    if (value !== undefined) header[name] = value;
  }
  // Converted from the old form, the name may still hold what that form put behind it.
  if (header.program !== undefined) Object.assign(header, readTag(header.program));
  const message = messageOf(text.slice(skipStructuredData(text, match[0].length)));
  return { ...header, message };
}

/** Splits `sshd[42]:` and the like; also used for the tag field of JSON that a daemon made. */
export function readTag(tag: string): { program: string; pid?: string } {
  const match = tagWithPid.exec(tag);
  if (match !== null) return { program: baseName(match[1]!), pid: match[2]! };
  return { program: baseName(tag.replace(/:$/, "")) };
}

const baseName = (path: string): string => path.slice(path.lastIndexOf("/") + 1);

function readTagged(header: Writable<SyslogHeader>, text: string): string | undefined {
  const pid = tagWithPid.exec(text);
  const tag = pid ?? tagWithColon.exec(text);
  if (tag === null) return undefined;
  header.program = baseName(tag[1]!);
  if (pid !== null) header.pid = pid[2]!;
  return text.slice(tag[0].length);
}

/** `HOST TAG[PID]: text`, each of the three possibly missing. */
function readRest(header: Writable<SyslogHeader>, text: string): string {
  const untagged = readTagged(header, text);
  if (untagged !== undefined) return untagged;
  const name = host.exec(text);
  if (name === null) return text;
  header.host = name[1]!;
  const after = text.slice(name[0].length).trimStart();
  const tagged = readTagged(header, after);
  if (tagged !== undefined) return tagged;
  const bare = bareTag.exec(after);
  if (bare === null) return after;
  header.program = bare[1]!;
  return after.slice(bare[0].length);
}

/**
 * RFC 5424, RFC 3164 and what daemons really write of it: ISO times, no PRI, no host, no colon
 * behind the tag. Undefined when neither PRI nor time stands at the beginning: then it is no syslog.
 */
export function readSyslog(text: string): SyslogRecord | undefined {
  const first = text.charCodeAt(0);
  const digit = first >= 48 && first <= 57;
  const letter = (first >= 65 && first <= 90) || first === 42 || first === 46;
  if (first !== 60 && !digit && !letter) return undefined;
  if (first === 60) {
    const modern = readVersion1(text);
    if (modern !== undefined) return modern;
  }
  const header: Writable<SyslogHeader> = {};
  const pri = first === 60 ? priority.exec(text) : null;
  if (first === 60 && pri === null) return undefined;
  if (pri !== null) setPriority(header, pri[1]!);
  const rest = pri === null ? text : text.slice(pri[0].length).trimStart();
  const time = bsdTime.exec(rest) ?? isoTime.exec(rest) ?? epochTime.exec(rest);
  if (time === null && pri === null) return undefined;
  if (time !== null) header.timestamp = time[1]!;
  const message = readRest(header, time === null ? rest : rest.slice(time[0].length).trimStart());
  return { ...header, message: messageOf(message) };
}
