import { random, type Random } from "../../random.ts";
import {
  accountName,
  agents,
  commonPrograms,
  dualUseTools,
  oddProgram,
  webSite,
} from "./catalogue.ts";
import { type Department, departments } from "./departments.ts";
import { type Dated, lognormal, several, weighted } from "./draws.ts";
import { type Estate, type Site, sites, type Team } from "./estate.ts";
import type { Happenings } from "./happenings.ts";
import { type Life, lifeOf } from "./life.ts";

/** What a person has to do with: the first entries of each list are used most. */
export interface Role {
  readonly department: number;
  readonly team: Team;
  readonly hosts: readonly string[];
  readonly shares: readonly string[];
  readonly services: readonly string[];
  readonly programs: readonly string[];
  readonly domains: readonly string[];
}

export interface Person extends Life {
  readonly index: number;
  /** `entity.id`. */
  readonly name: string;
  readonly site: Site;
  readonly roles: readonly Dated<Role>[];
  /** Events of an ordinary working day, and new things tried on one. */
  readonly rate: number;
  readonly curiosity: number;
  /** Wrong passwords a day. */
  readonly clumsiness: number;
  /** Local hour at which the working day begins, for those without shifts. */
  readonly begins: number;
  readonly shifts: Department["shifts"];
  readonly officeShare: number;
  /** Chance of a weekend day at work, of a day with an account that is hardly used. */
  readonly weekends: number;
  readonly usage: number;
  readonly kiosk: boolean;
  /** Signs in to a gateway when not at the office. */
  readonly gateway: boolean;
  /** Chance of a day with a private tunnel. */
  readonly tunnel: number;
  /** All web traffic leaves by a proxy in the cloud. */
  readonly proxied: boolean;
  readonly phone: boolean;
  readonly method: "push" | "fido2" | "otp";
  /** Browser and system; its version moves on by itself. */
  readonly agents: readonly Dated<(major: number) => string>[];
}

export interface PeopleOptions {
  readonly seed: number;
  readonly count: number;
  readonly days: number;
  readonly estate: Estate;
  readonly happenings: Happenings;
}

function programsOf(department: Department, dice: Random): string[] {
  const tools = dice.chance(department.tools)
    ? several(dualUseTools, { count: 2 + dice.integer(6), power: 1.6 }, dice)
    : [];
  return [
    ...several(commonPrograms, { count: 4 + dice.integer(5), power: 1.5 }, dice),
    ...several(department.programs, { count: 2 + dice.integer(7) }, dice),
    ...tools,
    ...Array.from({ length: dice.integer(3) }, () => oddProgram(dice)),
  ];
}

const mixed = <T>(own: readonly T[], rest: readonly T[], count: number, dice: Random): T[] => [
  ...new Set([
    ...several(own, { count: Math.ceil(count * 0.7) }, dice),
    ...several(rest, { count: Math.ceil(count * 0.4), power: 1.4 }, dice),
  ]),
];

/** Habits in a team: mostly the team's own, then the department's. */
export function roleIn(estate: Estate, team: Team, dice: Random): Role {
  const department = departments[team.department]!;
  const technical = department.tools >= 0.3;
  const hosts = Math.ceil(lognormal(technical ? 6 : 2, 0.6, dice));
  return {
    department: team.department,
    team,
    hosts: mixed(team.hosts, estate.hosts[team.department]!, Math.min(30, hosts), dice),
    shares: mixed(team.shares, estate.shares[team.department]!, 2 + dice.integer(5), dice),
    services: mixed(team.services, estate.services[team.department]!, 5 + dice.integer(6), dice),
    programs: programsOf(department, dice),
    domains: Array.from({ length: 8 + dice.integer(25) }, () => webSite(dice)),
  };
}

function teamFor(of: PeopleOptions, department: number, dice: Random): Team {
  return dice.pick(of.estate.teams.filter((team) => team.department === department));
}

