import type { Fields, Page } from "../stage/drafts.ts";
import type { Worker } from "./plant.ts";

/** Who writes where: a worker's page, and the machine in front of it. */
export interface Desk {
  readonly worker: Worker;
  readonly page: Page;
  /** Name and private address of the machine. */
  readonly machine: string;
  readonly ip: string;
}

type Outcome = "success" | "failure";

interface Kind {
  readonly dataset: string;
  readonly category: string[];
  readonly type: string[];
  readonly action: string;
}

const kind = (dataset: string, category: string, type: string[], action: string): Kind => ({
  dataset,
  category: [category],
  type,
  action,
});

const windows = "windows.security";
const logonKinds = {
  success: kind(windows, "authentication", ["start"], "logged-in"),
  failure: kind(windows, "authentication", ["start"], "logon-failed"),
};
const processKind = kind(windows, "process", ["start"], "created-process");
const shareKind = kind(windows, "file", ["access"], "Detailed File Share");
const flowKind = kind("zeek.conn", "network", ["connection"], "connection");
const sshKind = kind("linux.sshd", "authentication", ["start"], "ssh_login");
const sudoKind = kind("linux.sudo", "process", ["start"], "sudo_command");
const identity = "keycloak.event";
const identityKinds = {
  login: kind(identity, "authentication", ["start"], "login"),
  login_error: kind(identity, "authentication", ["start"], "login_error"),
  refresh_token: kind(identity, "session", ["info"], "refresh_token"),
  code_to_token: kind(identity, "session", ["info"], "code_to_token"),
};

/** One literal, whose room is allotted at once: half the cost of copying fields together. */
function fieldsOf({ fields }: Worker, of: Kind): Fields {
  const made: Fields = {
    "@timestamp": "",
    "event.id": "",
    "event.ingested": "",
    "event.kind": "event",
    "event.dataset": of.dataset,
    "event.category": of.category,
    "event.type": of.type,
    "event.action": of.action,
    "organization.id": "loom",
    "sender.authenticated": true,
    "user.name": fields["user.name"] as string,
    "user.entity.id": fields["user.entity.id"] as string,
    "user.entity.type": fields["user.entity.type"] as string,
  };
  const group = fields["user.group.name"];
  if (group !== undefined) made["user.group.name"] = group;
  return made;
}

function windowsFields(worker: Worker, of: Kind, code: string): Fields {
  const fields = fieldsOf(worker, of);
  fields["event.provider"] = "Microsoft-Windows-Security-Auditing";
  fields["event.code"] = code;
  fields["user.domain"] = "LOOM";
  return fields;
}

export interface Logon {
  readonly host: string;
  readonly type: "interactive" | "network" | "remote_interactive" | "unlock" | "batch";
  readonly method?: "kerberos" | "ntlm" | "negotiate";
  readonly outcome?: Outcome;
  /** Where it comes from, when not from the machine itself. */
  readonly ip?: string;
}

/** A Windows logon, 4624 or 4625. */
export function logon(desk: Desk, at: number, of: Logon): void {
  const outcome = of.outcome ?? "success";
  const failed = outcome === "failure";
  const fields = windowsFields(desk.worker, logonKinds[outcome], failed ? "4625" : "4624");
  fields["event.outcome"] = outcome;
  if (failed) fields["event.reason"] = "bad_password";
  fields["host.name"] = of.host;
  if (of.ip !== undefined) fields["source.ip"] = of.ip;
  fields["auth.logon_type"] = of.type;
  fields["auth.method"] = of.method ?? "kerberos";
  if (!failed) fields["session.id"] = `0x${Math.floor(at % 2 ** 31).toString(16)}`;
  desk.page.put(at, fields);
}

/** A process start, 4688. */
export function program(desk: Desk, at: number, name: string, host = desk.machine): void {
  const fields = windowsFields(desk.worker, processKind, "4688");
  fields["host.name"] = host;
  fields["process.executable"] = `C:\\Program Files\\${name}`;
  fields["process.name"] = name;
  desk.page.put(at, fields);
}

