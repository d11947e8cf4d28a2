import { type Random } from "../../random.ts";
import { around, DAY, type Fields, HOUR, MINUTE, type Page } from "../stage/drafts.ts";
import { addressIn, type Network, placeOf, privacyAddress } from "../stage/addresses.ts";
import { carriers, faraway } from "./networks.ts";
import type { Worker } from "./plant.ts";
import { logon, signIn, type SignIn } from "./records.ts";
import { deskOf, homePlace, machineOf, sessionOf } from "./work.ts";
import type { Scene } from "./scene.ts";
import * as words from "./vocabulary.ts";

/** Attacks from outside, as the identity provider sees them. */

interface Stranger {
  readonly place: Fields;
  readonly agent: string;
}

/** The stronger, the farther: from the victim's own carrier and browser to a rented machine's script. */
export function strangerOf(scene: Scene): Stranger {
  const { page, victim, strength } = scene;
  const { dice, day } = page;
  // A relay on the victim's own router, behind the victim's own browser.
  if (dice.chance(0.12 * (1 - strength)))
    return { place: homePlace(victim, day), agent: words.versioned(victim.desktop, day) };
  const near: readonly Network[] = dice.chance(0.3) ? [victim.home] : carriers;
  const net = dice.chance(0.25 + 0.65 * strength) ? dice.pick(faraway) : dice.pick(near);
  const ip =
    net.six !== undefined && dice.chance(0.4)
      ? privacyAddress(net, dice.integer(2 ** 24), dice)
      : addressIn(net, dice);
  const usual = [victim.desktop, victim.phone ?? victim.desktop];
  const other = dice.chance(0.35)
    ? words.scripts
    : dice.chance(0.6)
      ? words.desktops
      : words.phones;
  const agent = versionedPick(dice, dice.chance(0.4 * (1 - strength) + 0.1) ? usual : other, day);
  return { place: placeOf(net, ip), agent };
}

const versionedPick = (dice: Random, agents: readonly string[], day: number): string =>
  words.versioned(dice.pick(agents), day);

const clientsAfter = (victim: Worker): string[] => [
  ...victim.clients,
  ...words.everyonesClients,
  ...words.officeClients,
  "vault",
  "jump",
];

/** What the thief does when in: two to ten uses of other clients. */
function lookAround(scene: Scene, at: number, of: Omit<SignIn, "client">): void {
  const { page, victim, strength } = scene;
  const { dice } = page;
  const desk = deskOf(victim, page, "");
  let next = at;
  for (let left = 1 + dice.poisson(1 + 4 * strength); left > 0; left--) {
    next += around(dice, 3 * MINUTE, 1);
    const action = dice.chance(0.3) ? "login" : "code_to_token";
    const own = dice.chance(0.5);
    signIn(desk, next, {
      ...of,
      client: dice.pick(own ? victim.clients : clientsAfter(victim)),
      action,
    });
  }
}

/** At the victim's hours or at any other. */
const whenever = (scene: Scene): number =>
  scene.page.dice.chance(0.45)
    ? scene.at()
    : scene.page.midnight + scene.page.dice.next() * 0.96 * DAY;

export function credentialTheft(scene: Scene): void {
  const { page, victim } = scene;
  const stranger = { ...strangerOf(scene), session: sessionOf(page) };
  const desk = deskOf(victim, page, "");
  const at = whenever(scene);
  const method = page.dice.chance(0.35) ? "otp" : "password";
  signIn(desk, at, { ...stranger, client: page.dice.pick(clientsAfter(victim)), method });
  lookAround(scene, at, stranger);
}

/** Six guesses in an hour to three hundred in minutes, then a hit; one in four at a desk inside. */
export function bruteForce(scene: Scene): void {
  const { page, victim, strength } = scene;
  const { dice } = page;
  const tries = Math.floor(6 * 50 ** (strength * dice.next() ** 0.3));
  const pause = around(dice, 60_000 / (1 + 20 * strength), 0.6);
  const begin = whenever(scene);
  if (dice.chance(0.25)) {
    const machine = machineOf(victim, page);
    const desk = deskOf(victim, page, machine);
    for (let index = 0; index <= tries; index++)
      logon(desk, begin + index * pause, {
        host: machine,
        type: "interactive",
        method: "negotiate",
        outcome: index === tries ? "success" : "failure",
      });
    return;
  }
  const stranger = { ...strangerOf(scene), session: sessionOf(page) };
  const desk = deskOf(victim, page, "");
  for (let index = 0; index < tries; index++)
    signIn(desk, begin + index * pause * (0.5 + dice.next()), {
      ...stranger,
      client: "account",
      refused: "invalid_user_credentials",
    });
  signIn(desk, begin + (tries + 1) * pause * 1.5, { ...stranger, client: "account" });
  lookAround(scene, begin + (tries + 2) * pause * 1.5, stranger);
}

