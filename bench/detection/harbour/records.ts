import type { Event } from "../../../schemas/event.ts";
import type { Random } from "../../random.ts";
import { isoOf } from "./clock.ts";
import { hexOf } from "./draws.ts";
import type { Origin } from "./networks.ts";

/** Records as the sources of the organisation write them, each with the fields it has and no others. */

export interface Draft {
  /** Epoch ms, whole. */
  readonly at: number;
  readonly event: Event;
}

/** Whose records are written, and where to. */
export interface Page {
  readonly name: string;
  readonly type: "user" | "service";
  readonly group: string;
  readonly dice: Random;
  readonly out: Draft[];
  readonly idPrefix: string;
  /** Records written so far; their ids count on. */
  serial: number;
}

const serials = Array.from({ length: 4096 }, (_, index) => index.toString(16).padStart(8, "0"));

/** The seeds make the ids: the same account on the same day has the same ones in every run. */
export function pageOf(
  who: Pick<Page, "name" | "type" | "group">,
  dice: Random,
  seeds: readonly number[],
): Page {
  const idPrefix = hexOf(...seeds, 1) + hexOf(...seeds, 2) + hexOf(...seeds, 3);
  return { name: who.name, type: who.type, group: who.group, dice, out: [], idPrefix, serial: 0 };
}

const ORGANISATION = "harbour";

/** What all records of one source have in common. */
interface Kind {
  readonly dataset: string;
  readonly category: string[];
  readonly type: string[];
  readonly action: string;
}

const kind = (dataset: string, category: string, type: string, action: string): Kind => ({
  dataset,
  category: category.split(" "),
  type: [type],
  action,
});

const kinds = {
  login: kind("keycloak.event", "authentication", "start", "login"),
  loginError: kind("keycloak.event", "authentication", "start", "login_error"),
  mfaDenied: kind("keycloak.event", "authentication", "start", "mfa_denied"),
  refresh: kind("keycloak.event", "session", "info", "refresh_token"),
  gateway: kind("gateway.vpn", "authentication", "start", "vpn_connect"),
  ssh: kind("linux.sshd", "authentication", "start", "ssh_login"),
  logon: kind("windows.security", "authentication", "start", "logged-in"),
  logonFailed: kind("windows.security", "authentication", "start", "logon_failed"),
  process: kind("edr.process", "process", "start", "process_start"),
  web: kind("proxy.web", "web", "access", "http_request"),
  dns: kind("dns.query", "network dns", "info", "dns_query"),
  flow: kind("zeek.conn", "network", "connection", "connection"),
  mail: kind("mail.relay", "email", "info", "mail_sent"),
  file_read: kind("fileserver.audit", "file", "access", "file_read"),
  file_write: kind("fileserver.audit", "file", "change", "file_write"),
  file_delete: kind("fileserver.audit", "file", "deletion", "file_delete"),
};

function record(page: Page, time: number, of: Kind): Event {
  const at = Math.floor(time);
  const serial = page.serial++;
  const { dice } = page;
  const event: Event = {
    "@timestamp": isoOf(at),
    "event.id": page.idPrefix + (serials[serial] ?? serial.toString(16).padStart(8, "0")),
    "event.dataset": of.dataset,
    "event.category": of.category,
    "event.type": of.type,
    "event.action": of.action,
    "event.ingested": isoOf(at + 300 + dice.integer(2200)),
    "organization.id": ORGANISATION,
    "user.name": page.name,
    "user.entity.id": page.name,
    "user.entity.type": page.type,
    "user.group.name": page.group,
    "sender.authenticated": true,
  };
  page.out.push({ at, event });
  return event;
}

function setOrigin(event: Event, from: Origin): void {
  event["source.ip"] = from.ip;
  event["source.geo.country_iso_code"] = from.country.code;
  if (from.as === undefined) return;
  event["source.as.number"] = from.as;
  event["source.geo.location.lat"] = from.country.lat;
  event["source.geo.location.lon"] = from.country.lon;
  event["source.geo.radius_km"] = 120;
}

export interface Client {
  readonly from: Origin;
  readonly device: string | undefined;
  readonly managed?: boolean;
  readonly agent: string;
  readonly session: string;
}

export interface SignIn {
  readonly service: string;
  readonly method?: string;
  readonly mfa?: boolean;
  /** Why it failed; undefined: it did not. */
  readonly reason?: string;
}

/** At the identity provider: a sign-in, a denied push, an application opened in a session. */
export function signIn(page: Page, at: number, client: Client, of: SignIn): Event {
  const failed = of.reason !== undefined;
  const error = of.reason === "mfa_denied" ? kinds.mfaDenied : kinds.loginError;
  const event = record(page, at, failed ? error : kinds.login);
  event["event.outcome"] = failed ? "failure" : "success";
  if (of.reason !== undefined) event["event.reason"] = of.reason;
  event["service.name"] = of.service;
  setOrigin(event, client.from);
  event["user_agent.original"] = client.agent;
  if (!failed) event["session.id"] = client.session;
  if (of.method !== undefined) event["auth.method"] = of.method;
  if (of.mfa !== undefined) event["auth.mfa"] = of.mfa;
  if (client.device !== undefined) {
    event["device.id"] = client.device;
    event["device.managed"] = client.managed ?? true;
  }
  return event;
}

