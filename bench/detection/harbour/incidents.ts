import { random } from "../../random.ts";
import { agents, commonServices, phoneAgents, scriptAgents, webSite } from "./catalogue.ts";
import { HOUR, MINUTE } from "./clock.ts";
import { departments } from "./departments.ts";
import { below, current, hexOf, lognormal, skewed } from "./draws.ts";
import { collective } from "./collective.ts";
import { addressOf, countries, type Origin, someAddress, tunnelExit } from "./networks.ts";
import {
  type Client,
  flow,
  gatewaySignIn,
  type Page,
  program,
  refresh,
  signIn,
} from "./records.ts";
import type { Shift } from "./shift.ts";

/** What surrounds the work of a day: signing in, phones, mistakes, mishaps and what is shared. */

const PORTAL = "portal";

function failed(page: Page, of: { at: number; client: Client; reason: string }): void {
  signIn(page, of.at, of.client, { service: PORTAL, method: "password", reason: of.reason });
}

/** Typing errors, and now and then somebody who locks himself out. */
function typos(shift: Shift, page: Page, at: number): number {
  const { dice } = page;
  const { client, person, world, day } = shift;
  const renewed = world.happenings.passwordDays.has(day) ? 8 : 1;
  const forgot = dice.chance(0.002 * renewed);
  const count = forgot
    ? 4 + Math.floor(14 * dice.next() ** 2)
    : Math.min(6, dice.poisson(person.clumsiness * renewed));
  let time = at;
  for (let index = 0; index < count; index++) {
    const reason = forgot && index >= 5 ? "user_temporarily_disabled" : "invalid_user_credentials";
    failed(page, { at: time, client, reason });
    time += Math.floor(lognormal(9_000, 0.7, dice));
  }
  return forgot && count > 5 ? time + 25 * MINUTE : time;
}

/** The internet guesses at accounts all the time, and mostly gives up. */
function guesses(shift: Shift, page: Page): void {
  const { dice } = page;
  if (!dice.chance(0.005)) return;
  const from = dice.chance(0.7)
    ? tunnelExit(dice)
    : someAddress(dice.pick(countries), "home", dice);
  const agent = dice.chance(0.3) ? dice.pick(scriptAgents) : skewed(agents, dice, 2)(130);
  const client: Client = { from, device: undefined, agent, session: "" };
  let at = shift.begin + Math.floor(9 * HOUR * dice.next());
  for (const _ of below(1 + Math.floor(12 * dice.next() ** 4))) {
    failed(page, { at, client, reason: "invalid_user_credentials" });
    at += Math.floor(lognormal(20_000, 1, dice));
  }
}

/** A push that was denied by mistake, or that a phone without signal let time out, again and again. */
function deniedPushes(shift: Shift, page: Page, at: number): number {
  const { dice } = page;
  if (shift.person.method !== "push" || !dice.chance(0.012)) return at;
  let time = at;
  for (const _ of below(1 + Math.floor(11 * dice.next() ** 4))) {
    failed(page, { at: time, client: shift.client, reason: "mfa_denied" });
    time += Math.floor(lognormal(40_000, 0.5, dice));
  }
  return time;
}

function morning(shift: Shift, page: Page): void {
  const { dice } = page;
  const { person, client, place, begin } = shift;
  let at = typos(shift, page, begin + Math.floor(5 * MINUTE * dice.next()));
  at = deniedPushes(shift, page, at);
  const mfa = shift.kiosk === undefined;
  signIn(page, at, client, { service: PORTAL, method: mfa ? person.method : "password", mfa });
  if (place !== "office" && person.gateway) {
    for (const _ of below(1 + dice.poisson(0.6))) {
      const time = at + Math.floor(dice.next() ** 2 * shift.hours * HOUR);
      if (dice.chance(0.02)) gatewaySignIn(page, time - 20_000, client.from, true);
      gatewaySignIn(page, time, client.from, false);
    }
  }
  for (const _ of below(dice.poisson(1.2))) {
    const time = at + Math.floor(dice.next() * shift.hours * HOUR);
    refresh(page, time, client, skewed(commonServices, dice));
  }
}

function phoneAddress(shift: Shift, page: Page): Origin {
  const { dice } = page;
  const { person, place, client } = shift;
  if (place !== "trip" && dice.chance(0.4)) return current(person.homes, shift.day);
  const abroad = place === "trip" && dice.chance(0.5);
  const country = abroad ? client.from.country : person.site.country;
  // Crews roam; others have one carrier.
  const { mobile } = country.networks;
  const roaming = departments[shift.role.department]!.code === "fl" || abroad;
  const carrier = roaming ? dice.pick(mobile) : mobile[person.index % mobile.length]!;
  return addressOf(carrier, country, dice);
}

