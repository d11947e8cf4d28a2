import { random } from "../../bench/random.ts";
import type { Company } from "./exactness-company.ts";

const SPAN = 240_000;
const places = [
  { ip: "203.0.113.7", lat: 40.42, lon: -3.7, country: "ES" },
  { ip: "198.51.100.9", lat: 1.35, lon: 103.82, country: "SG" },
  { ip: "192.0.2.44", lat: -33.87, lon: 151.21, country: "AU" },
] as const;

/**
 * `count` sign-ins of a few hundred people in four minutes of event time from `from` (epoch ms) on,
 * so that whoever sends them within minutes of it sends nothing late and nothing dated ahead.
 */
export function crowd(seed: number, count: number, from: number): Company {
  const dice = random(seed, 3);
  const times: number[] = [];
  const lines = Array.from({ length: count }, (_, index) => {
    const at = from + Math.floor((index * SPAN) / count);
    times.push(at);
    const user = dice.integer(400);
    const stranger = dice.chance(0.002);
    const failed = dice.chance(user < 10 ? 0.6 : 0.05);
    const place = stranger ? places[1 + dice.integer(2)] : places[0];
    return JSON.stringify({
      "@timestamp": new Date(at).toISOString(),
      "event.id": `crowd-${seed}-${index}`,
      "event.category": ["authentication"],
      "event.action": "sign_in",
      "event.outcome": failed ? "failure" : "success",
      "user.name": `person-${user}`,
      "source.ip": place?.ip,
      "source.geo.country_iso_code": place?.country,
      "source.geo.location.lat": place?.lat,
      "source.geo.location.lon": place?.lon,
      "device.id": `LT-${user}`,
      "device.managed": user % 50 !== 0,
      "host.name": `srv-${dice.integer(20)}`,
    });
  });
  return { lines, times, end: Number(times.at(-1)) + 2 };
}
