import { random } from "../../random.ts";
import { around, DAY, type Fields, HOUR, MINUTE, openPage, type Page } from "../stage/drafts.ts";
import { addressIn, type Network, placeOf, privacyAddress } from "../stage/addresses.ts";
import { exitOf, faraway, carriers } from "./networks.ts";
import type { Plant, Worker } from "./plant.ts";
import { type Shift, shiftOf } from "./presence.ts";
import { type Desk, flow, logon, program, readShare, signIn, ssh, sudo } from "./records.ts";
import { robotDay } from "./robots.ts";
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
function awayPlace(plant: Plant, worker: Worker, day: number): Fields | undefined {
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

function workOf(plant: Plant, worker: Worker, page: Page, shift: Shift): Work {
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

/** Wrong passwords: a few most days, many after a holiday or where an old phone keeps trying. */
function mistakes(work: Work): void {
  const { page, worker, desk, begin } = work;
  const { dice } = page;
  let count = dice.poisson(worker.clumsiness);
  if (dice.chance(0.012)) count += Math.floor(around(dice, 5, 0.7));
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
    const agent = words.versioned(worker.phone, page.day);
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
  const slips = dice.chance(0.02) ? 1 + dice.poisson(0.8) : 0;
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
function phoneDay(work: Work): void {
  const { worker, page, desk, begin } = work;
  if (worker.phone === undefined || !page.dice.chance(0.6)) return;
  const { dice, day } = page;
  const session = `m${worker.homeKey.toString(16)}-${Math.floor(day / 9)}`;
  const agent = words.versioned(worker.phone, day);
  const uses = 1 + dice.poisson(1.5);
  for (let index = 0; index < uses; index++) {
    const at = begin + (dice.next() * 15 - 2) * HOUR;
    const roaming = dice.chance(0.35) ? dice.pick(carriers.slice(0, 4)) : worker.home;
    const place = homePlace(worker, day, roaming);
    const client = dice.chance(0.7) ? "shiftboard" : "webmail";
    const action = dice.chance(0.15) ? "login" : "refresh_token";
    signIn(desk, at, { client, place, agent, session, action });
  }
}

export const publicTarget = (index: number): string =>
  `${34 + (index % 18)}.${(index * 37) % 256}.${(index * 11) % 256}.${1 + (index % 250)}`;

/** Bytes of a flow: log-normal around the person's own size, now and then a whole disk. */
export function sizeOf(work: Work): number {
  const { dice } = work.page;
  const usual = around(dice, work.worker.weight, 1.9);
  return dice.chance(0.0006) ? usual * around(dice, 800, 1) : Math.min(usual, 4e9);
}

function novelty(work: Work, at: number): void {
  const { page, worker, plant, desk } = work;
  const { dice } = page;
  const kind = dice.next();
  if (kind < 0.4) {
    const near = dice.chance(0.75);
    const host = dice.pick(near ? worker.unit.servers : plant.servers);
    if (worker.role === "technical" && host.includes("lx"))
      ssh(desk, at, { host, outcome: dice.chance(0.1) ? "failure" : "success" });
    else logon(desk, at, { host, type: "network", ip: desk.ip });
  } else if (kind < 0.6)
    readShare(desk, at, dice.pick(dice.chance(0.7) ? worker.unit.shares : plant.shares));
  else if (kind < 0.8)
    program(
      desk,
      at,
      words.rareTools[Math.floor(dice.next() ** 2 * words.rareTools.length)] as string,
    );
  else {
    const { place, agent, session } = work;
    const pool = [...words.officeClients, ...words.technicalClients, ...words.floorClients];
    signIn(desk, at, { client: dice.pick(pool), place, agent, session });
  }
}

/** What each role's records are of, as cumulative shares: process, logon, share, ssh, sudo, flow; the rest sign-ins. */
const mixes = {
  floor: [0.3, 0.48, 0.52, 0.52, 0.52, 0.68],
  office: [0.18, 0.32, 0.45, 0.45, 0.45, 0.72],
  technical: [0.14, 0.24, 0.28, 0.46, 0.6, 0.82],
} as const;

function one(work: Work, at: number): void {
  const { page, worker, desk } = work;
  const { dice } = page;
  const mix = mixes[worker.unit.role];
  const kind = dice.next();
  const server = worker.servers.length === 0 ? undefined : dice.pick(worker.servers);
  if (kind < mix[0]) program(desk, at, dice.pick(worker.programs));
  else if (kind < mix[1]) {
    if (server === undefined || dice.chance(0.3))
      logon(desk, at, { host: desk.machine, type: "unlock", method: "negotiate" });
    else
      logon(desk, at, {
        host: server,
        type: "network",
        ip: desk.ip,
        method: dice.chance(0.05) ? "ntlm" : "kerberos",
      });
  } else if (kind < mix[2] && worker.shares.length > 0)
    readShare(desk, at, dice.pick(worker.shares));
  else if (kind < mix[3] && server !== undefined)
    ssh(desk, at, { host: server, method: dice.chance(0.1) ? "password" : "publickey" });
  else if (kind < mix[4] && server !== undefined)
    sudo(desk, at, {
      host: server,
      command: words.commands[Math.floor(dice.next() ** 2.5 * words.commands.length)] as string,
    });
  else if (kind < mix[5]) {
    const inner = dice.chance(worker.role === "floor" ? 0.7 : 0.45);
    const spot = Math.floor(dice.next() ** 2 * (worker.role === "floor" ? 3 : 9));
    const to = inner
      ? `10.${worker.unit.subnet}.250.${10 + spot}`
      : publicTarget(Math.floor(dice.next() ** 3 * 900));
    flow(desk, at, {
      to,
      port: inner ? (worker.role === "floor" ? 502 : 445) : 443,
      sent: sizeOf(work),
      received: around(dice, 30_000, 2),
    });
  } else {
    const { place, agent, session } = work;
    const action = dice.chance(0.45)
      ? "code_to_token"
      : dice.chance(0.5)
        ? "refresh_token"
        : "login";
    signIn(desk, at, { client: dice.pick(worker.clients), place, agent, session, action });
  }
}

/** Monthly and weekly swing of work, on top of the person's own good and bad days. */
function loadOf(work: Work): number {
  const { plant, page, worker, shift } = work;
  const { dice, day } = page;
  const weekday = plant.calendar.weekday(day);
  const month = (Math.floor(plant.calendar.midnight(day) / DAY) % 30) / 30;
  const swing = worker.role === "office" ? 1 + 0.6 * Math.max(0, Math.cos(2 * Math.PI * month)) : 1;
  const week = weekday === 1 ? 1.35 : weekday === 6 ? 0.6 : weekday === 0 ? 0.45 : 1;
  const stock = plant.calendar.isStocktaking(day) && worker.role !== "technical" ? 1.8 : 1;
  return Math.min(
    420,
    worker.rate *
      swing *
      week *
      stock *
      (shift.hours / 8) *
      around(dice, dice.chance(0.015) ? 3.5 : 1, 0.4),
  );
}

/** Days on which a job sends people where they do not usually go. */
function specialWork(work: Work): void {
  const { plant, worker, page, begin, desk } = work;
  const { dice, day } = page;
  const { calendar } = plant;
  const within = (): number => begin + dice.next() * 8 * HOUR;
  if (worker.auditor && calendar.isAudit(day)) {
    for (const share of plant.shares) if (dice.chance(0.4)) readShare(desk, within(), share);
    for (const host of plant.servers)
      if (dice.chance(0.12)) logon(desk, within(), { host, type: "network", ip: desk.ip });
  }
  if (calendar.isPatch(day) && worker.role === "technical") {
    const share = 0.25 * random(worker.index).next();
    for (const host of plant.servers) {
      if (!dice.chance(share)) continue;
      if (host.includes("lx")) {
        ssh(desk, within(), { host });
        sudo(desk, within(), { host, command: "/usr/bin/apt" });
      } else logon(desk, within(), { host, type: "remote_interactive", ip: desk.ip });
    }
  }
  const patched = calendar.isPatch(day) || calendar.isPatch(day - 1);
  if (patched && dice.chance(0.6))
    program(desk, begin + dice.integer(HOUR), `rollup-${Math.floor(day / 28)}.exe`);
  // Technicians are called to a machine of another unit and sign in there.
  if (worker.role === "technical" && dice.chance(0.3)) {
    const unit = dice.pick(plant.units);
    const host = dice.pick(unit.terminals);
    logon(desk, within(), { host, type: "remote_interactive", ip: desk.ip });
  }
  if (worker.unit.acquired && dice.chance(0.4))
    logon(desk, within(), {
      host: dice.pick(plant.units[2]?.servers ?? plant.servers),
      type: "network",
      ip: desk.ip,
      method: "ntlm",
    });
}

/** A benign day of one account; the same arguments give the same drafts. */
export function accountDay(plant: Plant, worker: Worker, day: number): Page | undefined {
  const shift = shiftOf(plant, worker, day);
  if (shift === undefined) return undefined;
  const midnight = plant.calendar.midnight(day);
  const page = openPage({ seed: plant.options.seed, account: worker.index, day, midnight });
  if (worker.role === "robot" || worker.role === "scanner") {
    robotDay(plant, worker, page);
    return without(plant, page);
  }
  const { dice } = page;
  const work = workOf(plant, worker, page, shift);
  mistakes(work);
  logon(work.desk, work.begin, {
    host: work.desk.machine,
    type: "interactive",
    method: "negotiate",
  });
  strongSignIn(work, work.begin + around(dice, 2 * MINUTE, 0.8), dice.pick(worker.clients));
  phoneDay(work);
  const count = 1 + dice.poisson(loadOf(work));
  const fresh = worker.curiosity * (dice.chance(0.02) ? 12 : 1);
  for (let index = 0; index < count; index++) {
    // Work clusters: most of it in the first and third quarter of the shift, some long after it.
    const stay = dice.chance(0.03) ? 1 + dice.next() * 0.5 : dice.next() ** 1.15;
    one(work, work.begin + stay * shift.hours * HOUR);
  }
  for (let left = dice.poisson(fresh); left > 0; left--)
    novelty(work, work.begin + dice.next() * shift.hours * HOUR);
  specialWork(work);
  return without(plant, page);
}

/** Sensors fail: all flows of a day, or all telemetry of one machine. */
function without(plant: Plant, page: Page): Page {
  const down = plant.calendar.isSensorDown(page.day);
  const lost = page.dice.chance(0.003);
  if (!down && !lost) return page;
  const drafts = page.drafts.filter(
    ({ fields }) =>
      !(down && fields["event.dataset"] === "zeek.conn") &&
      !(lost && fields["event.dataset"] !== "keycloak.event"),
  );
  return { ...page, drafts };
}
