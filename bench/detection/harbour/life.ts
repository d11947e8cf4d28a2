import type { Random } from "../../random.ts";
import type { Department } from "./departments.ts";
import { type Dated, hexOf, several, skewed } from "./draws.ts";
import type { Estate, Site } from "./estate.ts";
import { type Country, countries, type Network, type Origin, someAddress } from "./networks.ts";

/** What changes in a person's days over a run. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface Trip extends Span {
  readonly country: Country;
  readonly network: Network;
}

/** A task with things of its own, for as long as it lasts. */
export interface Project extends Span {
  readonly hosts: readonly string[];
  readonly shares: readonly string[];
  readonly services: readonly string[];
}

export interface Life {
  /** First and last day of employment; below 0 = before the run. */
  readonly joins: number;
  readonly leaves: number;
  readonly absences: readonly Span[];
  readonly trips: readonly Trip[];
  readonly projects: readonly Project[];
  readonly laptops: readonly Dated<string>[];
  readonly phones: readonly Dated<string>[];
  readonly homes: readonly Dated<Origin>[];
}

interface LifeOptions {
  readonly seed: number;
  readonly index: number;
  readonly days: number;
  readonly site: Site;
  readonly department: Department;
  readonly estate: Estate;
  /** Day the person begins, where that is settled already. */
  readonly joins: number | undefined;
}

function absencesOf(of: LifeOptions, dice: Random): Span[] {
  const spans: Span[] = [];
  const add = (count: number, length: () => number): void => {
    for (let index = 0; index < count; index++) {
      const from = dice.integer(of.days);
      spans.push({ from, to: from + length() });
    }
  };
  add(dice.poisson(of.days / 85), () => 2 + dice.integer(12));
  add(dice.poisson(of.days / 60), () => dice.integer(3));
  // Parental leave and the like; some come back within the run.
  if (of.index % 29 === 7) {
    const from = 4 + dice.integer(Math.max(1, Math.min(30, of.days / 3)));
    spans.push({ from, to: from + 33 + dice.integer(90) });
  }
  return spans;
}

function tripsOf(of: LifeOptions, dice: Random): Trip[] {
  const often = dice.chance(of.department.travel) ? of.days / 16 : of.days / 220;
  return Array.from({ length: dice.poisson(often) }, () => {
    const from = dice.integer(of.days);
    const country = dice.chance(0.3) ? of.site.country : skewed(countries, dice, 1.4);
    const network = dice.pick(country.networks.hotel);
    return { from, to: from + Math.floor(dice.next() ** 2 * 9), country, network };
  });
}

function projectsOf(of: LifeOptions, dice: Random): Project[] {
  const { estate, department, days } = of;
  const technical = department.tools >= 0.3;
  return Array.from({ length: dice.poisson(days / (technical ? 14 : 40)) }, () => {
    const other = dice.chance(technical ? 0.3 : 0.12) ? dice.integer(estate.hosts.length) : -1;
    const own = estate.hosts.findIndex((hosts) => hosts[0]!.includes(`-${department.code}-`));
    const place = other < 0 ? own : other;
    const from = dice.integer(days);
    const pick = (list: readonly string[], most: number): string[] =>
      several(list, { count: dice.integer(most + 1) }, dice);
    return {
      from,
      to: from + 2 + Math.floor(25 * dice.next() ** 2),
      hosts: pick(estate.hosts[place]!, technical ? 5 : 2),
      shares: pick(estate.shares[place]!, 2),
      services: pick(estate.services[place]!, 2),
    };
  });
}

function devices(of: LifeOptions, of2: { prefix: string; every: number }, dice: Random) {
  const list = [{ from: -1, value: `${of2.prefix}-${hexOf(of.seed, of.index, 31, of2.every)}` }];
  if (dice.chance(of.days / of2.every)) {
    const value = `${of2.prefix}-${hexOf(of.seed, of.index, 32, of2.every)}`;
    list.push({ from: 1 + dice.integer(of.days), value });
  }
  return list;
}

function homesOf(of: LifeOptions, dice: Random): Dated<Origin>[] {
  // Contractors and partners work from where they live.
  const abroad = dice.chance(0.04) ? skewed(countries, dice, 1) : undefined;
  const draw = (from: number): Dated<Origin> => ({
    from,
    value: someAddress(abroad ?? of.site.country, "home", dice),
  });
  return dice.chance(of.days / 500) ? [draw(-1), draw(dice.integer(of.days))] : [draw(-1)];
}

export function lifeOf(of: LifeOptions, dice: Random): Life {
  const late = dice.chance(0.05) ? 1 + dice.integer(of.days) : -30;
  const joins = of.joins ?? (of.index < 40 ? -30 : late);
  const leaves = dice.chance(of.days / 1500) ? 8 + dice.integer(of.days) : Infinity;
  return {
    joins,
    leaves,
    absences: absencesOf(of, dice),
    trips: tripsOf(of, dice),
    projects: projectsOf(of, dice),
    laptops: devices(of, { prefix: "LT", every: 700 }, dice),
    phones: devices(of, { prefix: "PH", every: 600 }, dice),
    homes: homesOf(of, dice),
  };
}
