import { random } from "../../random.ts";
import { addressIn, type Network, placeOf, privacyAddress } from "../stage/addresses.ts";
import { around, type Fields, HOUR, MINUTE, openPage, type Page } from "../stage/drafts.ts";
import * as places from "./places.ts";
import { atMachine, atPortal } from "./records.ts";
import { type Agency, isIn, type Member } from "./staff.ts";

interface Day {
  readonly agency: Agency;
  readonly member: Member;
  readonly page: Page;
  readonly begin: number;
  readonly hours: number;
  readonly remote: boolean;
  readonly pc: string;
  readonly place: Fields;
  readonly session: string;
}

/** An address in a network that a household keeps for a few days. */
export function leased(net: Network, key: number, day: number): Fields {
  const period = Math.floor((day + (key % 5)) / 5);
  if (net.six !== undefined && key % 2 === 0)
    return placeOf(net, privacyAddress(net, key, random(key, day)));
  return placeOf(net, addressIn(net, random(key, period)));
}

export const sessionOf = (page: Page): string =>
  `${page.dice.integer(2 ** 30).toString(36)}${page.dice.integer(2 ** 30).toString(36)}`;

/** Own machine, the new one after an exchange, or for a while another's. */
export function pcOf(agency: Agency, member: Member, day: number): string {
  const swap = random(agency.options.seed, 174, member.index);
  const changed = swap.chance(0.04) && day >= swap.integer(agency.options.days + 1);
  return changed ? `${member.pc}n` : member.pc;
}

function seatOf(agency: Agency, member: Member, page: Page): string {
  const { dice, day } = page;
  const kind = agency.unusual(day);
  if (kind === "training" && member.floor % 6 === day % 6) return dice.pick(agency.room);
  const moving = kind === "office move" && member.floor % 3 === 0;
  if (!dice.chance(moving ? 0.6 : member.wanders * 0.5)) return pcOf(agency, member, day);
  return pcOf(agency, otherThan(agency, member, page), day);
}

/** Whose machine it is: mostly a neighbour's, now and then of anybody. */
export function otherThan(agency: Agency, member: Member, page: Page): Member {
  const { dice } = page;
  const near = dice.chance(0.8) ? (agency.mates.get(member.team) ?? []) : agency.members;
  return dice.pick(near);
}

function placeToday(agency: Agency, member: Member, of: { day: number; remote: boolean }): Fields {
  const { day, remote } = of;
  const trip = random(agency.options.seed, 175, member.index, Math.floor(day / 4));
  if (trip.chance(0.03)) {
    const net = trip.chance(0.6) ? trip.pick(places.abroad) : trip.pick(places.homes);
    return placeOf(net, addressIn(net, trip));
  }
  if (remote) return leased(member.home, member.homeKey, day);
  const line = places.office(member.floor);
  return placeOf(line, `${line.prefix}.${member.floor % 8}.${1 + (member.floor % 250)}`);
}

function mistakes(today: Day): void {
  const { page, member, pc, begin, agency } = today;
  const { dice, day } = page;
  const expired = agency.unusual(day) === "password expiry" ? 1.5 : 0;
  let count = dice.poisson(member.clumsiness + expired);
  if (dice.chance(0.01)) count += Math.floor(around(dice, 6, 0.7));
  for (let index = 0; index < count; index++) {
    const at = begin - (count - index) * around(dice, 8_000, 0.6);
    if (dice.chance(0.6)) atMachine(page, at, { member, kind: "logon", pc, failed: true });
    else visit(today, at, { refused: "wrong_password" });
  }
}

function visit(
  today: Day,
  at: number,
  more: { readonly kind?: "session_use"; readonly refused?: string; readonly mfa?: boolean },
): void {
  const { page, member, place, session, pc } = today;
  // Private windows and other browsers do not say which machine they are on.
  const device = page.dice.chance(0.12) ? undefined : pc;
  const agent = page.dice.chance(0.04)
    ? page.dice.pick([...places.browsers, ...places.homemade])
    : member.browser;
  const service = places.services[
    Math.floor(page.dice.next() ** (1 + (member.index % 3)) * places.services.length)
  ] as string;
  atPortal(page, at, { member, kind: "sign_in", place, agent, session, service, device, ...more });
}

function phoneUse(today: Day): void {
  const { member, page, begin } = today;
  const { dice, day } = page;
  if (member.phone === undefined || !dice.chance(0.45)) return;
  const agent = member.phone;
  const session = `p${member.homeKey.toString(36)}${Math.floor(day / 6)}`;
  for (let left = 1 + dice.poisson(0.8); left > 0; left--) {
    const net = dice.chance(0.5) ? member.home : dice.pick(places.mobiles);
    const kind = dice.chance(0.3) ? "sign_in" : "session_use";
    const at = begin + (dice.next() * 13 - 1) * HOUR;
    const place = leased(net, member.homeKey + (dice.chance(0.1) ? 7 : 0), day);
    atPortal(page, at, {
      member,
      kind,
      place,
      agent,
      session,
      service: "mailbox",
      device: `ph-${member.homeKey.toString(36)}`,
    });
  }
}

