import { type Random, random } from "../../random.ts";
import type { Shock, SimulationOptions } from "../simulation.ts";
import type { Network } from "../stage/addresses.ts";
import { around, DAY, HOUR, localDay, midnightNear, sample } from "../stage/drafts.ts";
import * as places from "./places.ts";

/** America/Sao_Paulo has had no summer time since 2019. */
export const timezone = "America/Sao_Paulo";
export const zoneHours = -3;

export interface Member {
  readonly index: number;
  readonly name: string;
  readonly team: string;
  readonly pc: string;
  readonly phone: string | undefined;
  /** Private machine, used at the portal from home. */
  readonly homePc: string | undefined;
  readonly browser: string;
  readonly home: Network;
  readonly homeKey: number;
  readonly floor: number;
  /** Local hour of arrival, and its scatter in hours. */
  readonly arrives: number;
  readonly scatter: number;
  /** Sign-ins, locks and other events of a day. */
  readonly rate: number;
  /** Chances a day: to sit at another's machine, to work late, to work from home. */
  readonly wanders: number;
  readonly late: number;
  readonly remote: number;
  /** Removable devices plugged in a day. */
  readonly plugs: number;
  readonly clumsiness: number;
  /** Help desk: signs in at many machines. */
  readonly fixer: boolean;
  readonly joins: number;
  /** First day after leave that began before the run or in its first days. */
  readonly back: number;
}

export interface Agency {
  readonly options: SimulationOptions;
  readonly start: number;
  readonly members: readonly Member[];
  readonly mates: ReadonlyMap<string, readonly Member[]>;
  /** Machines of the training room. */
  readonly room: readonly string[];
  readonly midnight: (day: number) => number;
  readonly weekday: (day: number) => number;
  /** The one kind of unusual day it is, if any. */
  readonly unusual: (day: number) => string | undefined;
  readonly shocks: readonly Shock[];
}

/** Teams of 5 to 45. */
function teamsOf(people: number, dice: Random): string[] {
  const seats: string[] = [];
  for (let team = 0; seats.length < people; team++) {
    const size = Math.min(45, Math.max(5, Math.round(around(dice, 13, 0.6))));
    for (let seat = 0; seat < size && seats.length < people; seat++) seats.push(`team-${team}`);
  }
  return seats;
}

export const pcName = (number: number): string =>
  `ws-${(((number * 7919) % 99_991) + 100_000).toString(36)}`;

function memberOf(index: number, team: string, of: { seed: number; days: number }): Member {
  const dice = random(of.seed, 171, index);
  const number = Number(team.slice(5));
  const fixer = number === 1;
  return {
    index,
    name: `u${(((index * 4111) % 89_989) + 10_000).toString()}`,
    team,
    pc: pcName(index),
    phone: dice.chance(0.5) ? dice.pick(places.pocket) : undefined,
    browser: dice.pick(places.browsers),
    homePc: dice.chance(0.2) ? pcName(40_000 + index) : undefined,
    home: dice.pick(places.homes),
    homeKey: dice.integer(2 ** 24),
    floor: number,
    arrives: dice.chance(0.06) ? 13 + 6 * dice.next() : 8 + 0.9 * dice.normal(),
    scatter: around(dice, 0.35, 0.7),
    rate: Math.min(60, around(dice, 6, 0.6)),
    wanders: Math.min(0.9, around(dice, number % 7 === 3 ? 0.4 : 0.025, 1)),
    late: Math.min(0.8, around(dice, 0.03, 1.2)),
    remote: dice.chance(0.5) ? dice.next() * 0.5 : 0,
    plugs: dice.chance(0.22) ? Math.min(12, around(dice, 0.7, 1.2)) : dice.chance(0.3) ? 0.02 : 0,
    clumsiness: around(dice, 0.1, 1.1),
    fixer,
    joins: dice.chance(0.02) ? 1 + dice.integer(of.days) : 0,
    back: dice.chance(0.07) ? 2 + dice.integer(of.days + 10) : 0,
  };
}

export function agencyOf(options: SimulationOptions): Agency {
  const { seed, people, days } = options;
  const start = midnightNear(options.start, zoneHours);
  const dice = random(seed, 170);
  const members = teamsOf(people, dice).map((team, index) => memberOf(index, team, { seed, days }));
  const mates = new Map<string, Member[]>();
  for (const member of members) mates.set(member.team, [...(mates.get(member.team) ?? []), member]);
  const midnight = (day: number): number => start + day * DAY;
  const weekday = (day: number): number => new Date(midnight(day) + zoneHours * HOUR).getUTCDay();
  const workdays = Array.from({ length: days }, (_, day) => day).filter(
    (day) => day > 2 && weekday(day) % 6 !== 0,
  );
  const events = ["training", "password expiry", "office move", "power cut"];
  const kinds = new Map(
    sample(workdays, events.length, dice).map((day, index) => [day, events[index] as string]),
  );
  const unusual = (day: number): string | undefined => kinds.get(day);
  const shocks = [...kinds]
    .toSorted((a, b) => a[0] - b[0])
    .map(([day, kind]) => ({ day: localDay(midnight(day) + HOUR, zoneHours), kind }));
  const room = Array.from({ length: 24 }, (_, index) => pcName(20_000 + index));
  return { options, start, members, mates, room, midnight, weekday, unusual, shocks };
}

/** Whether the account is used on a day; chance depends on account and day alone. */
export function isIn(agency: Agency, member: Member, day: number): boolean {
  // Two in three on leave are still seen on the first days.
  if (day < member.joins || (day < member.back && day >= member.index % 3)) return false;
  const dice = random(agency.options.seed, 172, member.index, day);
  const off = random(agency.options.seed, 173, member.index, Math.floor(day / 5));
  if (off.chance(0.07)) return false;
  const weekend = agency.weekday(day) % 6 === 0;
  return dice.chance(weekend ? 0.03 + member.late / 3 : 0.93);
}