/** First role, a change of post for few, and what a reorganisation adds. */
function rolesOf(of: PeopleOptions, department: number, dice: Random): Dated<Role>[] {
  const first = roleIn(of.estate, teamFor(of, department, dice), dice);
  const changes: Dated<Role>[] = [{ from: -1, value: first }];
  if (dice.chance(0.04)) {
    const next = dice.chance(0.6) ? department : weighted(shares, dice);
    const value = roleIn(of.estate, teamFor(of, next, dice), dice);
    changes.push({ from: 5 + dice.integer(of.days), value: merged(value, first, 2) });
  }
  for (const { from, value } of of.happenings.reorganisations) {
    if (value !== department || changes.length > 1) continue;
    const moved = roleIn(of.estate, teamFor(of, department, dice), dice);
    changes.push({ from: from + Math.floor(dice.next() ** 2 * 6), value: merged(moved, first, 4) });
  }
  return changes;
}

/** A new role with some of the old one still at hand. */
const merged = (role: Role, old: Role, kept: number): Role => ({
  ...role,
  hosts: [...role.hosts, ...old.hosts.slice(0, kept)],
  shares: [...role.shares, ...old.shares.slice(0, kept)],
  services: [...role.services, ...old.services.slice(0, kept)],
  programs: [...old.programs, ...role.programs.slice(0, kept)],
  domains: old.domains,
});

const shares = departments.map(({ share }) => share);

function agentsOf(days: number, department: Department, dice: Random): Person["agents"] {
  const draw = () =>
    agents[Math.floor(agents.length * dice.next() ** (department.tools > 0.2 ? 1 : 3))]!;
  const list = [{ from: 0, value: draw() }];
  if (dice.chance(0.08)) list.push({ from: 3 + dice.integer(days), value: draw() });
  return list;
}

/** The first of each department are placed by hand, so that small organisations have them all. */
function departmentOf(index: number, cohort: number | undefined, dice: Random): number {
  const drawn = weighted(shares, dice);
  return cohort ?? (index < departments.length * 2 ? index % departments.length : drawn);
}

function personOf(of: PeopleOptions, index: number): Person {
  const dice = random(of.seed, 303, index);
  const cohort = of.happenings.cohorts.find(
    (_, order) => index % 40 === 20 + order && index > departments.length * 2,
  );
  const number = departmentOf(index, cohort?.value, dice);
  const department = departments[number]!;
  const site =
    sites[
      weighted(
        sites.map(({ share }) => share),
        dice,
      )
    ]!;
  const unsettled = dice.chance(0.1) ? 2 : 1;
  return {
    ...lifeOf({ ...of, index, site, department, joins: cohort?.from }, dice),
    index,
    name: accountName(index),
    site,
    roles: rolesOf(of, number, dice),
    rate: Math.min(600, lognormal(department.rate, 0.5, dice) * (dice.chance(0.02) ? 3 : 1)),
    curiosity: Math.min(6, lognormal(department.curiosity, 0.9, dice) * unsettled),
    clumsiness: Math.min(3, lognormal(0.1, 1, dice)),
    begins: 7.2 + 2.2 * dice.next(),
    shifts: department.shifts === "rotating" && dice.chance(0.2) ? "day" : department.shifts,
    officeShare: Math.min(1, Math.max(0, department.office + 0.25 * dice.normal())),
    weekends: dice.chance(0.15) ? 0.3 * dice.next() : 0.02,
    usage: index % 37 === 11 ? 0.03 + 0.1 * dice.next() : 0.96,
    kiosk: dice.chance(department.kiosk),
    gateway: dice.chance(0.45),
    tunnel: dice.chance(0.06) ? 0.02 + 0.3 * dice.next() : 0,
    proxied: dice.chance(0.12),
    phone: dice.chance(0.72),
    method: dice.pick(["push", "push", "push", "fido2", "otp"] as const),
    agents: agentsOf(of.days, department, dice),
  };
}

export const peopleOf = (of: PeopleOptions): Person[] =>
  Array.from({ length: of.count }, (_, index) => personOf(of, index));