function pushes(today: Day, at: number): void {
  const { page, member, place, session } = today;
  const { dice } = page;
  const slips = dice.chance(0.03) ? 1 + dice.poisson(1) : 0;
  for (let index = 0; index < slips; index++)
    atPortal(page, at - (slips - index) * 25_000, {
      member,
      kind: "mfa_prompt",
      place,
      agent: member.browser,
      session,
      service: "timesheet",
      device: dice.chance(0.15) ? undefined : today.pc,
      refused: "denied",
    });
  visit(today, at, { mfa: true });
}

/** Sticks and disks: some plug them in all day long. */
export function plug(page: Page, at: number, of: { member: Member; pc: string }): void {
  atMachine(page, at, { ...of, kind: "device_connect" });
  if (page.dice.chance(0.8))
    atMachine(page, at + around(page.dice, 8 * MINUTE, 1), { ...of, kind: "device_disconnect" });
}

/** The help desk signs in where people call; others borrow a machine for a minute. */
function elsewhere(today: Day): void {
  const { agency, member, page, begin, hours } = today;
  const { dice, day } = page;
  const calls = member.fixer
    ? dice.poisson(around(dice, 4, 0.7))
    : dice.poisson(member.wanders / 2);
  for (let left = calls; left > 0; left--) {
    const whose = member.fixer ? dice.pick(agency.members) : otherThan(agency, member, page);
    const at = begin + dice.next() * hours * HOUR;
    const pc = pcOf(agency, whose, day);
    atMachine(page, at, { member, kind: "logon", pc });
    if (dice.chance(0.6))
      atMachine(page, at + around(dice, 12 * MINUTE, 0.8), { member, kind: "logoff", pc });
    if (dice.chance(member.plugs / 6)) plug(page, at + MINUTE, { member, pc });
  }
}

function atDesk(today: Day): void {
  const { member, page, pc, begin, hours, agency } = today;
  const { dice, day } = page;
  atMachine(page, begin, { member, kind: "logon", pc });
  if (agency.unusual(day) === "power cut")
    atMachine(page, begin + 2.5 * HOUR + dice.integer(HOUR / 2), { member, kind: "logon", pc });
  const count = dice.poisson(member.rate * around(dice, 1, 0.4));
  for (let index = 0; index < count; index++) {
    const at = begin + dice.next() * hours * HOUR;
    const kind = dice.next();
    if (kind < 0.4) atMachine(page, at, { member, kind: "unlock", pc });
    else if (kind < 0.7) visit(today, at, {});
    else visit(today, at, { kind: "session_use" });
  }
  for (let left = dice.poisson(member.plugs); left > 0; left--)
    plug(page, begin + dice.next() * hours * HOUR, { member, pc });
  // Many just close the lid.
  if (dice.chance(0.7)) atMachine(page, begin + hours * HOUR, { member, kind: "logoff", pc });
  if (!dice.chance(member.late)) return;
  const late = begin + (hours + 1 + 5 * dice.next()) * HOUR;
  atMachine(page, late, { member, kind: "logon", pc });
  if (dice.chance(member.plugs / 3)) plug(page, late + 5 * MINUTE, { member, pc });
}

/** In the evening, at the private machine; the first time it is new to everybody. */
function homeUse(today: Day): void {
  const { member, page, begin } = today;
  const { dice, day } = page;
  if (member.homePc === undefined || !dice.chance(0.2)) return;
  const at = begin + (9 + 3 * dice.next()) * HOUR;
  const place = leased(member.home, member.homeKey, day);
  const agent = places.browsers[(member.index * 3) % places.browsers.length] as string;
  const session = sessionOf(page);
  for (let use = dice.poisson(1.5); use >= 0; use--)
    atPortal(page, at + use * 5 * MINUTE, {
      member,
      kind: "sign_in",
      place,
      agent,
      session,
      service: dice.pick(places.services),
      device: member.homePc,
      mfa: dice.chance(0.3),
    });
}

/** A benign day of one account; the same arguments give the same drafts. */
export function memberDay(agency: Agency, member: Member, day: number): Page | undefined {
  if (!isIn(agency, member, day)) return undefined;
  const midnight = agency.midnight(day);
  const page = openPage({ seed: agency.options.seed, account: member.index, day, midnight });
  const { dice } = page;
  const remote = dice.chance(member.remote);
  const arrives = Math.min(22, Math.max(1, member.arrives + member.scatter * dice.normal()));
  const today: Day = {
    agency,
    member,
    page,
    begin: midnight + arrives * HOUR,
    hours: Math.max(1, 8.5 + 1.2 * dice.normal()),
    remote,
    pc: remote ? pcOf(agency, member, day) : seatOf(agency, member, page),
    place: placeToday(agency, member, { day, remote }),
    session: sessionOf(page),
  };
  mistakes(today);
  atDesk(today);
  pushes(today, today.begin + around(dice, 4 * MINUTE, 0.8));
  elsewhere(today);
  phoneUse(today);
  homeUse(today);
  return page;
}
