import type { Account, SimulationOptions } from "../simulation.ts";
import { calendarOf, type Calendar } from "./clock.ts";
import { departments } from "./departments.ts";
import { type Estate, estateOf } from "./estate.ts";
import { type Happenings, happeningsOf } from "./happenings.ts";
import { type Person, peopleOf } from "./people.ts";
import { type Robot, robotsOf } from "./robots.ts";
import { TIMEZONE } from "./zone.ts";

/** Everything that is settled before the first event. */
export interface World {
  readonly options: SimulationOptions;
  readonly calendar: Calendar;
  readonly estate: Estate;
  readonly happenings: Happenings;
  readonly people: readonly Person[];
  readonly robots: readonly Robot[];
}

export function worldOf(options: SimulationOptions): World {
  const { seed, people: count, days, start } = options;
  const calendar = calendarOf(TIMEZONE, start, days);
  const estate = estateOf(seed, count);
  const happenings = happeningsOf(seed, days, calendar);
  const people = peopleOf({ seed, count, days, estate, happenings });
  return { options, calendar, estate, happenings, people, robots: robotsOf(seed, count, estate) };
}

export const accountsOf = (world: World): Account[] => [
  ...world.people.map((person): Account => ({
    name: person.name,
    kind: "person",
    group: departments[person.roles[0]!.value.department]!.name,
    joins: Math.max(0, person.joins),
  })),
  ...world.robots.map((robot): Account => ({
    name: robot.name,
    kind: robot.kind === "scanner" ? "scanner" : "robot",
    group: robot.group,
    joins: 0,
  })),
];
