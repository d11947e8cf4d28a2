import type { Event } from "../schemas/event.ts";
import { groupNames, hostsOf, type Person, people, type Site, sites } from "./people.ts";
import { type Random, random } from "./random.ts";

/**
 * A synthetic company: people with habits, several zones, home and office networks, tunnels,
 * travel, roaming phones, typing errors, new colleagues, roll-outs, sweeps and robots. The same
 * options give the same events. It is synthetic: figures from it say so.
 */
export interface OrganisationOptions {
  readonly seed: number;
  readonly people: number;
  readonly days: number;
  /** Epoch ms of a UTC midnight. */
  readonly start: number;
}

export interface Organisation {
  readonly people: readonly Person[];
  readonly options: OrganisationOptions;
  /** Events in time order. */
  events(): Generator<Event>;
}

export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;

interface Where {
  readonly ip: string;
  readonly as: number;
  readonly site: Site;
}

export type Draft = Partial<Event> & { readonly at: number };

export function originOf(where: Where): Partial<Event> {
  return {
    "source.ip": where.ip,
    "source.as.number": where.as,
    "source.geo.country_iso_code": where.site.country,
    "source.geo.city_name": where.site.name,
    "source.geo.location.lat": where.site.lat,
    "source.geo.location.lon": where.site.lon,
    "source.geo.radius_km": 60,
  };
}

export const officeOf = (site: Site): Where => ({
  ip: `198.51.100.${10 + sites.indexOf(site)}`,
  as: 64500,
  site,
});

export const accountOf = (person: Person): Partial<Event> => ({
  "user.name": person.name,
  "user.entity.id": person.name,
  "user.entity.type": person.service ? "service" : "user",
  "user.group.name": person.group,
});

export const signIn = (at: number, person: Person, more: Partial<Event>): Draft => ({
  at,
  "event.dataset": "synthetic",
  "event.category": ["authentication"],
  "event.action": "sign_in",
  "event.outcome": "success",
  ...accountOf(person),
  ...more,
});

const laptopOf = (person: Person): Partial<Event> => ({
  "device.id": person.laptop,
  "device.managed": true,
  "user_agent.original": person.agent,
});

/** A day of one person: where, when and how much, then the events. */
interface Shift {
  readonly person: Person;
  readonly dice: Random;
  readonly day: number;
  /** Local midnight in epoch ms. */
  readonly midnight: number;
  readonly where: Where;
  readonly out: Draft[];
}

const tunnelExit: Where = { ip: "203.0.113.77", as: 64510, site: sites[2] as Site };

function whereToday(person: Person, day: number, seed: number, dice: Random): Where {
  const week = Math.floor(day / 5);
  const trip = random(seed, person.index, 7, week);
  if (person.traveller && trip.chance(0.05)) {
    const site = trip.pick(sites);
    const hotel = trip.integer(250);
    return { ip: `45.${hotel}.7.${1 + trip.integer(250)}`, as: 39000 + hotel, site };
  }
  if (dice.chance(0.45)) return { ip: person.homeIp, as: person.homeAs, site: person.site };
  return officeOf(person.site);
}

function failures(shift: Shift, at: number, count: number): void {
  for (let index = 0; index < count; index++) {
    shift.out.push(
      signIn(at - (count - index) * 6000, shift.person, {
        "event.outcome": "failure",
        "event.reason": "wrong_password",
        ...originOf(shift.where),
        ...laptopOf(shift.person),
        "service.name": "sso-portal",
      }),
    );
  }
}

function work(shift: Shift, at: number, rollout: string | undefined): void {
  const { person, dice } = shift;
  const base = { ...accountOf(person), "event.dataset": "synthetic" };
  const novelty = dice.chance((person.curiosity / person.rate) * 1.2);
  const kind = dice.next();
  if (kind < 0.4) {
    const service = novelty ? `${dice.pick(groupNames)}-app-${dice.integer(8)}` : undefined;
    shift.out.push(
      signIn(at, person, {
        ...originOf(shift.where),
        ...laptopOf(person),
        "service.name": service ?? dice.pick(person.services),
      }),
    );
  } else if (kind < 0.65) {
    const host = novelty ? dice.pick(hostsOf(person.group)) : dice.pick(person.hosts);
    shift.out.push({
      at,
      ...base,
      "event.category": ["authentication"],
      "event.action": "logon",
      "event.outcome": "success",
      "auth.logon_type": "network",
      "source.ip": `10.${sites.indexOf(person.site)}.4.${1 + (person.index % 250)}`,
      "host.name": host,
    });
  } else if (kind < 0.9) {
    const odd = `tool-${Math.floor(dice.next() ** 2 * 300)}`;
    shift.out.push({
      at,
      ...base,
      "event.category": ["process"],
      "event.action": "process_start",
      "host.name": person.laptop.toLowerCase(),
      "process.name":
        rollout !== undefined && dice.chance(0.3)
          ? rollout
          : novelty
            ? odd
            : dice.pick(person.programs),
    });
  } else {
    shift.out.push({
      at,
      ...base,
      "event.category": ["network"],
      "event.action": "flow",
      "host.name": person.laptop.toLowerCase(),
      "source.bytes": Math.floor(Math.exp(10 + 1.8 * dice.normal())),
      "destination.domain": novelty
        ? `site-${dice.integer(5000)}.example`
        : `app-${dice.integer(30)}.example`,
    });
  }
}

