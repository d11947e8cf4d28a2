import type { GeoFiles } from "../ingest/geo-files.ts";
import type { Config } from "./config.ts";

/** The configuration's geo section in the names of the look-up. */
export const geoFiles = (geo: Config["ingest"]["geo"]): GeoFiles => ({
  ...(geo.city_file === undefined ? {} : { cityFile: geo.city_file }),
  ...(geo.asn_file === undefined ? {} : { asnFile: geo.asn_file }),
});
