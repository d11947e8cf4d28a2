import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { errorText, MetsukeError } from "../platform/errors.ts";
import { type Response, Reader } from "maxmind";
import { placeOfCountry } from "./countries.ts";
import type { GeoLookup, Place } from "./geo.ts";
import { decimalOf, integerOf, textOf } from "./values.ts";

export interface GeoFiles {
  /** MMDB with points (flat records of ip-location-db, or MaxMind's nested ones). */
  readonly cityFile?: string;
  readonly asnFile?: string;
  /** Default: the country file of `@ip-location-db/geo-whois-asn-country-mmdb` (CC0). */
  readonly countryFile?: string;
}

type Fields = Readonly<Record<string, unknown>>;

/** Value at a path, through objects only. */
function at(record: unknown, ...path: readonly string[]): unknown {
  let value = record;
  for (const key of path) {
    if (typeof value !== "object" || value === null) return undefined;
    value = (value as Fields)[key];
  }
  return value;
}

async function openFile(path: string): Promise<(ip: string) => unknown> {
  try {
    const reader = new Reader<Response>(await readFile(path));
    return (ip) => reader.get(ip);
  } catch (error) {
    throw new MetsukeError("METSUKE_FILE_UNREADABLE", `${path}: ${errorText(error)}`, {
      cause: error,
    });
  }
}

/** City files cannot say better than this without an accuracy radius of their own. */
const CITY_RADIUS_KM = 50;

function cityPlace(record: unknown): Place | undefined {
  const lat = decimalOf(at(record, "latitude") ?? at(record, "location", "latitude"));
  const lon = decimalOf(at(record, "longitude") ?? at(record, "location", "longitude"));
  if (lat === undefined || lon === undefined || (lat === 0 && lon === 0)) return undefined;
  const city = textOf(at(record, "city", "names", "en") ?? at(record, "city"));
  const country = textOf(at(record, "country_code") ?? at(record, "country", "iso_code"));
  const radius = decimalOf(at(record, "location", "accuracy_radius"));
  return {
    ...(country === undefined ? {} : { "source.geo.country_iso_code": country }),
    ...(city === undefined ? {} : { "source.geo.city_name": city }),
    "source.geo.location.lat": lat,
    "source.geo.location.lon": lon,
    "source.geo.radius_km": radius ?? CITY_RADIUS_KM,
  };
}

function countryPlace(record: unknown): Place | undefined {
  const code = textOf(at(record, "country_code") ?? at(record, "country", "iso_code"));
  return code === undefined ? undefined : placeOfCountry(code);
}

function networkPlace(record: unknown): Place | undefined {
  const number = integerOf(
    at(record, "autonomous_system_number") ?? at(record, "as_number") ?? at(record, "asn"),
  );
  if (number === undefined) return undefined;
  const name = textOf(
    at(record, "autonomous_system_organization") ?? at(record, "as_organization"),
  );
  return {
    "source.as.number": number,
    ...(name === undefined ? {} : { "source.as.organization.name": name }),
  };
}

const defaultCountryFile = (): string =>
  createRequire(import.meta.url).resolve(
    "@ip-location-db/geo-whois-asn-country-mmdb/geo-whois-asn-country.mmdb",
  );

/**
 * Reads the files whole into memory (15 MB for the default) and looks addresses up in them: city, else
 * country with its radius; plus the autonomous system.
 * @throws MetsukeError METSUKE_FILE_UNREADABLE naming the file.
 */
export async function openGeo(files: GeoFiles = {}): Promise<GeoLookup> {
  const [city, asn, country] = await Promise.all([
    files.cityFile === undefined ? undefined : openFile(files.cityFile),
    files.asnFile === undefined ? undefined : openFile(files.asnFile),
    openFile(files.countryFile ?? defaultCountryFile()),
  ]);
  return (ip) => {
    const place = (city && cityPlace(city(ip))) ?? countryPlace(country(ip));
    const network = asn && networkPlace(asn(ip));
    return place === undefined && network === undefined ? undefined : { ...place, ...network };
  };
}
