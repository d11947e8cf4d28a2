import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { countryCodes, placeOfCountry } from "../../ingest/countries.ts";
import type { GeoLookup } from "../../ingest/geo.ts";
import { openGeo } from "../../ingest/geo-files.ts";
import { createPlaces } from "../../ingest/place.ts";

describe("the country table", () => {
  it("has every code once, a point on earth and a reach", () => {
    const codes = countryCodes();
    expect(codes.length).toBeGreaterThanOrEqual(249);
    for (const code of codes) {
      const place = placeOfCountry(code)!;
      expect(code).toMatch(/^[A-Z]{2}$/);
      expect(Math.abs(place["source.geo.location.lat"]!)).toBeLessThanOrEqual(90);
      expect(Math.abs(place["source.geo.location.lon"]!)).toBeLessThanOrEqual(180);
      expect(place["source.geo.radius_km"]).toBeGreaterThan(0);
    }
    expect(placeOfCountry("de")?.["source.geo.country_iso_code"]).toBe("DE");
    expect(placeOfCountry("ZZ")).toEqual({ "source.geo.country_iso_code": "ZZ" });
    expect(placeOfCountry("Germany")).toBeUndefined();
  });
});

describe("places", () => {
  let geo: GeoLookup;
  let folder: string;
  beforeAll(async () => {
    geo = await openGeo();
    folder = await mkdtemp(join(tmpdir(), "metsuke-geo-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it("reads the country file for both families", () => {
    const of = createPlaces([], geo);
    for (const ip of ["8.8.8.8", "2001:4860:4860::8888"]) {
      expect(of({ "source.ip": ip })).toMatchObject({
        "source.geo.country_iso_code": "US",
        "source.geo.radius_km": 6100,
      });
    }
  });

  it.each([
    "10.0.0.1",
    "127.0.0.1",
    "192.168.1.1",
    "169.254.1.1",
    "::1",
    "fe80::1",
    "fd00::1",
    "203.0.113.7",
  ])("gives %s no place", (ip) => {
    expect(
      createPlaces([], () => ({ "source.geo.country_iso_code": "XX" }))({ "source.ip": ip })?.[
        "source.geo.country_iso_code"
      ],
    ).toBeUndefined();
  });

  it("puts one's own networks first, the narrowest of them", () => {
    const of = createPlaces(
      [
        { cidr: "127.0.0.0/8", name: "lab", lat: 1, lon: 2 },
        { cidr: "127.0.0.2/32", name: "far", lat: 50, lon: 8, radius_km: 5, country: "DE" },
        { cidr: "8.8.0.0/16", name: "ours", lat: 3, lon: 4 },
        { cidr: "2001:db8::/32", name: "six", lat: 5, lon: 6 },
      ],
      geo,
    );
    expect(of({ "source.ip": "127.0.0.1" })).toMatchObject({
      "source.geo.name": "lab",
      "source.geo.radius_km": 0,
    });
    expect(of({ "source.ip": "127.0.0.2" })).toMatchObject({
      "source.geo.name": "far",
      "source.geo.country_iso_code": "DE",
    });
    expect(of({ "source.ip": "8.8.8.8" })?.["source.geo.name"]).toBe("ours");
    expect(of({ "source.ip": "2001:db8::5" })?.["source.geo.name"]).toBe("six");
  });

  it("keeps a point the source named, and makes an area of a country it named", () => {
    const of = createPlaces([], geo);
    const point = { "source.geo.location.lat": 48, "source.geo.location.lon": 11 };
    expect(of({ "source.ip": "8.8.8.8", ...point })).toBeUndefined();
    expect(of({ "source.ip": "10.0.0.1", "source.geo.country_iso_code": "JP" })).toMatchObject({
      "source.geo.location.lat": 36.5,
    });
    expect(of({})).toBeUndefined();
  });

  it("names the file it cannot read", async () => {
    const file = join(folder, "city.mmdb");
    await writeFile(file, "not a database");
    await expect(openGeo({ cityFile: file })).rejects.toThrow(/city\.mmdb/);
    await expect(openGeo({ asnFile: join(folder, "none") })).rejects.toMatchObject({
      code: "METSUKE_FILE_UNREADABLE",
    });
  });
});
