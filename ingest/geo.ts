/** Where an address is, as far as a file can say. */
export interface Place {
  readonly "source.geo.country_iso_code"?: string;
  readonly "source.geo.city_name"?: string;
  readonly "source.geo.name"?: string;
  readonly "source.geo.location.lat"?: number;
  readonly "source.geo.location.lon"?: number;
  readonly "source.geo.radius_km"?: number;
  readonly "source.as.number"?: number;
  readonly "source.as.organization.name"?: string;
}

/** Place of a normalised public address; undefined where nothing is known. Synchronous, no I/O. */
export type GeoLookup = (ip: string) => Place | undefined;

/** One's own network or site: its addresses are there, whatever a geo file says. */
export interface Network {
  readonly cidr: string;
  readonly name: string;
  /** Degrees. */
  readonly lat: number;
  readonly lon: number;
  /** How far from the point an address of this network may be, km; default 0. */
  readonly radius_km?: number;
  /** ISO 3166-1 alpha-2. */
  readonly country?: string;
}