/** A phone keeps one session for many days, from whatever network it finds. */
function phone(shift: Shift, page: Page): void {
  const { dice } = page;
  const { person, day, world } = shift;
  if (!person.phone || dice.chance(0.1)) return;
  const turn = Math.floor((day + (person.index % 10)) / 10);
  const agent = phoneAgents[person.index % phoneAgents.length]!;
  const session = hexOf(world.options.seed, 405, person.index, turn) + shift.phone.slice(3);
  const count = 1 + dice.poisson(lognormal(2, 0.7, dice));
  for (let index = 0; index < count; index++) {
    const client: Client = {
      from: phoneAddress(shift, page),
      device: shift.phone,
      managed: person.index % 9 !== 0,
      agent: agent(6 + Math.floor((day + (person.index % 12)) / 40)),
      session,
    };
    const at = shift.begin + Math.floor((shift.hours + 5) * dice.next() * HOUR);
    const service = dice.chance(0.7) ? "mail" : "chat";
    if (dice.chance(0.35)) refresh(page, at, client, service);
    else signIn(page, at, client, { service });
  }
}

/** Signs in from a borrowed or private machine: rare, and sometimes in a strange place too. */
function borrowed(shift: Shift, page: Page): void {
  const { dice } = page;
  const { person, day, world } = shift;
  if (!dice.chance(0.006)) return;
  const own = random(world.options.seed, 406, person.index);
  const device = own.chance(0.6)
    ? `LT-${hexOf(world.options.seed, 407, person.index)}`
    : dice.chance(0.5)
      ? `LT-${hexOf(world.options.seed, 408, person.index, day)}`
      : undefined;
  const from = dice.chance(0.75)
    ? current(person.homes, day)
    : dice.chance(0.5)
      ? tunnelExit(dice)
      : someAddress(skewed(countries, dice, 2.5), "home", dice);
  const client: Client = {
    from,
    device,
    managed: false,
    agent: skewed(agents, dice, 2)(128 + dice.integer(6)),
    session: hexOf(world.options.seed, 409, person.index, day) + hexOf(person.index, day),
  };
  const at = shift.begin + Math.floor(11 * HOUR * dice.next());
  signIn(page, at, client, { service: PORTAL, method: person.method, mfa: true });
  for (const _ of below(1 + dice.poisson(1.5))) {
    const service = dice.chance(0.7)
      ? skewed(commonServices, dice)
      : skewed(shift.role.services, dice);
    signIn(page, at + Math.floor(30 * MINUTE * dice.next()), client, { service });
  }
}

/** The session of the morning elsewhere: on the train, in another program, behind a tunnel. */
function moved(shift: Shift, page: Page): void {
  const { dice } = page;
  const { person, client } = shift;
  const places: Origin[] = [];
  if (dice.chance(0.05)) places.push(current(person.homes, shift.day));
  if (dice.chance(0.02)) places.push(someAddress(person.site.country, "mobile", dice));
  if (dice.chance(0.005)) places.push(tunnelExit(dice));
  for (const from of places) {
    const at = shift.begin + Math.floor((0.3 + 0.8 * dice.next()) * shift.hours * HOUR);
    signIn(page, at, { ...client, from }, { service: skewed(commonServices, dice) });
  }
  const technical = departments[shift.role.department]!.tools >= 0.3;
  if (!dice.chance(technical ? 0.06 : 0.004)) return;
  const agent = technical ? dice.pick(scriptAgents) : skewed(agents, dice, 2)(131);
  const at = shift.begin + Math.floor(dice.next() * shift.hours * HOUR);
  // From a shell in the cloud, or the phone's browser.
  const from = !dice.chance(0.2)
    ? client.from
    : technical
      ? tunnelExit(dice)
      : someAddress(person.site.country, "mobile", dice);
  signIn(page, at, { ...client, agent, from }, { service: skewed(shift.role.services, dice) });
}

/** The person installs something, or sends a lot. */
function installs(shift: Shift, page: Page): void {
  const { dice } = page;
  const machine = shift.kiosk ?? shift.laptop;
  const at = shift.begin + Math.floor(dice.next() * shift.hours * HOUR);
  if (dice.chance(0.004)) {
    const names = ["msiexec.exe", "setup.exe", `installer-${dice.integer(200)}.exe`];
    for (const [index, name] of names.entries())
      program(page, at + index * 30_000, {
        host: machine,
        device: machine,
        name,
        parent: "explorer.exe",
      });
  }
  if (!dice.chance(0.004)) return;
  const parts = 1 + dice.poisson(4);
  const to = dice.chance(0.5) ? webSite(dice) : "backupvault.example";
  for (let part = 0; part < parts; part++) {
    const sent = lognormal(9e8, 1.2, dice);
    flow(page, at + part * 4 * MINUTE, { ip: shift.ip, to, sent, received: sent / 300 });
  }
}

export function incidents(shift: Shift, page: Page): void {
  morning(shift, page);
  phone(shift, page);
  guesses(shift, page);
  borrowed(shift, page);
  moved(shift, page);
  installs(shift, page);
  collective(shift, page);
}
