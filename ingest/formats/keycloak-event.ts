import type { FlatDocument, Format, ParsedEvent, ParsedRecord, RawRecord } from "../format.ts";
import { carriedText } from "../envelope.ts";
import { attributesOf, ipOf, textOf, visible } from "../values.ts";
import { readPairs } from "./keycloak-line.ts";

const DATASET = "keycloak.event";

type Fields = Readonly<Record<string, unknown>>;

const lineStart =
  /(?:^|[\])\s])((?:type|operationType)="?[A-Z_]{3,60}"?, (?:realmId|realmName|clientId)=)/;
/** Keycloak's console line: `2026-11-24 10:00:00,123 WARN  [org.keycloak.events] (thread) type=…`. */
const consoleTime =
  /(?:^|\s)(\d{4}-\d\d-\d\d[ T]\d\d:\d\d:\d\d[.,]\d{1,9}(?:Z|[+-]\d\d:?\d\d)?)\s+[A-Z]{4,5}\s+\[/;

/** Second factors by the word for the credential. */
const secondFactors = /^(?:otp|totp|hotp|webauthn|webauthn-passwordless|recovery-authn-codes)$/;

const kinds: readonly [RegExp, readonly string[], readonly string[]][] = [
  [/^(?:LOGIN|CLIENT_LOGIN|IDENTITY_PROVIDER_LOGIN)$/, ["authentication"], ["start"]],
  [/^LOGOUT$/, ["authentication"], ["end"]],
  [/^(?:REGISTER)$/, ["iam"], ["user", "creation"]],
  [/^DELETE_ACCOUNT$/, ["iam"], ["user", "deletion"]],
  [/^(?:UPDATE|REMOVE|RESET|VERIFY|USER_DISABLED|GRANT|REVOKE)_/, ["iam"], ["user", "change"]],
  [/./, ["session"], ["info"]],
];

function kindOf(type: string): Pick<ParsedEvent, "event.category" | "event.type"> {
  const base = type.replace(/_ERROR$/, "");
  const [, category, types] = kinds.find(([pattern]) => pattern.test(base)) ?? kinds.at(-1)!;
  return { "event.category": [...category], "event.type": [...types] };
}

/** Fields with a place of their own; the rest is kept as attributes. */
const mapped = new Set([
  "type",
  "clientId",
  "userId",
  "sessionId",
  "ipAddress",
  "error",
  "username",
  "realmName",
  "email",
  "credential_type",
  "time",
  "id",
]);

function restOf(fields: Fields): ParsedEvent {
  const rest = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(fields)) {
    const value = fields[key];
    if (!mapped.has(key) && (typeof value === "object" || textOf(value) !== undefined)) {
      rest[key] = value;
    }
  }
  const attributes = attributesOf(rest);
  return attributes === undefined ? {} : { attributes };
}

type Writable = { -readonly [K in keyof ParsedEvent]: ParsedEvent[K] };

function commonOf(fields: Fields, type: string): Writable {
  const error = textOf(fields["error"]);
  const failed = error !== undefined || type.endsWith("_ERROR");
  const event: Writable = {
    "event.dataset": DATASET,
    "event.kind": "event",
    "event.provider": "keycloak",
    "event.code": type,
    "event.action": type.toLowerCase(),
    "event.outcome": failed ? "failure" : "success",
    ...restOf(fields),
  };
  const reason = error ?? textOf(fields["reason"]);
  if (reason !== undefined) event["event.reason"] = reason;
  const realm = textOf(fields["realmName"]) ?? textOf(fields["realmId"]);
  if (realm !== undefined) event["user.domain"] = realm;
  const ip = ipOf(fields["ipAddress"]);
  if (ip !== undefined) event["source.ip"] = ip;
  const client = textOf(fields["clientId"]);
  if (client !== undefined) event["service.name"] = client;
  // Of a refused refresh Keycloak names no user, only whose token it was.
  const user = textOf(fields["userId"]) ?? textOf(fields["refresh_token_sub"]);
  if (user !== undefined) event["user.id"] = user;
  return event;
}

function userEvent(fields: Fields, type: string): ParsedEvent {
  const event = commonOf(fields, type);
  Object.assign(event, kindOf(type));
  const name = textOf(fields["username"]);
  if (name !== undefined) event["user.name"] = name;
  const email = textOf(fields["email"]);
  if (email !== undefined) event["user.email"] = email;
  if (textOf(fields["error"]) === "user_not_found") event["user.known"] = false;
  const session = textOf(fields["sessionId"]) ?? textOf(fields["code_id"]);
  if (session !== undefined) event["session.id"] = session;
  const credential = textOf(fields["credential_type"]);
  if (credential !== undefined) event["auth.method"] = credential;
  if (credential !== undefined && secondFactors.test(credential)) event["auth.mfa"] = true;
  const agent = textOf(fields["user_agent"]);
  if (agent !== undefined) event["user_agent.original"] = agent;
  return event;
}

