import { lookup as systemLookup } from "node:dns/promises";
import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

/** One address of a host, as `dns.lookup` gives it. */
export interface HostAddress {
  readonly address: string;
  readonly family: number;
}

export type Lookup = (host: string) => Promise<readonly HostAddress[]>;

export type Checked =
  | {
      readonly status: "allowed";
      readonly host: string;
      readonly addresses: readonly HostAddress[];
    }
  | { readonly status: "refused"; readonly reason: string }
  | { readonly status: "unresolved"; readonly reason: string };

export interface TargetRules {
  /** When given and not empty, the only hosts that may be reached. */
  readonly hosts?: readonly string[];
  /** Hosts (names or addresses) that may have private addresses. */
  readonly allowPrivate?: readonly string[];
}

/** Public by range, yet the door to a cloud machine's own credentials. */
const METADATA_ADDRESSES: ReadonlySet<string> = new Set(["168.63.129.16"]);

/** What `allow_private` opens; link-local with its metadata service stays shut for names. */
const PRIVATE_RANGES: ReadonlySet<string> = new Set([
  "private",
  "loopback",
  "uniqueLocal",
  "carrierGradeNat",
]);

export const resolveAll: Lookup = (host) => systemLookup(host, { all: true, verbatim: true });

/**
 * Resolves the host of a URL once and judges every address it has; the caller connects to these
 * addresses and to no others, so that a second answer of the name server changes nothing (CWE-918).
 */
export async function checkTarget(
  url: URL,
  rules: TargetRules,
  lookup: Lookup = resolveAll,
): Promise<Checked> {
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    return { status: "refused", reason: "only http and https are allowed" };
  }
  if (url.username !== "" || url.password !== "") {
    return { status: "refused", reason: "a URL with a user name or password is not allowed" };
  }
  const host = hostOf(url);
  const listed = rules.hosts ?? [];
  if (listed.length > 0 && !listed.some((allowed) => sameHost(allowed, host))) {
    return { status: "refused", reason: `host ${host} is not in the list of allowed hosts` };
  }
  const addresses = await addressesOf(host, lookup);
  if (addresses.length === 0) {
    return { status: "unresolved", reason: `the name ${host} does not resolve` };
  }
  const privately = (rules.allowPrivate ?? []).some((allowed) => sameHost(allowed, host));
  for (const { address } of addresses) {
    const range = rangeOf(address);
    const literal = isIP(host) !== 0;
    if (range === "public") continue;
    if (privately && (literal || PRIVATE_RANGES.has(range))) continue;
    return { status: "refused", reason: `host ${host} has a ${range} address` };
  }
  return { status: "allowed", host, addresses };
}

/**
 * `public`, or the name of the special range (IANA special-purpose registries) an address is in.
 * A v4 address inside a v6 one is judged as the v4 address.
 */
export function rangeOf(address: string): string {
  if (!ipaddr.isValid(address)) return "invalid";
  const parsed = ipaddr.process(address);
  if (METADATA_ADDRESSES.has(parsed.toString())) return "metadata";
  const range = parsed.range();
  if (range !== "unicast") return range;
  // Outside 2000::/3 nothing is global unicast, whatever table the library knows.
  if (parsed.kind() === "ipv6" && ((parsed.toByteArray()[0] ?? 0) & 0xe0) !== 0x20) {
    return "reserved";
  }
  return "public";
}

/** The URL parser has already made one dotted form of `2130706433`, `0x7f.1` and `0177.0.0.1`. */
export const hostOf = (url: URL): string =>
  url.hostname
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "")
    .toLowerCase();

const sameHost = (listed: string, host: string): boolean =>
  listed
    .toLowerCase()
    .replace(/^\[(.*)\]$/, "$1")
    .replace(/\.$/, "") === host;

async function addressesOf(host: string, lookup: Lookup): Promise<readonly HostAddress[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  try {
    return await lookup(host);
  } catch {
    // A name that does not resolve is an answer (no addresses), and its error text is the resolver's.
    return [];
  }
}
