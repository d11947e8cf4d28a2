import { commonServices } from "./catalogue.ts";
import { MINUTE } from "./clock.ts";
import { below, lognormal, skewed } from "./draws.ts";
import { addressOf, countries, type Country, type Network, networkKinds } from "./networks.ts";
import { personDay, personPage } from "./person-day.ts";
import { type Client, type Draft, type Page, refresh, signIn } from "./records.ts";
import { amount, instant, type Scene, stranger } from "./scene.ts";
import { shiftOf } from "./shift.ts";

/** Attacks upon an account by somebody who has, or guesses, or wears down its owner's secrets. */

const PORTAL = "portal";

/** Looks around in what the account opens; the stronger the attack, the further off. */
function lookAround(scene: Scene, client: Client, of: { from: number; most: number }): void {
  const { dice, page, world, shift } = scene;
  let at = of.from;
  for (const _ of below(amount(scene, 1, of.most))) {
    at += Math.floor(lognormal(70_000, 0.8, dice));
    const other = world.estate.services[dice.integer(world.estate.services.length)]!;
    const service = dice.chance(0.35 * scene.strength)
      ? dice.pick(other)
      : dice.chance(0.5)
        ? skewed(commonServices, dice)
        : skewed(shift.role.services, dice);
    if (dice.chance(0.2)) refresh(page, at, client, service);
    else signIn(page, at, client, { service });
  }
}

/** A password, often the second factor too, from a phishing page or a stealer's log. */
export function credentialTheft(scene: Scene): void {
  const { dice, page, person } = scene;
  const client = stranger(scene);
  const at = instant(scene, 40 * MINUTE);
  const mfa = dice.chance(0.6);
  const method = mfa ? person.method : "password";
  signIn(page, at, client, { service: PORTAL, method, mfa });
  lookAround(scene, client, { from: at, most: 12 });
}

/** Guesses at one account until one fits. */
export function bruteForce(scene: Scene): void {
  const { dice, page } = scene;
  const client = stranger(scene);
  const tries = amount(scene, 6, 110);
  const pause = lognormal(dice.chance(0.4) ? 90_000 : 3000, 0.5, dice);
  const room = Math.min(20 * 60, (tries * pause * 2) / MINUTE + 30) * MINUTE;
  let at = instant(scene, room);
  const last = at + room - 25 * MINUTE;
  for (let index = 0; index < tries; index++) {
    const reason = "invalid_user_credentials";
    signIn(page, at, client, { service: PORTAL, method: "password", reason });
    at = Math.floor(Math.min(last, at + pause * (0.4 + dice.next())));
  }
  signIn(page, at + 4000, client, { service: PORTAL, method: "password", mfa: false });
  lookAround(scene, client, { from: at + 4000, most: 5 });
}

/** Pushes at any hour until the owner gives in. */
export function mfaFatigue(scene: Scene): void {
  const { dice, page } = scene;
  const client = stranger(scene);
  const pushes = amount(scene, 5, 25);
  let at = instant(scene, 120 * MINUTE);
  for (let index = 0; index < pushes; index++) {
    signIn(page, at, client, { service: PORTAL, method: "password", reason: "mfa_denied" });
    at += Math.floor(Math.min(4 * MINUTE, lognormal(45_000, 0.6, dice)));
  }
  signIn(page, at, client, { service: PORTAL, method: "push", mfa: true });
  lookAround(scene, client, { from: at, most: 6 });
}

/** The victim's own session, used with the stolen cookie from elsewhere. */
export function sessionHijack(scene: Scene): void {
  const { page, shift, dice } = scene;
  const own = shift.client;
  const thief = stranger(scene);
  const client = {
    ...thief,
    device: dice.chance(0.5) ? undefined : own.device,
    session: own.session,
  };
  const started = personDay(scene.world, scene.person, scene.day)
    .filter(({ event }) => event["session.id"] === own.session)
    .reduce((first, { at }) => Math.min(first, at), Infinity);
  const at = Math.max(instant(scene, 60 * MINUTE), Math.min(started, shift.begin + 120 * MINUTE));
  signIn(page, Math.floor(at + MINUTE), client, { service: skewed(commonServices, dice) });
  lookAround(scene, client, { from: at + MINUTE, most: 8 });
}

/** One guess at each of many accounts from one address, of which one fits. */
export function sprayWithSuccess(scene: Scene): Draft[] {
  const { dice, page, world, day, number } = scene;
  const client = stranger(scene);
  const others: Page[] = [];
  let at = instant(scene, 180 * MINUTE);
  for (const index of below(amount(scene, 12, 60))) {
    const person = dice.pick(world.people);
    const shift = person === scene.person ? undefined : shiftOf(world, person, day);
    if (shift === undefined) continue;
    const other = personPage(shift, 100_000 + number * 64 + index);
    const reason = "invalid_user_credentials";
    signIn(other, at, client, { service: PORTAL, method: "password", reason });
    others.push(other);
    at += Math.floor(lognormal(12_000, 0.8, dice));
  }
  signIn(page, at, client, { service: PORTAL, method: "password", mfa: false });
  lookAround(scene, client, { from: at, most: 5 });
  return others.flatMap(({ out }) => out);
}

/** An account that nobody has used for a month, from a place it has never been used in. */
export function dormantWake(scene: Scene): void {
  const { dice, page, person } = scene;
  const country: Country = dice.chance(0.4) ? person.site.country : skewed(countries, dice, 1.2);
  const kinds = networkKinds.filter((kind) => kind !== "office");
  const network: Network = dice.pick(country.networks[dice.pick(kinds)]);
  const client = { ...stranger(scene), from: addressOf(network, country, dice) };
  const at = instant(scene, 60 * MINUTE);
  if (dice.chance(0.3)) {
    const reason = "invalid_user_credentials";
    signIn(page, at - 20_000, client, { service: PORTAL, method: "password", reason });
  }
  const mfa = dice.chance(0.3);
  signIn(page, at, client, { service: PORTAL, method: mfa ? person.method : "password", mfa });
  lookAround(scene, client, { from: at, most: 8 });
}
