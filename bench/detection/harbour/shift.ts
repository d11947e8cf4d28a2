import { random, type Random } from "../../random.ts";
import { HOUR } from "./clock.ts";
import { departments } from "./departments.ts";
import { current, hexOf, lognormal, skewed } from "./draws.ts";
import { addressOf, countries, type Country, type Origin, tunnelExit } from "./networks.ts";
import type { Person, Role } from "./people.ts";
import type { Project, Trip } from "./life.ts";
import type { Client } from "./records.ts";
import type { World } from "./world.ts";

/** One day's work of a person before a record is written of it: whether, when, where and how much. */
export interface Shift {
  readonly world: World;
  readonly person: Person;
  readonly day: number;
  readonly role: Role;
  readonly projects: readonly Project[];
  /** Epoch ms at which the work begins, and its length in hours. */
  readonly begin: number;
  readonly hours: number;
  readonly place: "office" | "home" | "trip";
  readonly client: Client;
  readonly laptop: string;
  readonly phone: string;
  /** Undefined for those with a machine of their own today. */
  readonly kiosk: string | undefined;
  /** Private address of the machine. */
  readonly ip: string;
  /** Expected number of records. */
  readonly load: number;
  readonly peak: boolean;
}

/** Hour at which a shift begins, by eight-day turns: six at work, two off; early, late, night. */
function shiftHour(person: Person, day: number): number | undefined {
  const turn = day + person.index * 5;
  if (turn % 8 >= 6) return undefined;
  return [5.8, 13.8, 21.8][Math.floor(turn / 8) % 3];
}

const within = (list: readonly { from: number; to: number }[], day: number): boolean =>
  list.some(({ from, to }) => day >= from && day <= to);

/** Local hour at which the person begins to work, undefined on days without work. */
function beginHour(world: World, person: Person, of: { day: number; dice: Random }) {
  const { day, dice } = of;
  if (day < person.joins || day > person.leaves) return undefined;
  const early = 0.4 * dice.normal();
  const come = dice.next();
  if (within(person.absences, day) || come > person.usage) return undefined;
  const { holidays } = world.happenings;
  const off =
    world.calendar.weekday(day) % 6 === 0 ||
    holidays.has(String(day)) ||
    holidays.has(`${person.site.code} ${day}`);
  if (person.shifts === "rotating") {
    const hour = shiftHour(person, day);
    return hour === undefined ? undefined : hour + early / 4;
  }
  if (off && come > person.weekends) return undefined;
  const late = person.shifts === "flexible" && dice.chance(0.15) ? 5 * dice.next() : 0;
  return Math.max(1, person.begins + early + late + (off ? 2 + 5 * dice.next() : 0));
}

/** Trip of the person or of his department on a day. */
function tripOn(world: World, person: Person, day: number): Trip | undefined {
  const own = person.trips.find(({ from, to }) => day >= from && day <= to);
  if (own !== undefined) return own;
  const department = current(person.roles, day).department;
  return world.happenings.conferences.find(
    (event) =>
      event.department === department &&
      day >= event.from &&
      day <= event.to &&
      random(person.index, event.from, 7).chance(0.35),
  );
}

/** One of the few addresses a site shows to the world. */
export function officeAddress(world: World, person: Person, day: number): Origin {
  const network = current(world.happenings.offices.get(person.site)!, day);
  return {
    ip: `${network.prefixes[0]}.4.${10 + (person.index % 4)}`,
    as: network.as,
    country: person.site.country,
  };
}

/** Where the proxy in the cloud lets a site's people out; now and then a neighbour takes over. */
function proxyAddress(country: Country, dice: Random): Origin {
  const near = dice.chance(0.9) ? country : (countries[dice.integer(7)] as Country);
  const network = near.networks.hosting[0]!;
  return { ip: `${network.prefixes[0]}.200.${1 + dice.integer(6)}`, as: network.as, country: near };
}

function placeOf(
  of: { world: World; person: Person; day: number },
  dice: Random,
): { place: Shift["place"]; from: Origin } {
  const { world, person, day } = of;
  const share = dice.next();
  const trip = tripOn(world, person, day);
  const place = trip !== undefined ? "trip" : share < person.officeShare ? "office" : "home";
  if (person.proxied) return { place, from: proxyAddress(person.site.country, dice) };
  if (trip !== undefined) return { place, from: addressOf(trip.network, trip.country, dice) };
  if (place === "office") return { place, from: officeAddress(world, person, day) };
  // Tethered to the phone, or from a friend's or a café's network.
  if (dice.chance(0.03)) {
    const network = skewed(
      person.site.country.networks[dice.chance(0.6) ? "mobile" : "home"],
      dice,
    );
    return { place, from: addressOf(network, person.site.country, dice) };
  }
  return { place, from: current(person.homes, day) };
}

/** Versions of browsers move on about every four weeks, not for everybody on the same day. */
export const browserOf = (person: Person, day: number): string =>
  current(person.agents, day)(131 + Math.floor((day + (person.index % 6)) / 28));

function loadOf(of: { world: World; person: Person; day: number }, dice: Random) {
  const { world, person, day } = of;
  const { peaks } = departments[current(person.roles, day).department]!;
  const date = new Date(`${world.calendar.dates[day]}T12:00:00Z`);
  const days = new Date(Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 0)).getUTCDate();
  const ofMonth = date.getUTCDate();
  const peak = peaks.includes(ofMonth) || peaks.includes(ofMonth - days - 1);
  const weekend = world.calendar.weekday(day) % 6 === 0 && person.shifts !== "rotating";
  const burst = dice.chance(0.012) ? 2.5 : 1;
  const factor = (weekend ? 0.35 : 1) * (peak ? 1.7 : 1) * burst;
  return { peak, load: person.rate * factor * lognormal(1, 0.3, dice) };
}

/** The same for a person and day whoever asks; undefined on days without work. */
export function shiftOf(world: World, person: Person, day: number): Shift | undefined {
  const { seed } = world.options;
  const dice = random(seed, 401, person.index, day);
  const hour = beginHour(world, person, { day, dice });
  if (hour === undefined) return undefined;
  const of = { world, person, day };
  const { place, from } = placeOf(of, dice);
  const laptop = current(person.laptops, day);
  const atKiosk = person.kiosk && place === "office" && dice.chance(0.9);
  const kiosk = atKiosk ? skewed(world.estate.kiosks.get(person.site)!, dice, 1.3) : undefined;
  const role = current(person.roles, day);
  const lan = `10.${person.site.lan + (place === "office" ? 0 : 4)}`;
  const origin = person.tunnel > 0 && dice.chance(person.tunnel) ? tunnelExit(dice) : from;
  return {
    ...of,
    role,
    projects: person.projects.filter(({ from: first, to }) => day >= first && day <= to),
    begin: Math.floor(world.calendar.midnight(person.site.zone, day) + hour * HOUR),
    hours: Math.max(1.5, 8.2 + 0.9 * dice.normal()),
    place,
    client: {
      from: origin,
      device: kiosk === undefined ? laptop : kiosk,
      agent: kiosk === undefined ? browserOf(person, day) : browserOf(world.people[0]!, day),
      session: hexOf(seed, 402, person.index, day) + hexOf(seed, 403, person.index, day),
    },
    laptop,
    phone: current(person.phones, day),
    kiosk,
    ip: `${lan}.${role.department}.${2 + ((person.index * 7) % 250)}`,
    ...loadOf(of, dice),
  };
}
