import { random } from "../../random.ts";
import { around, HOUR, MINUTE, sample } from "../stage/drafts.ts";
import { flow, logon, program, readShare, ssh, sudo } from "./records.ts";
import * as words from "./vocabulary.ts";
import { deskOf, publicTarget, type Work } from "./work.ts";

/** Days on which a job sends people where they do not usually go. */
export function specialWork(work: Work): void {
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

/** What happens to anybody now and then, and looks like much. */
export function badDay(work: Work): void {
  const { worker, page } = work;
  const { dice } = page;
  const technical = worker.role === "technical";
  if (dice.chance(technical ? 0.04 : 0.002)) incident(work);
  if (!technical && dice.chance(0.02)) relief(work);
  if (dice.chance(worker.role === "floor" ? 0.001 : 0.006)) upload(work);
  if (technical && dice.chance(0.02)) {
    const from = dice.integer(60);
    for (const tool of sample(words.rareTools.slice(from), 1 + dice.integer(4), dice))
      program(work.desk, work.begin + dice.next() * 8 * HOUR, tool);
  }
}

/** Something is broken and the cause is not known: from server to server, at a run. */
function incident({ plant, page, desk, begin, shift }: Work): void {
  const { dice } = page;
  let at = begin + dice.next() * shift.hours * HOUR;
  const pause = around(dice, 6 * MINUTE, 0.8);
  for (const host of sample(plant.servers, Math.floor(around(dice, 9, 0.7)), dice)) {
    at += pause * (0.4 + 1.2 * dice.next());
    const outcome = dice.chance(0.12) ? "failure" : "success";
    const method = dice.chance(0.3) ? "password" : "publickey";
    if (host.includes("lx")) ssh(desk, at, { host, outcome, method });
    else
      logon(desk, at, {
        host,
        type: dice.chance(0.5) ? "remote_interactive" : "network",
        ip: desk.ip,
        outcome,
        method: dice.chance(0.3) ? "ntlm" : "kerberos",
      });
    if (host.includes("lx") && dice.chance(0.4))
      sudo(desk, at + 30_000, { host, command: dice.pick(words.commands) });
  }
}

/** Stands in for someone of another unit: its terminals, its servers, its papers. */
function relief({ plant, worker, page, begin, shift }: Work): void {
  const { dice } = page;
  const unit = dice.pick(plant.units);
  const desk = deskOf(worker, page, dice.pick(unit.terminals));
  const within = (): number => begin + dice.next() * shift.hours * HOUR;
  logon(desk, within(), { host: desk.machine, type: "interactive", method: "negotiate" });
  for (let left = 1 + dice.poisson(3); left > 0; left--) {
    const kind = dice.next();
    if (kind < 0.45)
      logon(desk, within(), {
        host: dice.pick(unit.servers),
        type: "network",
        ip: desk.ip,
        method: dice.chance(0.2) ? "ntlm" : "kerberos",
      });
    else if (kind < 0.8) readShare(desk, within(), dice.pick(unit.shares));
    else
      program(
        desk,
        within(),
        dice.pick(unit.role === "floor" ? words.floorPrograms : words.officePrograms),
      );
  }
}

/** A year's drawings for a customer, a film of the plant for the fair. */
function upload({ worker, page, desk, begin, shift }: Work): void {
  const { dice } = page;
  const to = publicTarget(Math.floor(dice.next() ** 3 * 900));
  const each = worker.weight * 10 ** (1 + 3 * dice.next());
  let at = begin + dice.next() * shift.hours * HOUR;
  for (let left = 1 + Math.floor(dice.next() ** 2 * 25); left > 0; left--) {
    at += around(dice, 2 * MINUTE, 0.8);
    flow(desk, at, {
      to,
      port: 443,
      sent: around(dice, each, 0.5),
      received: around(dice, 20_000, 0.5),
    });
  }
}
