import type { Event } from "../schemas/event.ts";

const PRIVATE =
  /^(?:10\.|127\.|192\.168\.|169\.254\.|172\.(?:1[6-9]|2\d|3[01])\.|f[cd]|fe80|::1$)/i;

/** Whether an address belongs to no public network (RFC 1918, 4193, loopback, link-local). */
export function isPrivate(ip: string): boolean {
  // Most addresses begin with none of 1, colon, f, F: they need no pattern.
  const first = ip.charCodeAt(0);
  if (first !== 49 && first !== 58 && first !== 102 && first !== 70) return false;
  return PRIVATE.test(ip);
}

/** First 16 bits of an IPv4 address or 48 of an IPv6 one, as text. */
export function prefixOf(ip: string): string {
  const six = ip.includes(":");
  const separator = six ? ":" : ".";
  let end = -1;
  for (let part = six ? 3 : 2; part > 0; part--) {
    end = ip.indexOf(separator, end + 1);
    if (end < 0) return ip;
  }
  return ip.slice(0, end);
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

/** A program's name without digits and dots: version numbers move every month, the program does not. */
export function withoutVersions(agent: string): string {
  let kept = "";
  let from = 0;
  for (let at = 0; at < agent.length; at++) {
    const code = agent.charCodeAt(at);
    if (code !== 46 && (code < 48 || code > 57)) continue;
    if (at > from) kept += agent.slice(from, at);
    from = at + 1;
  }
  return from === 0 ? agent : kept + agent.slice(from);
}
