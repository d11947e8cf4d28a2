import type { FlatDocument, Format, ParsedEvent, ParsedRecord, RawRecord } from "../format.ts";
import { attributesOf, integerOf, ipOf, portOf, textOf } from "../values.ts";
import { fieldReaders } from "../event-fields.ts";
import { readableTime } from "../time.ts";
import { eventKinds, logonTypes, statusReasons } from "./windows-events.ts";

const DATASET = "windows.security";
const PROVIDER = "Microsoft-Windows-Security-Auditing";

/** Winlogbeat and Elastic Agent nest the data; NXLog and others write it side by side. */
const dataPrefixes = ["winlog.event_data.", "winlog.user_data.", "EventData.", "event_data.", ""];

const channelOf = (flat: FlatDocument): string | undefined =>
  textOf(flat["winlog.channel"]) ?? textOf(flat["Channel"]) ?? textOf(flat["log_name"]);

const providerOf = (flat: FlatDocument): string | undefined =>
  textOf(flat["winlog.provider_name"]) ??
  textOf(flat["event.provider"]) ??
  textOf(flat["SourceName"]) ??
  textOf(flat["ProviderName"]);

/** Later Winlogbeats write a number, earlier ones text, Logstash an object with a qualifier. */
const codeOf = (flat: FlatDocument): string | undefined =>
  textOf(flat["winlog.event_id"]) ??
  textOf(flat["event.code"]) ??
  textOf(flat["EventID"]) ??
  textOf(flat["event_id"]);

type Data = (name: string) => string | undefined;

/** Reads event data by name, and notes in `used` what has found a field. */
const dataOf =
  (flat: FlatDocument, used: Set<string>): Data =>
  (name) => {
    for (const prefix of dataPrefixes) {
      const text = textOf(flat[prefix + name]);
      if (text === undefined) continue;
      if (!lossy.has(name)) used.add(prefix + name);
      return text;
    }
    return undefined;
  };

/** Data whose field says less than they do: they stay attributes too. */
const lossy = new Set([
  "Status",
  "SubStatus",
  "FailureCode",
  "LogonType",
  "IpAddress",
  "ClientAddress",
  "NewProcessId",
]);

/** Keys outside the data that have a field of their own. */
const mapped = [
  "message",
  "Message",
  "event.original",
  "@timestamp",
  "event.code",
  "event.kind",
  "event.outcome",
  "event.provider",
  "event.created",
  "host.name",
  "host.id",
  "winlog.event_id",
  "winlog.provider_name",
  "winlog.computer_name",
];

/** The SID of nobody. */
const NOBODY = "S-1-0-0";

type Writable = { -readonly [K in keyof ParsedEvent]: ParsedEvent[K] };

function put<K extends keyof Writable>(
  event: Writable,
  key: K,
  value: Writable[K] | undefined,
): void {
  if (value !== undefined) event[key] = value;
}

const baseName = (path: string | undefined): string | undefined =>
  path === undefined ? undefined : path.slice(path.lastIndexOf("\\") + 1);

function account(event: Writable, data: Data, side: "Target" | "Subject"): void {
  put(event, "user.name", data(`${side}UserName`));
  put(event, "user.domain", data(`${side}DomainName`));
  const sid = data(`${side}UserSid`) ?? data(`${side}Sid`);
  if (sid !== NOBODY) put(event, "user.id", sid);
  put(event, "session.id", data(`${side}LogonId`));
}

/** A logon from the machine itself comes from no address worth knowing; the workstation name is the client's word. */
function origin(event: Writable, data: Data): void {
  const ip = ipOf(data("IpAddress") ?? data("ClientAddress"));
  if (ip === undefined || ip === "::1" || ip === "127.0.0.1") return;
  event["source.ip"] = ip;
  const port = portOf(data("IpPort"));
  if (port !== 0) put(event, "source.port", port);
}

function logon(event: Writable, data: Data): void {
  origin(event, data);
  const type = data("LogonType");
  if (type !== undefined) event["auth.logon_type"] = logonTypes.get(type) ?? type.toLowerCase();
  const method = data("AuthenticationPackageName") ?? data("PackageName");
  put(event, "auth.method", method?.trim().toLowerCase());
  put(event, "process.executable", data("ProcessName"));
  put(event, "process.name", baseName(data("ProcessName")));
}

const zero = /^0x0+$/;

/** The more exact of the two codes that says something. */
function reason(event: Writable, data: Data): void {
  const codes = [data("SubStatus"), data("Status"), data("FailureCode")];
  const code = codes.find((text) => text !== undefined && !zero.test(text))?.toLowerCase();
  if (code === undefined) return;
  const word = statusReasons.get(code) ?? code;
  event["event.reason"] = word;
  event["event.outcome"] = "failure";
  if (word === "user_not_found") event["user.known"] = false;
}

function processStart(event: Writable, data: Data): void {
  const executable = data("NewProcessName") ?? data("ProcessName");
  put(event, "process.executable", executable);
  put(event, "process.name", baseName(executable));
  put(event, "process.pid", integerOf(data("NewProcessId") ?? data("ProcessId")));
  put(event, "process.command_line", data("CommandLine") ?? data("ProcessCommandLine"));
  put(event, "process.parent.executable", data("ParentProcessName"));
  put(event, "process.parent.name", baseName(data("ParentProcessName")));
  put(event, "user.effective.name", data("TargetUserName"));
}

