import type { EntityKind } from "../../schemas/entity.ts";
import type { Event } from "../../schemas/event.ts";
import { isPrivate, networkOf, prefixOf, withoutVersions } from "../network.ts";
import { Class, Field } from "./fields.ts";

const clip = (text: string | undefined): string | undefined =>
  text === undefined || text === "" ? undefined : text.length > 96 ? text.slice(0, 96) : text;

function baseName(path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  return path.slice(Math.max(path.lastIndexOf("/"), path.lastIndexOf("\\")) + 1).toLowerCase();
}

/** The last two labels of a name: good enough to tell one web site from another. */
function siteOf(domain: string | undefined): string | undefined {
  if (domain === undefined) return undefined;
  const end = domain.lastIndexOf(".");
  const start = end <= 0 ? -1 : domain.lastIndexOf(".", end - 1);
  return domain.slice(start + 1).toLowerCase();
}

/** Server and first two parts of a path on a share. */
function shareOf(path: string | undefined): string | undefined {
  if (path === undefined || !(path.startsWith("\\\\") || path.startsWith("//"))) return undefined;
  return path.split(/[\\/]/, 5).join("/").toLowerCase();
}

const isPublic = (ip: string | undefined): boolean => ip !== undefined && !isPrivate(ip);

/** The host acted on, unless it is the event's own device. */
function hostOf(event: Event): string | undefined {
  const name = event["host.name"]?.toLowerCase();
  if (name !== undefined) return name === event["device.id"]?.toLowerCase() ? undefined : name;
  const ip = event["destination.ip"];
  return ip !== undefined && isPrivate(ip) ? ip : undefined;
}

/** What an entity is used with: an account with a device, a machine with an account. */
const usedWith = (event: Event, kind: EntityKind): string | undefined =>
  kind === "device" || kind === "host" ? event["user.entity.id"] : event["device.id"];

/** The other machine: the one acted on, for a host that is acted on itself the one it came from. */
function otherMachine(event: Event, kind: EntityKind): string | undefined {
  if (kind !== "host") return hostOf(event);
  const device = event["device.id"]?.toLowerCase();
  return device === event["host.name"]?.toLowerCase() ? undefined : device;
}

/** Value of each watched field, undefined where the event says nothing. Overwrites `out`. */
export function valuesOf(event: Event, kind: EntityKind, out: (string | undefined)[]): void {
  const ip = event["source.ip"];
  const open = isPublic(ip);
  const signIn = event["event.category"]?.includes("authentication") === true;
  const mfa = event["auth.mfa"];
  const agent = event["user_agent.original"];
  out[Field.device] = clip(usedWith(event, kind)) ?? (signIn && open ? "(none)" : undefined);
  out[Field.network] = open || ip === undefined ? networkOf(event) : `lan ${prefixOf(ip)}`;
  out[Field.country] = open ? event["source.geo.country_iso_code"] : undefined;
  out[Field.agent] = agent === undefined ? undefined : clip(withoutVersions(agent));
  const action = event["event.action"];
  out[Field.action] =
    action === undefined
      ? undefined
      : clip(`${action} ${event["auth.method"] ?? ""}${mfa === undefined ? "" : mfa ? "+" : "-"}`);
  out[Field.host] = clip(otherMachine(event, kind));
  out[Field.program] = clip(
    event["process.name"]?.toLowerCase() ?? baseName(event["process.executable"]),
  );
  out[Field.service] = clip(event["service.name"]);
  out[Field.domain] = clip(
    siteOf(event["url.domain"] ?? event["dns.question.name"] ?? event["destination.domain"]),
  );
  out[Field.share] = clip(shareOf(event["file.path"]));
}

/** Class of activity by ECS category, else by the fields that are there. */
export function classOf(event: Event): number {
  const category = event["event.category"]?.[0];
  switch (category) {
    case "authentication":
    case "session":
    case "iam":
      return event["auth.logon_type"] !== undefined ||
        (event["host.name"] !== undefined && !isPublic(event["source.ip"]))
        ? Class.logon
        : Class.signIn;
    case "process":
    case "file":
    case "web":
      return Class[category];
    case "email":
      return Class.mail;
    case "network":
      return event["url.domain"] === undefined && event["dns.question.name"] === undefined
        ? Class.network
        : Class.web;
    case undefined:
      break;
    default:
      return Class.other;
  }
  if (event["process.name"] !== undefined) return Class.process;
  if (event["file.path"] !== undefined) return Class.file;
  if (event["url.domain"] !== undefined) return Class.web;
  if (event["destination.ip"] !== undefined) return Class.network;
  return event["source.ip"] === undefined ? Class.other : Class.signIn;
}

const whole = (bytes: number): number => (bytes > 0 ? Math.min(1e14, Math.floor(bytes)) : 0);

/** Bytes an event moved, both ways. */
export function bytesOf(event: Event): number {
  const sent = event["source.bytes"];
  const received = event["destination.bytes"];
  return sent === undefined && received === undefined
    ? whole(event["network.bytes"] ?? 0)
    : whole(sent ?? 0) + whole(received ?? 0);
}

/** Bytes an event sent away. */
export const uploadOf = (event: Event): number => whole(event["source.bytes"] ?? 0);

const SECOND_FACTOR = /mfa|2fa|otp|push|second.?factor|number.?match/i;

/** A refused or unanswered second factor. */
export const isDeniedFactor = (event: Event): boolean =>
  SECOND_FACTOR.test(event["event.action"] ?? "") ||
  SECOND_FACTOR.test(event["event.reason"] ?? "") ||
  SECOND_FACTOR.test(event["auth.method"] ?? "");