/** A file read on a share, 5145. */
export function readShare(desk: Desk, at: number, share: string): void {
  const fields = windowsFields(desk.worker, shareKind, "5145");
  fields["event.outcome"] = "success";
  fields["source.ip"] = desk.ip;
  fields["file.path"] = `${share}\\f${Math.floor(at % 997)}.dat`;
  desk.page.put(at, fields);
}

export interface Flow {
  readonly to: string;
  readonly port: number;
  readonly sent: number;
  readonly received: number;
}

const protocols: Readonly<Record<number, string>> = { 443: "ssl", 445: "smb", 502: "modbus" };

/** A connection, joined to the account that was at the machine. */
export function flow(desk: Desk, at: number, of: Flow): void {
  const sent = Math.max(40, Math.floor(of.sent));
  const received = Math.max(40, Math.floor(of.received));
  const fields = fieldsOf(desk.worker, flowKind);
  fields["source.ip"] = desk.ip;
  fields["source.port"] = 32_768 + Math.floor(at % 28_000);
  fields["destination.ip"] = of.to;
  fields["destination.port"] = of.port;
  fields["network.transport"] = "tcp";
  fields["network.protocol"] = protocols[of.port] ?? "ssl";
  fields["source.bytes"] = sent;
  fields["destination.bytes"] = received;
  fields["network.bytes"] = sent + received;
  desk.page.put(at, fields);
}

export interface Ssh {
  readonly host: string;
  readonly method?: "publickey" | "password";
  readonly outcome?: Outcome;
}

/** An attempt at an OpenSSH server. */
export function ssh(desk: Desk, at: number, of: Ssh): void {
  const fields = fieldsOf(desk.worker, sshKind);
  fields["event.outcome"] = of.outcome ?? "success";
  fields["auth.method"] = of.method ?? "publickey";
  fields["source.ip"] = desk.ip;
  fields["source.port"] = 32_768 + Math.floor(at % 28_000);
  fields["host.name"] = of.host;
  fields["process.name"] = "sshd";
  desk.page.put(at, fields);
}

/** A command as another user. */
export function sudo(
  desk: Desk,
  at: number,
  of: { readonly host: string; readonly command: string },
): void {
  const fields = fieldsOf(desk.worker, sudoKind);
  fields["event.outcome"] = "success";
  fields["host.name"] = of.host;
  fields["user.effective.name"] = "root";
  fields["process.executable"] = of.command;
  fields["process.name"] = of.command.slice(of.command.lastIndexOf("/") + 1);
  desk.page.put(at, fields);
}

export interface SignIn {
  readonly client: string;
  readonly place: Fields;
  readonly agent: string;
  readonly session: string;
  readonly method?: "password" | "otp" | "push";
  /** The vendor's word where a login was refused. */
  readonly refused?: string;
  /** `login`, or a use of a session that already is. */
  readonly action?: "login" | "refresh_token" | "code_to_token";
}

/** What the identity provider says of a sign-in or a session; it knows no devices. */
export function signIn(desk: Desk, at: number, of: SignIn): void {
  const { place, refused, method = "password" } = of;
  const action = refused === undefined ? (of.action ?? "login") : "login_error";
  const fields = fieldsOf(desk.worker, identityKinds[action]);
  fields["event.provider"] = "keycloak";
  fields["event.code"] = action.toUpperCase();
  fields["event.outcome"] = refused === undefined ? "success" : "failure";
  if (refused !== undefined) fields["event.reason"] = refused;
  fields["user.domain"] = "loom";
  fields["source.ip"] = place["source.ip"] as string;
  fields["source.geo.country_iso_code"] = place["source.geo.country_iso_code"] as string;
  const as = place["source.as.number"];
  if (as !== undefined) fields["source.as.number"] = as;
  fields["service.name"] = of.client;
  if (of.session !== "") fields["session.id"] = of.session;
  fields["user_agent.original"] = of.agent;
  if (action === "login" || action === "login_error") fields["auth.method"] = method;
  if (action === "login" && method !== "password") fields["auth.mfa"] = true;
  desk.page.put(at, fields);
}