/** Pushes until one is approved. */
export function mfaFatigue(scene: Scene): void {
  const { page, victim, strength } = scene;
  const { dice } = page;
  const stranger = { ...strangerOf(scene), session: sessionOf(page) };
  const desk = deskOf(victim, page, "");
  const client = dice.pick(clientsAfter(victim));
  let at = whenever(scene);
  for (let left = 2 + Math.floor(strength * 20 * dice.next()) + dice.poisson(2); left > 0; left--) {
    signIn(desk, at, { ...stranger, client, method: "push", refused: "access_denied" });
    at += around(dice, 90_000, 0.8);
  }
  signIn(desk, at, { ...stranger, client, method: "push" });
  lookAround(scene, at, stranger);
}

/** A session of the day goes on elsewhere. False where the account has none. */
export function sessionHijack(scene: Scene, benign: Page): boolean {
  const { page, victim } = scene;
  const { dice } = page;
  const uses = benign.drafts.filter(
    ({ fields, at }) =>
      fields["event.dataset"] === "keycloak.event" &&
      fields["event.outcome"] === "success" &&
      (fields["session.id"] ?? "") !== "" &&
      at < page.midnight + 22 * HOUR,
  );
  if (uses.length === 0) return false;
  const { at, fields } = dice.pick(uses);
  const stranger = strangerOf(scene);
  const agent = dice.chance(0.4) ? (fields["user_agent.original"] as string) : stranger.agent;
  const desk = deskOf(victim, page, "");
  let next = at;
  for (let left = 1 + dice.poisson(4 * scene.strength + 0.5); left > 0; left--) {
    next += around(dice, 8 * MINUTE, 1);
    const client = dice.pick(dice.chance(0.6) ? victim.clients : clientsAfter(victim));
    signIn(desk, next, {
      client,
      place: stranger.place,
      agent,
      session: fields["session.id"] as string,
      action: dice.chance(0.5) ? "refresh_token" : "code_to_token",
    });
  }
  return true;
}

/** One address, one guess for each of many accounts, one hit; `pageOf` opens the others' pages. */
export function sprayWithSuccess(
  scene: Scene,
  targets: readonly Worker[],
  pageOf: (worker: Worker) => Page,
): Page[] {
  const { page, victim, strength } = scene;
  const { dice } = page;
  const stranger = { ...strangerOf(scene), session: sessionOf(page) };
  const pause = around(dice, 90_000 - 80_000 * strength, 0.5);
  let at = page.midnight + dice.next() * 12 * HOUR;
  const pages: Page[] = [];
  const hit = dice.integer(targets.length + 1);
  for (let index = 0; index <= targets.length; index++) {
    at += pause * (0.5 + dice.next());
    if (index === hit) {
      signIn(deskOf(victim, page, ""), at, { ...stranger, client: "account" });
      lookAround(scene, at, stranger);
      continue;
    }
    const target = targets[index < hit ? index : index - 1] as Worker;
    const other = pageOf(target);
    pages.push(other);
    signIn(deskOf(target, other, ""), at, {
      ...stranger,
      client: "account",
      refused: "invalid_user_credentials",
    });
  }
  return pages;
}

/** A leaver's or an absent colleague's account, from outside; now and then from the old home itself. */
export function dormantOutside(scene: Scene): void {
  const { page, victim } = scene;
  const { dice } = page;
  const stranger = strangerOf(scene);
  const place = dice.chance(0.15) ? homePlace(victim, page.day) : stranger.place;
  const session = sessionOf(page);
  const desk = deskOf(victim, page, "");
  const at = page.midnight + dice.next() * 22 * HOUR;
  signIn(desk, at, {
    place,
    agent: stranger.agent,
    session,
    client: dice.pick(clientsAfter(victim)),
  });
  lookAround(scene, at, { place, agent: stranger.agent, session });
}