function personDay(shift: Shift, seed: number): void {
  const { person, dice, day, midnight } = shift;
  const weekend = new Date(midnight + 12 * HOUR).getUTCDay() % 6 === 0;
  if (!dice.chance(weekend ? 0.06 : 0.93)) return;
  const start = midnight + (person.nightShift ? 21 : person.start + 0.5 * dice.normal()) * HOUR;
  const hours = 8.5 + dice.normal();
  const load = person.rate * Math.exp(0.35 * dice.normal()) * (dice.chance(0.02) ? 4 : 1);
  const count = 1 + dice.poisson(weekend ? load / 4 : load);
  const typos = dice.poisson(person.clumsiness) + (dice.chance(0.004) ? 4 + dice.integer(6) : 0);
  failures(shift, start, typos);
  shift.out.push(
    signIn(start, person, {
      ...originOf(shift.where),
      ...laptopOf(person),
      "service.name": "sso-portal",
      "auth.mfa": true,
    }),
  );
  const rolling = random(seed, 99, person.index).next() * 10;
  const rollout = day > 20 && day - 21 > rolling ? "edr-agent" : undefined;
  for (let index = 0; index < count; index++) {
    // Most work falls into the working day, a little into the evening.
    const late = dice.chance(0.04) ? 3 + 3 * dice.next() : 0;
    work(shift, start + (dice.next() * hours + late) * HOUR, rollout);
  }
  if (person.tunnel && dice.chance(0.5)) {
    const at = start + dice.next() * hours * HOUR;
    shift.out.push(
      signIn(at, person, { ...originOf(tunnelExit), ...laptopOf(person), "service.name": "mail" }),
    );
  }
  if (dice.chance(0.5)) {
    // A phone leaves through its home carrier, wherever its owner is.
    const carrier = {
      ip: `100.${person.index % 60}.9.${1 + dice.integer(20)}`,
      as: person.site.mobileAs,
      site: person.site,
    };
    shift.out.push(
      signIn(start + dice.next() * 13 * HOUR, person, {
        ...originOf(carrier),
        "device.id": person.phone,
        "device.managed": person.index % 10 !== 0,
        "user_agent.original": "Mail/2 Mobile",
        "service.name": "mail",
      }),
    );
  }
  if (person.group === "operations" && day % 28 === 9) {
    for (const host of hostsOf("operations"))
      work(
        { ...shift, person: { ...person, hosts: [host] } },
        start + 6 * HOUR * dice.next(),
        undefined,
      );
  }
}

function robotDay(shift: Shift): void {
  const { person, out, midnight, dice } = shift;
  for (let hour = 0; hour < 24; hour++) {
    for (const host of person.hosts) {
      out.push({
        at: midnight + hour * HOUR + dice.integer(60_000),
        "event.dataset": "synthetic",
        ...accountOf(person),
        "event.category": ["authentication"],
        "event.action": "logon",
        "event.outcome": person.index % 5 === 0 && hour % 6 === 0 ? "failure" : "success",
        "source.ip": "10.9.9.9",
        "host.name": host,
      });
    }
  }
}

/** Gives drafts, in time order, their ids. */
export function finish(drafts: Draft[], label: string): Event[] {
  return drafts
    .toSorted((a, b) => a.at - b.at)
    .map(({ at, ...fields }, index) => ({
      "event.dataset": "synthetic",
      "sender.authenticated": true,
      ...fields,
      "@timestamp": new Date(at).toISOString(),
      "event.id": `${label}-${at.toString(16)}-${index.toString(16)}`.padStart(32, "0"),
    }));
}

export function organisation(options: OrganisationOptions): Organisation {
  const staff = people(options.seed, options.people, options.days);
  const { seed, start } = options;
  function* events(): Generator<Event> {
    let pending: Event[] = [];
    for (let day = 0; day < options.days; day++) {
      const out: Draft[] = [];
      for (const person of staff) {
        if (day < person.joins) continue;
        const dice = random(seed, person.index, day);
        const midnight = start + day * DAY - person.site.zone * HOUR;
        const where = whereToday(person, day, seed, dice);
        const shift = { person, dice, day, midnight, where, out };
        if (person.service) robotDay(shift);
        else personDay(shift, seed);
      }
      pending = [...pending, ...finish(out, `${seed.toString(16)}-${day.toString(16)}`)].toSorted(
        (a, b) =>
          a["@timestamp"] < b["@timestamp"] ? -1 : a["@timestamp"] > b["@timestamp"] ? 1 : 0,
      );
      // The next local day starts at the earliest in the easternmost zone.
      const safe = new Date(start + (day + 1) * DAY - 12 * HOUR).toISOString();
      const split = pending.findIndex((event) => event["@timestamp"] >= safe);
      yield* split < 0 ? pending : pending.slice(0, split);
      pending = split < 0 ? [] : pending.slice(split);
    }
    yield* pending;
  }
  return { people: staff, options, events };
}
