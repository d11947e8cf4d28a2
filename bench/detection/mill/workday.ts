import { around, DAY, HOUR, MINUTE, openPage, type Page } from "../stage/drafts.ts";
import type { Plant, Worker } from "./plant.ts";
import { shiftOf } from "./presence.ts";
import { flow, logon, program, readShare, signIn, ssh, sudo } from "./records.ts";
import { robotDay } from "./robots.ts";
import { mistakes, phoneDay, strongSignIn } from "./sign-ins.ts";
import { badDay, specialWork } from "./unusual.ts";
import * as words from "./vocabulary.ts";
import { publicTarget, type Work, workOf } from "./work.ts";

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
  badDay(work);
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
