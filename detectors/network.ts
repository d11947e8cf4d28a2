import type { Event } from "../schemas/event.ts";

const PRIVATE =
  /^(?:10\.|127\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|f[cd]|fe80|::1$)/i;

/** Whether an address belongs to no public network (RFC 1918, 4193, loopback, link-local). */
export const isPrivate = (ip: string): boolean => PRIVATE.test(ip);

/** First 16 bits of an IPv4 address or 48 of an IPv6 one, as text. */
export function prefixOf(ip: string): string {
  const separator = ip.includes(":") ? ":" : ".";
  const parts = ip.split(separator);
  return parts.slice(0, separator === ":" ? 3 : 2).join(separator);
}

/**
 * The network an event came from: country and autonomous system where known, else the address
 * prefix; undefined without an address.
 */
export function networkOf(event: Event): string | undefined {
  const ip = event["source.ip"];
  const as = event["source.as.number"];
  const country = event["source.geo.country_iso_code"] ?? "";
  if (as !== undefined) return `${country} AS${as}`;
  if (ip === undefined) return country === "" ? undefined : country;
  return `${country} ${prefixOf(ip)}`.trimStart();
}

/**
 * Whether it is a sign-in or a use of a session by its ECS categories; an uncategorised event
 * counts. A failure typed as mere `info` is a side line of an attempt that another record tells of.
 */
export function isSignIn(event: Event): boolean {
  if (event["event.outcome"] === "failure" && event["event.type"]?.join() === "info") return false;
  const categories = event["event.category"];
  if (categories === undefined || categories.length === 0) return true;
  return categories.includes("authentication") || categories.includes("session");
}
