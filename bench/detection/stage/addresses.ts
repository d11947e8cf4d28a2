import type { Random } from "../../random.ts";
import type { Fields } from "./drafts.ts";

/** A provider's network: what a geo file says of its addresses, and how they begin. */
export interface Network {
  readonly as: number;
  readonly country: string;
  readonly prefix: string;
  /** First two groups of its IPv6 addresses, where it gives them out. */
  readonly six?: string;
  /** False where the geo file knows no autonomous system. */
  readonly known?: boolean;
}

export const network = (as: number, country: string, prefix: string, six?: string): Network => ({
  as,
  country,
  prefix,
  ...(six === undefined ? {} : { six }),
});

const group16 = (dice: Random): string => dice.integer(65_536).toString(16);

export const addressIn = (net: Network, dice: Random): string =>
  `${net.prefix}.${dice.integer(256)}.${1 + dice.integer(254)}`;

/** A privacy address: the home's prefix, an interface id of chance. */
export const privacyAddress = (net: Network, home: number, dice: Random): string =>
  `${net.six}:${(home & 0xffff).toString(16)}:${((home >>> 8) & 0xff00).toString(16)}:${group16(dice)}:${group16(dice)}:${group16(dice)}:${group16(dice)}`;

export const placeOf = (net: Network, ip: string): Fields => ({
  "source.ip": ip,
  "source.geo.country_iso_code": net.country,
  ...(net.known === false ? {} : { "source.as.number": net.as }),
});
