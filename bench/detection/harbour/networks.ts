import type { Random } from "../../random.ts";
import { skewed } from "./draws.ts";

/**
 * Countries and their networks. One pool for everybody: travellers, partners, private tunnels and
 * attackers draw from the same lists. Numbers are from the private range of autonomous systems.
 */
export const networkKinds = ["home", "mobile", "hotel", "hosting", "office"] as const;
export type NetworkKind = (typeof networkKinds)[number];

export interface Country {
  readonly code: string;
  readonly lat: number;
  readonly lon: number;
  readonly networks: Readonly<Record<NetworkKind, readonly Network[]>>;
}

export interface Network {
  readonly as: number;
  readonly kind: NetworkKind;
  /** First two numbers of its addresses. */
  readonly prefixes: readonly string[];
}

/** Where an action comes from, as a source of records sees it. */
export interface Origin {
  readonly ip: string;
  /** Undefined where a source does not say. */
  readonly as: number | undefined;
  readonly country: Country;
}

/** In order of how often people of the organisation are there. */
const places =
  "NL 51.9 4.5,PL 54.3 18.6,GB 51.9 1.3,US 32.1 -81.1,SG 1.3 103.8,BR -23.9 -46.3,DE 53.5 10,BE 51.2 4.4,FR 48.9 2.3,ES 41.4 2.2,IT 44.4 8.9,CN 31.2 121.5,IN 19 72.8,AE 25.2 55.3,GR 37.9 23.6,TR 41 28.9,DK 55.7 12.6,SE 57.7 12,MA 35.8 -5.8,PA 9 -79.5,ZA -29.9 31,JP 35.4 139.6,VN 10.8 106.7,RO 44.2 28.6";

const counts: Readonly<Record<NetworkKind, number>> = {
  home: 4,
  mobile: 3,
  hotel: 2,
  hosting: 2,
  office: 2,
};

function networksOf(country: number): Country["networks"] {
  let next = country * 13;
  const make = (kind: NetworkKind): Network[] =>
    Array.from({ length: counts[kind] }, () => {
      const index = next++;
      return {
        as: 64_512 + index,
        kind,
        prefixes: Array.from(
          { length: kind === "mobile" ? 3 : 1 + (index % 2) },
          (_, part) => `${60 + (index % 60)}.${Math.floor(index / 60) * 16 + part * 5 + 3}`,
        ),
      };
    });
  return {
    home: make("home"),
    mobile: make("mobile"),
    hotel: make("hotel"),
    hosting: make("hosting"),
    office: make("office"),
  };
}

export const countries: readonly Country[] = places.split(",").map((text, index) => {
  const [code, lat, lon] = text.split(" ");
  return { code: code!, lat: Number(lat), lon: Number(lon), networks: networksOf(index) };
});

export const countryOf = (code: string): Country =>
  countries.find((country) => country.code === code)!;

/** An address of a network. */
export const addressOf = (network: Network, country: Country, dice: Random): Origin => ({
  ip: `${skewed(network.prefixes, dice)}.${dice.integer(256)}.${1 + dice.integer(254)}`,
  as: network.as,
  country,
});

export const someAddress = (country: Country, kind: NetworkKind, dice: Random): Origin =>
  addressOf(skewed(country.networks[kind], dice, 1.6), country, dice);

/** Ends of private tunnels: machines for rent, mostly in few countries. */
export const tunnelExit = (dice: Random): Origin =>
  someAddress(skewed(countries, dice, 1.5), "hosting", dice);
