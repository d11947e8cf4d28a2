import { writeFile } from "node:fs/promises";
import { attacks, merge } from "../../bench/attacks.ts";
import { DAY, organisation } from "../../bench/organisation.ts";
import type { Event } from "../../schemas/event.ts";

/** A Monday; ids and figures of a seed are the same on every day they are made. */
const START = Date.UTC(2026, 0, 5);

export interface CompanyWishes {
  readonly seed: number;
  readonly people: number;
  /** The last day but one is the day of the attacks; certain findings need four days before it. */
  readonly days: number;
  readonly attacksADay: number;
}

export interface Company {
  /** ECS documents as a sender would write them, one a line, in time order. */
  readonly lines: readonly string[];
  /** Event times of the lines, epoch ms. */
  readonly times: readonly number[];
  /** Every day that holds an event is over by then, in any zone; epoch ms. */
  readonly end: number;
}

/** What ingest says of an event is not what its sender says. */
function documentOf(event: Event): string {
  const {
    "user.entity.id": _id,
    "user.entity.type": _type,
    "sender.authenticated": _sender,
    ...said
  } = event;
  return JSON.stringify(said);
}

/** A synthetic company under attack: the same wishes give the same lines. */
export function company(wishes: CompanyWishes): Company {
  const { seed, people, days, attacksADay } = wishes;
  const org = organisation({ seed, people, days, start: START });
  const hostile = attacks(org, { seed, from: days - 2, perDay: attacksADay });
  const events = [...merge(org.events(), hostile.events)];
  const times = events.map((event) => Date.parse(event["@timestamp"]));
  return { lines: events.map(documentOf), times, end: Number(times.at(-1)) + DAY + DAY / 12 };
}

export async function writeCompany(path: string, { lines }: Company): Promise<void> {
  await writeFile(path, `${lines.join("\n")}\n`);
}
