import { createWriteStream } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { HOUR, organisation, originOf } from "../../bench/organisation.ts";
import { type Person, sites } from "../../bench/people.ts";
import type { Event } from "../../schemas/event.ts";
import { hash128 } from "../../schemas/ids.ts";

export const PEOPLE = 60;
const WEEKS = 5;
const DAYS = WEEKS * 7;
/** Any Wednesday: the company's five weeks end on one, late in its morning. */
const WEDNESDAY = Date.UTC(2026, 0, 7);
const BERLIN_HOURS = 1;
const LOCAL_HOUR = 11;
/** History ends so long before the story begins. */
const GAP_MS = 60_000;
const SEED = 4;

/** Dataset of the company's records; its accounts are those of the demo's identity server. */
export const DATASET = "demo.company";

export interface Cast {
  readonly robbed: Person;
  readonly flooded: Person;
  readonly careless: Person;
  readonly travelling: Person;
}

export interface Company {
  readonly people: readonly Person[];
  readonly cast: Cast;
  /** IANA zone in which it is late morning now. */
  readonly timezone: string;
  /** Ids of every device that the company handed out. */
  readonly devices: readonly string[];
  readonly events: readonly Event[];
}

/**
 * The company as of `now` (epoch ms). Whatever the hour, for the company it is late on a Wednesday
 * morning: its clock is moved by whole hours, so that nothing in the story depends on when it is told.
 */
export function company(now: number): Company {
  const zoneHours = LOCAL_HOUR - new Date(now).getUTCHours();
  const start = WEDNESDAY - DAYS * 24 * HOUR;
  const firm = organisation({ seed: SEED, people: PEOPLE, days: DAYS + 2, start });
  const itsNow = WEDNESDAY + (LOCAL_HOUR - BERLIN_HOURS) * HOUR + (now % HOUR);
  const until = new Date(itsNow - GAP_MS).toISOString();
  const moved: Event[] = [];
  for (const event of firm.events()) {
    if (event["@timestamp"] < until) moved.push(move(event, now - itsNow));
  }
  const { people } = firm;
  return {
    people,
    cast: castOf(people),
    timezone: zoneName(zoneHours),
    devices: people
      .filter(({ service }) => !service)
      .flatMap(({ laptop, phone }) => [laptop, phone]),
    events: moved,
  };
}

const move = (event: Event, by: number): Event => ({
  ...event,
  "@timestamp": new Date(Date.parse(event["@timestamp"]) + by).toISOString(),
  "event.id": hash128(event["event.id"]),
  "event.dataset": DATASET,
});

/** POSIX names count west of Greenwich as positive. */
const zoneName = (hours: number): string =>
  hours === 0 ? "Etc/GMT" : `Etc/GMT${hours > 0 ? "-" : "+"}${Math.abs(hours)}`;

/** Four people with plain habits: of Berlin, from the first day on, by day, no tunnel, no trips. */
function castOf(people: readonly Person[]): Cast {
  const plain = people.filter(
    (one) =>
      !one.service &&
      one.joins < 0 &&
      !one.tunnel &&
      !one.traveller &&
      !one.nightShift &&
      one.site === sites[0],
  );
  const [robbed, flooded, careless, travelling] = plain;
  if (
    robbed === undefined ||
    flooded === undefined ||
    careless === undefined ||
    travelling === undefined
  ) {
    throw new RangeError(`seed ${SEED} gives ${plain.length} people for four parts`);
  }
  return { robbed, flooded, careless, travelling };
}

/** Writes one event a line. */
export async function writeHistory(events: readonly Event[], file: string): Promise<void> {
  const lines = function* (): Generator<string> {
    for (const event of events) yield `${JSON.stringify(event)}\n`;
  };
  await pipeline(Readable.from(lines()), createWriteStream(file, { mode: 0o600 }));
}

export const laptopOf = (person: Person): Partial<Event> => ({
  "device.id": person.laptop,
  "device.managed": true,
  "user_agent.original": person.agent,
});

/** The address a person works from at home. */
export const homeOf = (person: Person): Partial<Event> =>
  originOf({ ip: person.homeIp, as: person.homeAs, site: person.site });

/** An address in another country that nobody of the company ever used. */
export const abroad = (city: string, ip: string, as: number): Partial<Event> => {
  const site = sites.find(({ name }) => name === city);
  if (site === undefined) throw new RangeError(`no site ${city}`);
  return originOf({ ip, as, site });
};
