import type { Event } from "../../schemas/event.ts";
import { isPrivate, networkOf, prefixOf, withoutVersions } from "../network.ts";
import { Field } from "./layout.ts";

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

function shareOf(path: string | undefined): string | undefined {
  if (path === undefined || !(path.startsWith("\\\\") || path.startsWith("//"))) return undefined;
  return path.split(/[\\/]/, 5).join("/").toLowerCase();
}

const isPublic = (ip: string | undefined): boolean => ip !== undefined && !isPrivate(ip);

function hostOf(event: Event): string | undefined {
  const name = event["host.name"]?.toLowerCase();
  const device = event["device.id"]?.toLowerCase();
  if (name !== undefined) return name === device ? undefined : name;
  const ip = event["destination.ip"];
  return ip !== undefined && isPrivate(ip) ? ip : undefined;
}

/** Value of each watched field, undefined where the event says nothing. Overwrites `out`. */
export function valuesOf(event: Event, out: (string | undefined)[]): void {
  const ip = event["source.ip"];
  const open = isPublic(ip);
  const signIn = event["event.category"]?.includes("authentication") === true;
  const mfa = event["auth.mfa"];
  const agent = event["user_agent.original"];
  out[Field.device] = clip(event["device.id"]) ?? (signIn && open ? "(none)" : undefined);
  out[Field.network] = open || ip === undefined ? networkOf(event) : `lan ${prefixOf(ip)}`;
  out[Field.country] = open ? event["source.geo.country_iso_code"] : undefined;
  out[Field.agent] = agent === undefined ? undefined : clip(withoutVersions(agent));
  const action = event["event.action"];
  out[Field.action] =
    action === undefined
      ? undefined
      : clip(`${action} ${event["auth.method"] ?? ""}${mfa === undefined ? "" : mfa ? "+" : "-"}`);
  out[Field.host] = clip(hostOf(event));
  out[Field.program] = clip(
    event["process.name"]?.toLowerCase() ?? baseName(event["process.executable"]),
  );
  out[Field.service] = clip(event["service.name"]);
  out[Field.domain] = clip(
    siteOf(event["url.domain"] ?? event["dns.question.name"] ?? event["destination.domain"]),
  );
  out[Field.share] = clip(shareOf(event["file.path"]));
}

export const bytesOf = (event: Event): number =>
  Math.max(0, event["source.bytes"] ?? event["network.bytes"] ?? 0);
