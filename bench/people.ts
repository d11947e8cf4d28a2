import { type Random, random } from "./random.ts";

export interface Site {
  readonly name: string;
  readonly country: string;
  readonly lat: number;
  readonly lon: number;
  /** Hours ahead of UTC. */
  readonly zone: number;
  readonly homeAs: readonly number[];
  readonly mobileAs: number;
}

export const sites: readonly Site[] = [
  site("Berlin", "DE", 52.52, 13.4, 1, [3320, 6805, 8881], 6805),
  site("Madrid", "ES", 40.42, -3.7, 1, [3352, 12479], 12430),
  site("New York", "US", 40.71, -74, -5, [7922, 701], 21928),
  site("Tokyo", "JP", 35.68, 139.69, 9, [2516, 4713], 9605),
  site("São Paulo", "BR", -23.55, -46.63, -3, [27699, 28573], 26599),
];

function site(...of: [string, string, number, number, number, number[], number]): Site {
  const [name, country, lat, lon, zone, homeAs, mobileAs] = of;
  return { name, country, lat, lon, zone, homeAs, mobileAs };
}

export interface Person {
  readonly index: number;
  readonly name: string;
  readonly group: string;
  readonly site: Site;
  readonly laptop: string;
  readonly phone: string;
  readonly agent: string;
  readonly homeAs: number;
  readonly homeIp: string;
  readonly hosts: readonly string[];
  readonly services: readonly string[];
  readonly programs: readonly string[];
  /** Local hour the working day starts at. */
  readonly start: number;
  /** Events on an ordinary working day. */
  readonly rate: number;
  readonly curiosity: number;
  readonly clumsiness: number;
  readonly tunnel: boolean;
  readonly traveller: boolean;
  readonly nightShift: boolean;
  /** First and last day of employment, in days after the start. */
  readonly joins: number;
  readonly service: boolean;
}

const first =
  "ana bo chen dana emil fay gil hana ivan jo kai lea max nia omar pia quin rosa sam tea uli vera wim xia yan zoe".split(
    " ",
  );
const last =
  "ruiz berg wong silva novak klein moreau tanaka costa lund patel weber rossi kim jansen".split(
    " ",
  );
const groups = ["finance", "sales", "engineering", "operations", "people", "support"] as const;
const programs: Record<string, readonly string[]> = {
  finance: ["excel", "outlook", "sap", "chrome", "acrobat", "word"],
  sales: ["outlook", "chrome", "teams", "powerpoint", "excel"],
  engineering: ["code", "node", "git", "docker", "python", "ssh", "chrome", "make", "gdb", "curl"],
  operations: ["ssh", "ansible", "kubectl", "python", "chrome", "tmux", "curl", "nmap"],
  people: ["outlook", "word", "chrome", "teams", "acrobat"],
  support: ["chrome", "teams", "outlook", "zendesk", "anydesk"],
};

const some = <T>(list: readonly T[], count: number, dice: Random): T[] =>
  list
    .map((value) => [dice.next(), value] as const)
    .toSorted((a, b) => a[0] - b[0])
    .slice(0, count)
    .map(([, value]) => value);

export const hostsOf = (group: string): string[] =>
  Array.from({ length: group === "engineering" || group === "operations" ? 40 : 15 }, (_, index) =>
    `${group.slice(0, 3)}-srv-${index}`.toLowerCase(),
  );
export const groupNames: readonly string[] = groups;

const servicesOf = (group: string): string[] => [
  "mail",
  "wiki",
  "sso-portal",
  "chat",
  ...Array.from({ length: 8 }, (_, index) => `${group}-app-${index}`),
];

export function people(seed: number, count: number, days: number): Person[] {
  const dice = random(seed, 17);
  return Array.from({ length: count }, (_, index): Person => {
    const group = dice.pick(groups);
    const where = dice.chance(0.6) ? (sites[0] as Site) : dice.pick(sites);
    const service = dice.chance(0.04);
    const name = service
      ? `svc-${group}-${index}$`
      : `${first[index % first.length]}.${last[Math.floor(index / first.length) % last.length]}${index >= 390 ? index : ""}`;
    const technical = group === "engineering" || group === "operations";
    return {
      index,
      name,
      group,
      site: where,
      laptop: `LT-${1000 + index}`,
      phone: `PH-${1000 + index}`,
      agent: dice.pick(["Chrome/130 Windows", "Firefox/132 Linux", "Safari/18 macOS"]),
      homeAs: dice.pick(where.homeAs),
      homeIp: `${80 + (index % 9)}.${dice.integer(250)}.${dice.integer(250)}.${1 + dice.integer(250)}`,
      hosts: some(hostsOf(group), technical ? 4 + dice.integer(10) : 1 + dice.integer(3), dice),
      services: some(servicesOf(group), 3 + dice.integer(5), dice),
      programs: some(programs[group] ?? [], 3 + dice.integer(4), dice),
      start: 7 + dice.next() * 3,
      rate: Math.exp(2.6 + 0.6 * dice.normal()) * (technical ? 1.6 : 1),
      curiosity: Math.exp(-2.8 + 0.9 * dice.normal()) * (technical ? 2.5 : 1),
      clumsiness: Math.exp(-2.2 + 1.1 * dice.normal()),
      tunnel: dice.chance(0.15),
      traveller: dice.chance(0.25),
      nightShift: group === "support" && dice.chance(0.3),
      joins: dice.chance(0.06) ? dice.integer(days) : -1,
      service,
    };
  });
}
