import ipaddr from "ipaddr.js";
import type { Event } from "../schemas/event.ts";
import type { GeoLookup, Network, Place } from "./geo.ts";
import { placeOfCountry } from "./countries.ts";

type Address = ReturnType<typeof ipaddr.parse>;

interface Site {
  readonly range: readonly [Address, number];
  readonly place: Place;
}

function siteOf(network: Network): Site {
  const place: Place = {
    "source.geo.name": network.name,
    "source.geo.location.lat": network.lat,
    "source.geo.location.lon": network.lon,
    "source.geo.radius_km": network.radius_km ?? 0,
    ...(network.country === undefined ? {} : { "source.geo.country_iso_code": network.country }),
  };
  return { range: ipaddr.parseCIDR(network.cidr), place };
}

const inRange = (address: Address, [range, bits]: Site["range"]): boolean =>
  address.kind() === range.kind() && address.match(range, bits);

/** Least-recently-used memory of a pure lookup: attackers choose addresses, so it is bounded. */
function remembering(lookup: GeoLookup, entries: number): GeoLookup {
  let young = new Map<string, Place | undefined>();
  let old = new Map<string, Place | undefined>();
  return (ip) => {
    if (young.has(ip)) return young.get(ip);
    const place = old.has(ip) ? old.get(ip) : lookup(ip);
    young.set(ip, place);
    if (young.size >= entries / 2) {
      old = young;
      young = new Map();
    }
    return place;
  };
}

/** What the source itself said of the place, where that is a point or at least a country. */
function placeSaid(event: Partial<Event>): "point" | Place | undefined {
  const lat = event["source.geo.location.lat"];
  const lon = event["source.geo.location.lon"];
  if (lat !== undefined && lon !== undefined && Math.abs(lat) <= 90 && Math.abs(lon) <= 180) {
    return "point";
  }
  const country = event["source.geo.country_iso_code"];
  return country === undefined ? undefined : placeOfCountry(country);
}

/**
 * Places of addresses: one's own networks first (the narrowest that holds the address), then the point
 * a source named, then the files, then the country a source named. Private, loopback and
 * link-local addresses have no place unless a network is configured for them.
 */
export function createPlaces(networks: readonly Network[], geo: GeoLookup) {
  const sites = networks.map(siteOf).sort((a, b) => b.range[1] - a.range[1]);
  const siteFor: GeoLookup = (ip) => {
    const address = ipaddr.parse(ip);
    return sites.find((site) => inRange(address, site.range))?.place;
  };
  const isPublic = (ip: string): boolean => ipaddr.parse(ip).range() === "unicast";
  const fileFor: GeoLookup = (ip) => (isPublic(ip) ? geo(ip) : undefined);
  const site = remembering(sites.length === 0 ? () => undefined : siteFor, 65_536);
  const file = remembering(fileFor, 65_536);

  /** Geo and AS fields to lay over the event's own. */
  return (event: Partial<Event>): Place | undefined => {
    const ip = event["source.ip"];
    const said = placeSaid(event);
    const own = ip === undefined ? undefined : site(ip);
    if (own !== undefined) return own;
    const known = ip === undefined ? undefined : file(ip);
    if (said === "point") return onlyNetwork(known);
    if (said === undefined || known?.["source.geo.location.lat"] !== undefined) return known;
    return { ...said, ...known };
  };
}

function onlyNetwork(place: Place | undefined): Place | undefined {
  const number = place?.["source.as.number"];
  if (place === undefined || number === undefined) return undefined;
  const name = place["source.as.organization.name"];
  return {
    "source.as.number": number,
    ...(name === undefined ? {} : { "source.as.organization.name": name }),
  };
}
