import { random } from "../../random.ts";
import { addressIn, placeOf } from "../stage/addresses.ts";
import { around, HOUR, MINUTE } from "../stage/drafts.ts";
import { carriers, faraway } from "./networks.ts";
import type { Plant, Worker } from "./plant.ts";
import { shiftOf } from "./presence.ts";
import { logon, signIn } from "./records.ts";
import * as words from "./vocabulary.ts";
import { homePlace, type Work } from "./work.ts";

/** Ten days of absence make one forget. */
function wasAway({ plant, worker, page }: Work): boolean {
  if (page.dice.chance(0.5)) return false;
  for (let back = 1; back < 10; back++)
    if (shiftOf(plant, worker, page.day - back) !== undefined) return false;
  return true;
}

/** The phone of that time: every few months another one. */
export function phoneOf(worker: Worker, day: number): string {
  const turn = Math.floor((day + (worker.homeKey % 130)) / 130);
  return turn === 0 ? (worker.phone as string) : random(worker.homeKey, turn).pick(words.phones);
}

/** Where a phone is for a week: at home, in the village, abroad with relatives. */
function netOf(plant: Plant, worker: Worker, day: number) {
  const dice = random(plant.options.seed, 92, worker.index, Math.floor((day + worker.index) / 8));
  if (!dice.chance(0.05)) return worker.home;
  return dice.chance(0.25) ? dice.pick(faraway) : dice.pick(carriers);
}

/** Wrong passwords: a few most days, many after a holiday or where an old phone keeps trying. */
export function mistakes(work: Work): void {
  const { page, worker, desk, begin } = work;
  const { dice } = page;
  let count = dice.poisson(worker.clumsiness + (wasAway(work) ? 1.8 : 0));
  // A stuck key, a caps lock, a password changed yesterday.
  if (dice.chance(0.018)) count += Math.floor(around(dice, 5, 0.9));
  for (let index = 0; index < count; index++) {
    const at = begin - (count - index) * around(dice, 7_000, 0.5);
    if (dice.chance(0.5)) {
      logon(desk, at, {
        host: desk.machine,
        type: "interactive",
        method: "negotiate",
        outcome: "failure",
      });
    } else {
      const { place, agent, session } = work;
      signIn(desk, at, {
        client: "account",
        place,
        agent,
        session,
        refused: "invalid_user_credentials",
      });
    }
  }
  // After a password change the mail program of the phone does not know, and is refused for hours.
  if (worker.phone !== undefined && dice.chance(0.003)) {
    const place = homePlace(worker, page.day);
    const agent = words.versioned(phoneOf(worker, page.day), page.day);
    const tries = Math.floor(around(dice, 14, 0.8));
    for (let index = 0; index < tries; index++)
      signIn(desk, begin + index * around(dice, 9 * MINUTE, 0.8), {
        client: "webmail",
        place,
        agent,
        session: "",
        refused: "invalid_user_credentials",
      });
  }
}

/** A sign-in with a second factor; people tap the wrong button, or not in time. */
export function strongSignIn(work: Work, at: number, client: string): void {
  const { page, place, agent, session, desk } = work;
  const { dice } = page;
  const method = work.worker.index % 3 === 0 ? "push" : "otp";
  const slips = dice.chance(0.025) ? 1 + dice.poisson(dice.chance(0.25) ? 4 : 0.7) : 0;
  for (let index = 0; index < slips; index++)
    signIn(desk, at - (slips - index) * 20_000, {
      client,
      place,
      agent,
      session,
      method,
      refused: method === "push" ? "access_denied" : "invalid_totp",
    });
  signIn(desk, at, { client, place, agent, session, method });
}

/** A phone follows its owner: from the home network to the carrier's, with the session it has. */
export function phoneDay(work: Work): void {
  const { worker, page, desk, begin } = work;
  if (worker.phone === undefined || !page.dice.chance(0.6)) return;
  const { dice, day } = page;
  const session = `m${worker.homeKey.toString(16)}-${Math.floor(day / 9)}`;
  const agent = words.versioned(phoneOf(worker, day), day);
  const base = netOf(work.plant, worker, day);
  const uses = 1 + dice.poisson(1.5);
  for (let index = 0; index < uses; index++) {
    const at = begin + (dice.next() * 15 - 2) * HOUR;
    const roaming = dice.chance(0.35) ? dice.pick(carriers.slice(0, 4)) : base;
    const place = homePlace(worker, day, roaming);
    const client = dice.chance(0.7) ? "shiftboard" : "webmail";
    const action = dice.chance(0.15) ? "login" : "refresh_token";
    signIn(desk, at, { client, place, agent, session, action });
  }
  if (dice.chance(0.02)) borrowedPhone(work);
}

/** A colleague's phone, a cybercafé, a relative's computer: everything about it is new. */
function borrowedPhone({ worker, page, desk, begin }: Work): void {
  const { dice, day } = page;
  const net = dice.chance(0.85) ? dice.pick(carriers) : dice.pick(faraway);
  const place = placeOf(net, addressIn(net, dice));
  const agent = words.versioned(dice.pick(dice.chance(0.6) ? words.phones : words.desktops), day);
  const session = `b${dice.integer(2 ** 32).toString(16)}`;
  const at = begin + dice.next() * 14 * HOUR;
  for (let use = dice.poisson(1.5); use >= 0; use--) {
    const client = dice.pick([...words.everyonesClients, ...worker.clients]);
    signIn(desk, at + use * around(dice, 2 * MINUTE, 0.8), {
      client,
      place,
      agent,
      session,
      action: use === 0 ? "login" : "code_to_token",
    });
  }
}