function outcomeOf(flat: FlatDocument): "success" | "failure" | undefined {
  const said = textOf(flat["event.outcome"]);
  if (said === "success" || said === "failure") return said;
  const list = flat["winlog.keywords"] ?? flat["keywords"] ?? flat["EventType"];
  const words = Array.isArray(list) ? (list as unknown[]) : [list];
  const audit = words
    .map((word) => /^audit[ _](\w+)$/i.exec(textOf(word) ?? "")?.[1])
    .find(Boolean);
  const result = audit?.toLowerCase();
  return result === "success" || result === "failure" ? result : undefined;
}

/** Any other id: who acts, upon whom, and everything else as attributes. */
function other(event: Writable, data: Data): void {
  account(event, data, data("SubjectUserName") === undefined ? "Target" : "Subject");
  if (event["user.name"] === undefined) {
    put(event, "user.name", data("AccountName"));
    put(event, "user.domain", data("AccountDomain"));
    put(event, "session.id", data("LogonID"));
  }
  origin(event, data);
}

/** Upon whom: of a change to a group its member, and what the target is called stays an attribute. */
function target(event: Writable, data: Data): void {
  if (data("SubjectUserName") === undefined) return;
  const isGroup = event["event.type"]?.includes("group") === true;
  put(event, "user.target.name", isGroup ? data("MemberName") : data("TargetUserName"));
  put(event, "user.target.id", isGroup ? data("MemberSid") : data("TargetSid"));
}

function fill(event: Writable, code: string, data: Data): void {
  const kind = eventKinds.get(code);
  if (kind === undefined) {
    other(event, data);
    return target(event, data);
  }
  event["event.category"] = [...kind.category];
  event["event.type"] = [...kind.type];
  event["event.action"] = kind.action;
  if (kind.category.includes("iam") || kind.category.includes("session")) {
    other(event, data);
    return target(event, data);
  }
  account(event, data, kind.user);
  if (kind.category.includes("process")) return processStart(event, data);
  if (kind.user === "Subject") put(event, "user.effective.name", data("TargetUserName"));
  logon(event, data);
  if (kind.outcome !== "success") reason(event, data);
  if (kind.outcome !== undefined) event["event.outcome"] = kind.outcome;
}

/** Winlogbeat's and Elastic's own modules have already named some fields: taken where the data say nothing. */
function readProcessed(flat: FlatDocument, event: Writable, used: Set<string>): void {
  const fields = event as Record<string, unknown>;
  for (const key of Object.keys(flat)) {
    if (fields[key] !== undefined || used.has(key)) continue;
    const known = fieldReaders.get(key)?.(flat[key]);
    if (known === undefined) continue;
    fields[key] = known;
    used.add(key);
  }
}

function restOf(flat: FlatDocument, used: ReadonlySet<string>): ParsedEvent {
  const rest = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(flat)) {
    const value = flat[key];
    if (used.has(key)) continue;
    if (typeof value === "object" || textOf(value) !== undefined) rest[key] = value;
  }
  const attributes = attributesOf(rest);
  return attributes === undefined ? {} : { attributes };
}

/** Computer, channel and record number name an entry of an event log. */
function nativeIdOf(flat: FlatDocument, host: string | undefined): string | undefined {
  const record =
    textOf(flat["winlog.record_id"]) ??
    textOf(flat["RecordNumber"]) ??
    textOf(flat["EventRecordID"]);
  return record === undefined || host === undefined
    ? undefined
    : `${host}/${channelOf(flat) ?? "Security"}/${record}`;
}

function sniff(raw: RawRecord): number {
  const flat = raw.flat;
  if (flat === undefined || codeOf(flat) === undefined) return 0;
  return channelOf(flat) === "Security" || providerOf(flat) === PROVIDER ? 0.98 : 0;
}

function parse(raw: RawRecord): ReturnType<Format["parse"]> {
  const flat = raw.flat;
  const code = flat === undefined ? undefined : codeOf(flat);
  if (flat === undefined || code === undefined) {
    return { code: "windows_incomplete", reason: "no event id (winlog.event_id or event.code)" };
  }
  const host =
    textOf(flat["winlog.computer_name"]) ??
    textOf(flat["Computer"]) ??
    textOf(flat["Hostname"]) ??
    textOf(flat["host.name"]);
  const event: Writable = {
    "event.dataset": DATASET,
    "event.kind": "event",
    "event.code": code,
    "event.provider": providerOf(flat) ?? PROVIDER,
  };
  const used = new Set(mapped);
  put(event, "host.name", host);
  put(event, "host.id", textOf(flat["host.id"]));
  put(event, "message", textOf(flat["message"]) ?? textOf(flat["Message"]));
  put(event, "event.outcome", outcomeOf(flat));
  put(event, "event.action", textOf(flat["event.action"]) ?? textOf(flat["winlog.task"]));
  put(event, "event.created", readableTime(textOf(flat["event.created"])));
  fill(event, code, dataOf(flat, used));
  readProcessed(flat, event, used);
  Object.assign(event, restOf(flat, used));
  const time =
    textOf(flat["@timestamp"]) ?? textOf(flat["winlog.time_created"]) ?? textOf(flat["EventTime"]);
  const id = nativeIdOf(flat, host) ?? raw.nativeId;
  const record: ParsedRecord = {
    event,
    ...(id === undefined ? {} : { nativeId: id }),
    ...(time === undefined ? {} : { timeAsWritten: time }),
  };
  return [record];
}

export const windowsSecurity: Format = {
  name: DATASET,
  title: "Windows Security log",
  sniff,
  parse,
};