/** A session kept alive by its program. */
export function refresh(page: Page, at: number, client: Client, service: string): void {
  const event = record(page, at, kinds.refresh);
  event["event.outcome"] = "success";
  event["service.name"] = service;
  setOrigin(event, client.from);
  event["user_agent.original"] = client.agent;
  event["session.id"] = client.session;
}

/** At the gateway, which knows neither device nor browser. */
export function gatewaySignIn(page: Page, at: number, from: Origin, failed: boolean): void {
  const event = record(page, at, kinds.gateway);
  event["event.outcome"] = failed ? "failure" : "success";
  event["service.name"] = "gateway";
  event["auth.method"] = "certificate";
  setOrigin(event, from);
}

export interface Logon {
  readonly host: string;
  /** Private address of the machine it came from. */
  readonly ip: string;
  readonly type: "network" | "remote_interactive" | "interactive" | "unlock" | "batch" | "service";
  readonly failed?: boolean;
}

/** On a machine. Windows shouts its names now and then, and Linux says ssh. */
export function logon(page: Page, at: number, of: Logon): void {
  const unix = of.host.includes("-db") || of.host.includes("-job");
  const windows = of.failed === true ? kinds.logonFailed : kinds.logon;
  const event = record(page, at, unix ? kinds.ssh : windows);
  event["event.outcome"] = of.failed === true ? "failure" : "success";
  event["host.name"] = !unix && page.dice.chance(0.5) ? of.host.toUpperCase() : of.host;
  if (!unix && page.dice.chance(0.05)) event["user.name"] = page.name.toUpperCase();
  event["source.ip"] = of.ip;
  event["auth.method"] = unix ? "publickey" : "kerberos";
  if (!unix) event["auth.logon_type"] = of.type;
  if (of.failed === true) event["event.reason"] = "wrong_password";
}

export interface Program {
  readonly host: string;
  /** Set where the sensor names the endpoint. */
  readonly device: string | undefined;
  readonly name: string;
  readonly parent: string;
}

export function program(page: Page, at: number, of: Program): Event {
  const event = record(page, at, kinds.process);
  event["host.name"] = of.host;
  if (of.device !== undefined) event["device.id"] = of.device;
  if (page.dice.chance(0.03)) event["process.executable"] = `C:\\Program Files\\${of.name}`;
  else event["process.name"] = of.name;
  event["process.parent.name"] = of.parent;
  return event;
}

export interface FileUse {
  readonly share: string;
  readonly action: "file_read" | "file_write" | "file_delete";
  readonly ip: string;
}

export function fileUse(page: Page, at: number, of: FileUse): Event {
  const event = record(page, at, kinds[of.action]);
  event["event.outcome"] = "success";
  event["source.ip"] = of.ip;
  event["file.path"] = `${of.share}\\${1 + page.dice.integer(400)}.dat`;
  return event;
}

export function webVisit(page: Page, at: number, of: { domain: string; host: string }): Event {
  const event = record(page, at, kinds.web);
  event["url.domain"] = page.dice.chance(0.4) ? `www.${of.domain}` : of.domain;
  if (page.dice.chance(0.8)) event["device.id"] = of.host;
  event["source.bytes"] = 400 + page.dice.integer(4000);
  return event;
}

export function nameQuery(page: Page, at: number, of: { domain: string; ip: string }): Event {
  const event = record(page, at, kinds.dns);
  event["source.ip"] = of.ip;
  event["dns.question.name"] = of.domain;
  return event;
}

export interface Flow {
  readonly ip: string;
  /** Name of a public destination, or a private address. */
  readonly to: string;
  readonly sent: number;
  readonly received: number;
}

export function flow(page: Page, at: number, of: Flow): Event {
  const event = record(page, at, kinds.flow);
  event["source.ip"] = of.ip;
  if (of.to.startsWith("10.")) event["destination.ip"] = of.to;
  else event["destination.domain"] = of.to;
  setBytes(event, of.sent, of.received);
  return event;
}

export function setBytes(event: Event, sent: number, received: number): void {
  event["source.bytes"] = Math.floor(sent);
  event["destination.bytes"] = Math.floor(received);
  event["network.bytes"] = Math.floor(sent) + Math.floor(received);
}

/** Mail leaves by a relay that knows sizes and partners only. */
export function mail(page: Page, at: number, domain: string): Event {
  const event = record(page, at, kinds.mail);
  event["event.outcome"] = "success";
  event["destination.domain"] = domain;
  event["source.bytes"] = Math.floor(Math.exp(9 + 1.6 * page.dice.normal()));
  return event;
}
