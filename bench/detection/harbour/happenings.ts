import { random, type Random } from "../../random.ts";
import type { Shock } from "../simulation.ts";
import type { Calendar } from "./clock.ts";
import { departments } from "./departments.ts";
import { type Dated, skewed } from "./draws.ts";
import { type Site, sites } from "./estate.ts";
import { countries, type Country, type Network } from "./networks.ts";

/** What befalls the organisation as a whole, drawn once for a run. */
export interface Rollout {
  readonly kind: "tool" | "application";
  readonly name: string;
  readonly from: number;
  /** Days until everybody has it. */
  readonly length: number;
  /** Undefined: everybody. */
  readonly department: number | undefined;
}

export interface Conference {
  readonly from: number;
  readonly to: number;
  readonly department: number;
  readonly country: Country;
  readonly network: Network;
}

export interface Happenings {
  readonly shocks: readonly Shock[];
  readonly rollouts: readonly Rollout[];
  readonly conferences: readonly Conference[];
  /** Day → first and last hour of the organisation's zone without an identity provider. */
  readonly outages: ReadonlyMap<number, readonly [number, number]>;
  /** Public network of a site's office. */
  readonly offices: ReadonlyMap<Site, readonly Dated<Network>[]>;
  /** Day → department that gets new servers and shares. */
  readonly reorganisations: readonly Dated<number>[];
  readonly sweeps: ReadonlySet<number>;
  /** Days on which everybody must choose a new password. */
  readonly passwordDays: ReadonlySet<number>;
  /** Site code and day, and day alone for all sites. */
  readonly holidays: ReadonlySet<string>;
  /** Day → department whose trainees begin. */
  readonly cohorts: readonly Dated<number>[];
  /** Site code and day on which sensors of the site were silent. */
  readonly sensorGaps: ReadonlySet<string>;
}

interface Draw {
  readonly dice: Random;
  readonly calendar: Calendar;
  readonly days: number;
  readonly shocks: Shock[];
}

/** A working day, none in the first week. */
function workday(draw: Draw): number {
  for (;;) {
    const day = 6 + draw.dice.integer(Math.max(1, draw.days - 7));
    if (draw.calendar.weekday(day) % 6 !== 0 || draw.days < 9) return day;
  }
}

/** Days for something that happens once in so many days on average, at least once. */
const times = (draw: Draw, every: number): number[] =>
  Array.from({ length: Math.max(1, Math.round(draw.days / every)) }, () => workday(draw));

function note(draw: Draw, day: number, kind: string): number {
  const date = draw.calendar.dates[day];
  if (date !== undefined && day < draw.days) draw.shocks.push({ day: date, kind });
  return day;
}

function rolloutsOf(draw: Draw): Rollout[] {
  const { dice } = draw;
  const make = (every: number, length: number, kind: Rollout["kind"]): Rollout[] =>
    times(draw, every).map((from, index) => {
      const department = dice.chance(0.5) ? dice.integer(departments.length) : undefined;
      const scope = department === undefined ? "" : `, ${departments[department]!.name}`;
      const word = kind === "tool" ? "software" : "application";
      for (let day = from; day < from + length; day++)
        note(draw, day, `${word} roll-out over ${length === 1 ? "a day" : "a week"}${scope}`);
      const name = `${kind === "tool" ? "agent" : "portal"}-${length}${index}${dice.integer(90)}`;
      return { kind, name: kind === "tool" ? `${name}.exe` : name, from, length, department };
    });
  return [...make(22, 1, "tool"), ...make(30, 7, "tool"), ...make(35, 1, "application")];
}

function officesOf(draw: Draw): Happenings["offices"] {
  const moved = new Map(times(draw, 40).map((day) => [draw.dice.pick(sites), day] as const));
  return new Map(
    sites.map((site): [Site, Dated<Network>[]] => {
      const [before, after] = site.country.networks.office as [Network, Network];
      const day = moved.get(site);
      if (day === undefined) return [site, [{ from: 0, value: before }]];
      note(draw, day, `new network of the ${site.code} office`);
      return [
        site,
        [
          { from: 0, value: before },
          { from: day, value: after },
        ],
      ];
    }),
  );
}

function holidaysOf(draw: Draw): Set<string> {
  const holidays = new Set<string>();
  for (const day of times(draw, 45)) holidays.add(String(note(draw, day, "company holiday")));
  for (const site of sites) {
    for (const day of times(draw, 35)) {
      holidays.add(`${site.code} ${day}`);
      note(draw, day, `holiday at ${site.code}`);
    }
  }
  return holidays;
}

const conferencesOf = (draw: Draw): Conference[] =>
  times(draw, 30).map((from) => {
    const country = skewed(countries, draw.dice, 1);
    note(draw, from, "conference");
    return {
      from,
      to: from + 1 + draw.dice.integer(3),
      department: draw.dice.pick([3, 4, 1, 12]),
      country,
      network: draw.dice.pick(country.networks.hotel),
    };
  });

export function happeningsOf(seed: number, days: number, calendar: Calendar): Happenings {
  const shocks: Shock[] = [];
  const draw: Draw = { dice: random(seed, 302), calendar, days, shocks };
  const { dice } = draw;
  const sweeps = new Set(times(draw, 11).map((day) => note(draw, day, "maintenance sweep")));
  const changed = (kind: string, every: number): Dated<number>[] =>
    times(draw, every).map((from) => {
      const value = dice.integer(departments.length);
      note(draw, from, `${kind} ${departments[value]!.name}`);
      return { from, value };
    });
  const gaps = times(draw, 50).map((day) => {
    const site = dice.pick(sites.slice(1));
    note(draw, day, `sensors silent at ${site.code}`);
    return `${site.code} ${day}`;
  });
  const found = {
    rollouts: rolloutsOf(draw),
    conferences: conferencesOf(draw),
    outages: new Map(
      times(draw, 40).map((day) => {
        const hour = 8 + 7 * dice.next();
        note(draw, day, "identity provider outage");
        return [day, [hour, hour + 0.3 + 1.7 * dice.next()] as const] as const;
      }),
    ),
    offices: officesOf(draw),
    reorganisations: changed("reorganisation of", 35),
    sweeps,
    passwordDays: new Set(times(draw, 60).map((day) => note(draw, day, "new passwords"))),
    holidays: holidaysOf(draw),
    cohorts: changed("trainees join", 40),
    sensorGaps: new Set(gaps),
  };
  return {
    ...found,
    shocks: shocks.toSorted((a, b) => (`${a.day} ${a.kind}` < `${b.day} ${b.kind}` ? -1 : 1)),
  };
}
