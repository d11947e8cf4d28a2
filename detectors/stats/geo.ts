const EARTH_RADIUS_KM = 6371.0088;
const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/** Where something happened: a point in degrees and how far the truth may be from it, in km. */
export interface Place {
  readonly lat: number;
  readonly lon: number;
  readonly radius: number;
}

/** Great-circle distance of two points in km (haversine, mean earth radius of the IUGG). */
export function greatCircleKm(a: Place, b: Place): number {
  const lat = Math.sin(radians(b.lat - a.lat) / 2);
  const lon = Math.sin(radians(b.lon - a.lon) / 2);
  const h = lat * lat + Math.cos(radians(a.lat)) * Math.cos(radians(b.lat)) * lon * lon;
  return 2 * EARTH_RADIUS_KM * Math.asin(Math.min(1, Math.sqrt(h)));
}

/** Least distance of two areas in km, 0 where they overlap. */
export const areaDistanceKm = (a: Place, b: Place): number =>
  Math.max(0, greatCircleKm(a, b) - a.radius - b.radius);
