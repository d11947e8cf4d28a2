import { random } from "../../random.ts";
import { commonServices } from "./catalogue.ts";
import { type Department, departments } from "./departments.ts";
import { several } from "./draws.ts";
import { countryOf, type Country } from "./networks.ts";

/** Sites, teams, and the servers and shares they own. */
export interface Site {
  readonly code: string;
  readonly zone: string;
  readonly country: Country;
  /** Part of all people. */
  readonly share: number;
  /** Number of its private network, 10.x. */
  readonly lan: number;
}

const siteRows: readonly (readonly [string, string, string, number])[] = [
  ["rtm", "Europe/Amsterdam", "NL", 0.42],
  ["gdn", "Europe/Warsaw", "PL", 0.16],
  ["sav", "America/New_York", "US", 0.14],
  ["fxt", "Europe/London", "GB", 0.12],
  ["sin", "Asia/Singapore", "SG", 0.1],
  ["ssz", "America/Sao_Paulo", "BR", 0.06],
];
export const sites: readonly Site[] = siteRows.map(([code, zone, country, share], index) => ({
  code,
  zone,
  country: countryOf(country),
  share,
  lan: 20 + index * 8,
}));

/** A few colleagues with servers and folders in common. */
export interface Team {
  readonly department: number;
  readonly hosts: readonly string[];
  readonly shares: readonly string[];
  readonly services: readonly string[];
}

export interface Estate {
  readonly teams: readonly Team[];
  /** By department, popular ones first. */
  readonly hosts: readonly (readonly string[])[];
  readonly shares: readonly (readonly string[])[];
  readonly services: readonly (readonly string[])[];
  readonly allHosts: readonly string[];
  readonly kiosks: ReadonlyMap<Site, readonly string[]>;
}

function hostsOf(department: Department, people: number): string[] {
  const count = Math.max(5, Math.round((department.share * people * department.hosts) / 10) + 4);
  const roles = ["app", "db", "web", "job", "term"];
  return Array.from(
    { length: Math.min(110, count) },
    (_, index) =>
      `${sites[Math.floor((index / 3) % sites.length)]!.code}-${department.code}-${roles[index % roles.length]!}${String(index).padStart(2, "0")}`,
  );
}

const sharesOf = (department: Department): string[] =>
  department.folders.flatMap((folder, index) => [
    `\\\\fs${index % 3}\\${department.name}\\${folder}`,
    ...["2025", "2026", "archive", "drafts", "partners"]
      .slice(0, 1 + (index % 5))
      .map((part) => `\\\\fs${(index + 1) % 3}\\${department.name}-${part}\\${folder}`),
  ]);

export function estateOf(seed: number, people: number): Estate {
  const dice = random(seed, 301);
  const hosts = departments.map((department) => hostsOf(department, people));
  const shares = departments.map(sharesOf);
  const services = departments.map(({ services: own, code }) => [
    ...own,
    ...Array.from({ length: 6 }, (_, index) => `${code}-tool-${index}`),
  ]);
  const teams = departments.flatMap(({ share }, department) =>
    Array.from({ length: Math.max(1, Math.round((share * people) / 9)) }, (): Team => ({
      department,
      hosts: several(hosts[department]!, { count: 3 + dice.integer(6) }, dice),
      shares: several(shares[department]!, { count: 3 + dice.integer(4) }, dice),
      services: several(services[department]!, { count: 4 }, dice),
    })),
  );
  return {
    teams,
    hosts,
    shares,
    services: services.map((own) => [...own, ...commonServices]),
    allHosts: hosts.flat(),
    kiosks: new Map(
      sites.map((site) => [
        site,
        Array.from(
          { length: 2 + Math.ceil((people * site.share) / 25) },
          (_, index) => `${site.code}-kiosk-${String(index).padStart(2, "0")}`,
        ),
      ]),
    ),
  };
}
