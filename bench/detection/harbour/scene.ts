import { random, type Random } from "../../random.ts";
import type { AttackKind } from "../simulation.ts";
import { agents, scriptAgents } from "./catalogue.ts";
import { HOUR } from "./clock.ts";
import { hexOf, skewed } from "./draws.ts";
import { countries, type Origin, someAddress, tunnelExit } from "./networks.ts";
import type { Person } from "./people.ts";
import { personPage } from "./person-day.ts";
import type { Client, Page } from "./records.ts";
import { browserOf, type Shift, shiftOf } from "./shift.ts";
import type { World } from "./world.ts";
import { TIMEZONE } from "./zone.ts";

/** One attack about to be played: on whom, when, and how much it stands out. */
export interface Scene {
  readonly world: World;
  readonly kind: AttackKind;
  readonly number: number;
  readonly person: Person;
  readonly shift: Shift;
  readonly day: number;
  /** 0 = hardly differs from ordinary life … 1 = plain. */
  readonly strength: number;
  readonly dice: Random;
  /** Where the malicious records are written. */
  readonly page: Page;
}

export interface Casting {
  readonly world: World;
  readonly kind: AttackKind;
  readonly number: number;
  readonly day: number;
  readonly dice: Random;
}

/** Undefined when the person does not work that day, or came too recently to have habits. */
export function sceneOf(
  casting: Casting,
  person: Person,
  shift: Shift | undefined = shiftOf(casting.world, person, casting.day),
): Scene | undefined {
  const { day, number, dice } = casting;
  if (shift === undefined || person.joins > day - 14) return undefined;
  const page = personPage(shift, 1000 + number);
  return { ...casting, person, shift, strength: dice.next(), page };
}

/** A count between two numbers that grows with the strength, with some luck in it. */
export function amount(scene: Scene, least: number, most: number): number {
  const luck = Math.min(1, Math.max(0, scene.strength + 0.15 * scene.dice.normal()));
  return Math.round(least + (most - least) * luck ** 1.5);
}

/** An instant of the attacked day: of working hours in the hard cases, of any hour otherwise. */
export function instant(scene: Scene, room: number): number {
  const { shift, dice, world, day } = scene;
  const working = shift.begin + dice.next() * shift.hours * HOUR;
  const midnight = world.calendar.midnight(TIMEZONE, day);
  const any = midnight + dice.next() * (24 * HOUR - room);
  const last = world.calendar.midnight(TIMEZONE, day + 1) - room;
  const chosen = dice.chance(0.35 + 0.65 * scene.strength) ? any : working;
  return Math.floor(Math.max(midnight, Math.min(chosen, last)));
}

/** From the networks that travellers, partners and private tunnels come from as well. */
function strangeNetwork(scene: Scene): Origin {
  const { dice, person, strength } = scene;
  const country = dice.chance(1 - strength) ? person.site.country : skewed(countries, dice, 1.2);
  const way = dice.next();
  if (way < 0.35) return tunnelExit(dice);
  return someAddress(country, way < 0.75 ? "home" : way < 0.9 ? "hosting" : "mobile", dice);
}

/** Somebody else's machine, made to look like the victim's in the hard cases. */
export function stranger(scene: Scene): Client {
  const { dice, person, day, number, strength, world } = scene;
  const alike = dice.chance(0.8 * (1 - strength));
  const agent = dice.chance(0.1)
    ? dice.pick(scriptAgents)
    : skewed(agents, dice, 2)(128 + dice.integer(6));
  const seeds = [world.options.seed, 601, number];
  return {
    from: strangeNetwork(scene),
    device: dice.chance(0.5) ? undefined : `LT-${hexOf(...seeds)}`,
    managed: false,
    agent: alike ? browserOf(person, day) : agent,
    session: hexOf(...seeds, 1) + hexOf(...seeds, 2),
  };
}

export const castingDice = (world: World, number: number): Random =>
  random(world.options.seed, 602, number);
