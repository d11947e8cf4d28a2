import { random } from "../../random.ts";
import { addressIn, type Network, placeOf, privacyAddress } from "../stage/addresses.ts";
import { type Fields, HOUR, type Page } from "../stage/drafts.ts";
import { carriers, exitOf, faraway } from "./networks.ts";
import type { Plant, Worker } from "./plant.ts";
import type { Shift } from "./presence.ts";
import type { Desk } from "./records.ts";
import * as words from "./vocabulary.ts";

/** Everything a working day of a person hangs on. */
export interface Work {
  readonly plant: Plant;
  readonly worker: Worker;
  readonly desk: Desk;
  readonly page: Page;
  readonly shift: Shift;
  readonly begin: number;
  /** Where sign-ins come from today. */
  readonly place: Fields;
  readonly agent: string;
  /** Session that is begun at the start of the shift. */
  readonly session: string;
}

export const addressOf = (worker: Worker, machine: string): string => {
  let sum = 7;
  for (let at = 0; at < machine.length; at++) sum = (sum * 31 + machine.charCodeAt(at)) % 64_513;
  return `10.${worker.unit.subnet}.${Math.floor(sum / 254)}.${1 + (sum % 254)}`;
};

export const homePlace = (worker: Worker, day: number, net: Network = worker.home): Fields => {
  const dice = random(worker.homeKey, day);
  // A provider gives a home another prefix every few weeks, its devices make up the rest daily.
  const lease = worker.homeKey + Math.floor((day + (worker.homeKey % 23)) / 23);
  if (net.six !== undefined && worker.homeKey % 3 !== 0)
    return placeOf(net, privacyAddress(net, lease, dice));
  return placeOf(net, addressIn(net, random(lease)));
};

/** A place elsewhere for a week: a trip, a private tunnel, a relative's home. */
export function awayPlace(plant: Plant, worker: Worker, day: number): Fields | undefined {
  const dice = random(plant.options.seed, 91, worker.index, Math.floor(day / 6));
  if (!dice.chance(worker.role === "floor" ? 0.012 : 0.035)) return undefined;
  const net = dice.chance(0.55) ? dice.pick(faraway) : dice.pick(carriers);
  return placeOf(net, addressIn(net, dice));
}

export function machineOf(worker: Worker, page: Page): string {
  const { dice } = page;
  if (worker.pc !== undefined && !dice.chance(0.04)) return worker.pc;
  if (worker.role !== "floor" || dice.chance(0.06)) return dice.pick(worker.unit.terminals);
  return dice.pick(worker.terminals);
}

export function deskOf(worker: Worker, page: Page, machine: string): Desk {
  return { worker, page, machine, ip: addressOf(worker, machine) };
}

export const sessionOf = (page: Page): string =>
  `${page.dice.integer(2 ** 32).toString(16)}-${page.dice.integer(2 ** 32).toString(16)}`;

export function workOf(plant: Plant, worker: Worker, page: Page, shift: Shift): Work {
  const { dice, day } = page;
  const desk = deskOf(worker, page, machineOf(worker, page));
  const atHome = dice.chance(worker.atHome);
  const away = awayPlace(plant, worker, day);
  const inside = worker.unit.acquired ? acquiredPlace : exitOf(plant.options.seed, day);
  const place = away ?? (atHome ? homePlace(worker, day) : inside);
  const agent = worker.pc === undefined ? words.kiosk : words.versioned(worker.desktop, day);
  return {
    plant,
    worker,
    desk,
    page,
    shift,
    begin: page.midnight + shift.from * HOUR,
    place: worker.pc === undefined ? inside : place,
    agent,
    session: sessionOf(page),
  };
}

/** The acquired company leaves through its own provider. */
const acquiredPlace: Fields = placeOf(
  { as: 45820, country: "IN", prefix: "182.73" },
  "182.73.11.4",
);

export const publicTarget = (index: number): string =>
  `${34 + (index % 18)}.${(index * 37) % 256}.${(index * 11) % 256}.${1 + (index % 250)}`;