/** In an admin event the user is the administrator; whom it concerns stands in the path. */
function adminEvent(fields: Fields, operation: string): ParsedEvent {
  const event = commonOf(fields, operation);
  const path = textOf(fields["resourcePath"]) ?? "";
  const target = /^users\/([^/]{1,128})/.exec(path)?.[1];
  const change = { CREATE: "creation", DELETE: "deletion" }[operation] ?? "change";
  event["event.category"] = ["iam"];
  event["event.type"] = target === undefined ? ["admin", change] : ["user", change];
  event["event.action"] = `admin_${operation.toLowerCase()}`;
  if (target !== undefined) event["user.target.id"] = target;
  return event;
}

function eventOf(fields: Fields): ParsedEvent | undefined {
  const type = textOf(fields["type"]);
  if (type !== undefined) return userEvent(fields, type);
  const operation = textOf(fields["operationType"]);
  return operation === undefined ? undefined : adminEvent(fields, operation);
}

/** REST documents nest what the line writes side by side. */
function restFields(flat: FlatDocument): Record<string, unknown> {
  const fields = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(flat)) {
    const bare = key.startsWith("details.") ? key.slice(8) : key;
    const name = bare.startsWith("authDetails.") ? bare.slice(12) : bare;
    fields[name] ??= flat[key];
  }
  return fields;
}

const isRest = (flat: FlatDocument): boolean =>
  (typeof flat["type"] === "string" &&
    /^[A-Z][A-Z_]{2,59}$/.test(flat["type"]) &&
    "realmId" in flat) ||
  (typeof flat["operationType"] === "string" &&
    ("resourcePath" in flat || "authDetails.realmId" in flat));

/** The text around the line, wherever a logger or shipper put it. */
const carrierOf = (raw: RawRecord): string =>
  (raw.flat === undefined ? undefined : carriedText(raw.flat)) ?? raw.syslog?.message ?? raw.text;

function lineOf(raw: RawRecord): string | undefined {
  const carrier = carrierOf(raw);
  if (!carrier.includes("ype=")) return undefined;
  const text = visible(carrier.trimEnd());
  const found = lineStart.exec(text.slice(0, 2_048));
  return found === null ? undefined : text.slice(found.index + found[0].length - found[1]!.length);
}

function sniff(raw: RawRecord): number {
  if (raw.flat !== undefined && isRest(raw.flat)) return 0.97;
  return lineOf(raw) === undefined ? 0 : 0.92;
}

function recordOf(
  event: ParsedEvent,
  time: string | undefined,
  id: string | undefined,
): ParsedRecord {
  return {
    event,
    ...(id === undefined ? {} : { nativeId: id }),
    ...(time === undefined ? {} : { timeAsWritten: time }),
  };
}

function parse(raw: RawRecord): ReturnType<Format["parse"]> {
  if (raw.flat !== undefined && isRest(raw.flat)) {
    const event = eventOf(restFields(raw.flat));
    const id = textOf(raw.flat["id"]) ?? raw.nativeId;
    if (event !== undefined) return [recordOf(event, textOf(raw.flat["time"]), id)];
  }
  const line = lineOf(raw);
  if (line === undefined) return { code: "keycloak_unknown", reason: "no Keycloak event in it" };
  const fields = readPairs(line);
  const event = fields === undefined ? undefined : eventOf(fields);
  if (event === undefined)
    return { code: "keycloak_malformed", reason: 'not key="value", … pairs' };
  // The level of Keycloak's own console line stands where syslog has a host.
  const daemon = raw.syslog?.program === undefined ? undefined : raw.syslog.host;
  const host =
    textOf(raw.flat?.["hostName"]) ??
    daemon ??
    textOf(raw.flat?.["host.name"]) ??
    textOf(raw.flat?.["host.hostname"]);
  const time =
    consoleTime.exec(carrierOf(raw).slice(0, 512))?.[1] ??
    textOf(raw.flat?.["timestamp"]) ??
    raw.syslog?.timestamp ??
    textOf(raw.flat?.["@timestamp"] ?? raw.flat?.["time"]);
  const whole = host === undefined ? event : { ...event, "host.name": host };
  return [recordOf({ ...whole, message: line }, time, raw.nativeId)];
}

export const keycloakEvent: Format = { name: DATASET, title: "Keycloak events", sniff, parse };
