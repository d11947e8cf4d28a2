import { around, DAY, HOUR, MINUTE, type Page } from "../stage/drafts.ts";
import { exitOf } from "./networks.ts";
import type { Plant, Worker } from "./plant.ts";
import { type Desk, flow, logon, program, signIn, ssh, sudo } from "./records.ts";
import * as words from "./vocabulary.ts";
import { addressOf } from "./work.ts";

/** A machine's account: it beats with jitter, its jobs carry what the month gives them. */
export function robotDay(plant: Plant, worker: Worker, page: Page): void {
  const { dice, day } = page;
  const machine = worker.unit.servers[worker.index % worker.unit.servers.length] as string;
  const desk: Desk = {
    worker,
    page,
    machine,
    ip: `10.${worker.unit.subnet}.251.${1 + (worker.index % 250)}`,
  };
  if (worker.role === "scanner") return scannerDay(plant, desk);
  if (dice.chance(0.015)) byHand(plant, desk);
  // Stopped while the plant stands still, or since someone forgot to start it again.
  if (plant.calendar.isShutdown(day) ? dice.chance(0.7) : dice.chance(0.01)) return;
  if (worker.programs[0] === "batchd" || worker.programs[0] === "backupd")
    return batchDay(plant, desk);
  const beats = Math.max(3, worker.rate * around(dice, 1, 0.15));
  const step = DAY / beats;
  const sick = dice.chance(0.015) ? 0.3 : 0.002;
  for (
    let at = page.midnight + dice.next() * step;
    at < page.midnight + DAY;
    at += step * (0.7 + 0.6 * dice.next())
  )
    beat(desk, at, sick);
  if (dice.chance(worker.curiosity))
    ssh(desk, page.midnight + dice.integer(DAY), { host: dice.pick(plant.servers) });
}

/** Someone repairs a job under the job's own account, from a desk. */
function byHand(plant: Plant, desk: Desk): void {
  const { worker, page } = desk;
  const { dice, midnight } = page;
  const fixer = dice.pick(plant.workers.filter((one) => one.role === "technical"));
  const machine = fixer.pc ?? desk.machine;
  const seat: Desk = { worker, page, machine, ip: addressOf(fixer, machine) };
  let at = midnight + (7 + 13 * dice.next()) * HOUR;
  for (let left = 1 + dice.poisson(2); left > 0; left--) {
    at += around(dice, 6 * MINUTE, 0.8);
    const host = dice.pick(dice.chance(0.7) ? worker.servers : plant.servers);
    if (host.includes("lx"))
      ssh(seat, at, { host, method: dice.chance(0.5) ? "password" : "publickey" });
    else
      logon(seat, at, {
        host,
        type: dice.chance(0.6) ? "remote_interactive" : "network",
        ip: seat.ip,
        method: "ntlm",
      });
    if (host.includes("lx") && dice.chance(0.4))
      sudo(seat, at + 30_000, { host, command: dice.pick(words.commands) });
    if (dice.chance(0.2)) program(seat, at + MINUTE, dice.pick(words.technicalPrograms));
  }
}

function beat(desk: Desk, at: number, sick: number): void {
  const { worker, page } = desk;
  const { dice } = page;
  const host = dice.pick(worker.servers);
  const kind = dice.next();
  if (kind < 0.5) {
    const sent = around(dice, worker.weight, 0.8);
    flow(desk, at, {
      to: `10.${worker.unit.subnet}.250.${10 + dice.integer(3)}`,
      port: 502,
      sent,
      received: around(dice, 900, 0.5),
    });
  } else if (host.includes("lx"))
    ssh(desk, at, { host, outcome: dice.chance(sick) ? "failure" : "success" });
  else
    logon(desk, at, {
      host,
      type: "network",
      ip: desk.ip,
      method: "ntlm",
      outcome: dice.chance(sick) ? "failure" : "success",
    });
  if (dice.chance(0.1)) program(desk, at + 500, worker.programs[0] as string);
}

/** Jobs of the night: three to many, heavier towards the end of the month, repeated when they fail. */
function batchDay(plant: Plant, desk: Desk): void {
  const { worker, page } = desk;
  const { dice, day, midnight } = page;
  const late = plant.calendar.isStocktaking(day) ? 3 : 1;
  const load = around(dice, late, 0.7);
  const jobs = Math.min(160, Math.max(2, Math.round((worker.rate / 4) * load)));
  const first = midnight + (1 + (worker.index % 4)) * HOUR;
  for (let job = 0; job < jobs; job++) {
    const at = first + job * around(dice, 3 * MINUTE, 0.6);
    const host = dice.pick(worker.servers);
    logon(desk, at, { host, type: "batch", method: "negotiate" });
    program(desk, at + 2000, dice.pick(worker.programs));
    flow(desk, at + 9000, {
      to: `10.${worker.unit.subnet}.250.${10 + (job % 4)}`,
      port: 445,
      sent: around(dice, worker.weight * load, 1.2),
      received: 20_000,
    });
  }
  const client = dice.pick(worker.clients);
  signIn(desk, first, {
    client,
    place: exitOf(plant.options.seed, day),
    agent: worker.desktop,
    session: "",
  });
}

/** Twice a week over everything, at night, with whatever credentials it has. */
function scannerDay(plant: Plant, desk: Desk): void {
  const { worker, page } = desk;
  const { dice, day, midnight } = page;
  if ((day + worker.index) % 4 !== 0) {
    for (let hour = 0; hour < 24; hour += 6)
      flow(desk, midnight + hour * HOUR + dice.integer(MINUTE), {
        to: "10.16.250.10",
        port: 443,
        sent: 2000,
        received: 900,
      });
    return;
  }
  for (const host of plant.servers) {
    if (dice.chance(0.08)) continue;
    const at = midnight + dice.next() * 6 * HOUR;
    const outcome = dice.chance(0.15) ? "failure" : "success";
    if (host.includes("lx")) ssh(desk, at, { host, outcome, method: "password" });
    else logon(desk, at, { host, type: "network", ip: desk.ip, method: "ntlm", outcome });
  }
}
