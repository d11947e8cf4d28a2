import { cloudStores, dualUseTools } from "./catalogue.ts";
import { HOUR, MINUTE } from "./clock.ts";
import { departments } from "./departments.ts";
import { below, lognormal, several, skewed } from "./draws.ts";
import type { Team } from "./estate.ts";
import type { Person } from "./people.ts";
import { moments, personPage } from "./person-day.ts";
import { fileUse, flow, logon, type Page, program } from "./records.ts";
import { amount, instant, type Scene } from "./scene.ts";
import { type Shift, shiftOf } from "./shift.ts";

/** Attacks from within: on the victim's own machine, or by the victim himself. */

function runTool(shift: Shift, page: Page, of: { at: number; name: string }): void {
  const parent = page.dice.pick(["cmd.exe", "powershell.exe", "explorer.exe"]);
  const host = shift.kiosk ?? shift.laptop;
  program(page, of.at, { host, device: host, name: of.name, parent });
}

/** From the victim's machine over servers that he rarely or never meets. */
export function lateralMovement(scene: Scene): void {
  const { dice, page, world, shift } = scene;
  const hops = amount(scene, 4, 30);
  const far = dice.chance(0.3 + 0.5 * scene.strength);
  const pool = far ? world.estate.allHosts : world.estate.hosts[shift.role.department]!;
  const hosts = several(pool, { count: hops }, dice);
  const pause = lognormal(3 * MINUTE, 0.8, dice);
  const from = instant(scene, Math.min(10 * HOUR, hops * pause + 30 * MINUTE));
  if (dice.chance(0.4)) runTool(shift, page, { at: from, name: skewed(dualUseTools, dice, 1.3) });
  for (const [index, host] of hosts.entries()) {
    const at = from + Math.floor(Math.min(10 * HOUR, (index + dice.next()) * pause));
    const type = dice.chance(0.3) ? "remote_interactive" : "network";
    logon(page, at, { host, ip: shift.ip, type, failed: dice.chance(0.12) });
    if (dice.chance(0.1)) runTool(shift, page, { at: at + 5000, name: "psexec.exe" });
  }
}

/** Papers are gathered, packed, and sent to where people put things anyway. */
export function exfiltration(scene: Scene): void {
  const { dice, page, world, shift } = scene;
  const from = instant(scene, 150 * MINUTE);
  const own = dice.chance(0.5);
  const department = own ? shift.role.department : dice.integer(departments.length);
  const shares = several(world.estate.shares[department]!, { count: 1 + dice.integer(4) }, dice);
  for (const _ of below(amount(scene, 0, 40))) {
    const at = from + Math.floor(dice.next() * 60 * MINUTE);
    fileUse(page, at, { share: dice.pick(shares), action: "file_read", ip: shift.ip });
  }
  if (dice.chance(0.4)) {
    const name = dice.pick(["7z.exe", "rclone.exe", "winscp.exe"]);
    runTool(shift, page, { at: from + 62 * MINUTE, name });
  }
  const parts = 1 + dice.integer(8);
  const total = 2.5e8 * Math.exp(4.8 * scene.strength) * lognormal(1, 0.4, dice);
  const to = skewed(cloudStores, dice, 1.1);
  for (let part = 0; part < parts; part++) {
    const at = from + (65 + part * 9) * MINUTE + dice.integer(MINUTE);
    const sent = Math.min(4e10, (total / parts) * lognormal(1, 0.3, dice));
    flow(page, at, { ip: shift.ip, to, sent, received: sent / 250 });
  }
}

/** Several tools that administrators run too, in an hour, on the victim's machine. */
export function rareTools(scene: Scene): void {
  const { dice, page, shift } = scene;
  const own = shift.role.programs;
  const pool = dualUseTools.filter((name) => dice.chance(0.1) || !own.includes(name));
  const power = 1.6 - 1.3 * scene.strength;
  const names = several(pool, { count: amount(scene, 2, 6), power }, dice);
  let at = instant(scene, 70 * MINUTE);
  for (const name of names) {
    for (const _ of below(1 + dice.integer(3))) {
      runTool(shift, page, { at, name });
      at += Math.floor(lognormal(2 * MINUTE, 0.9, dice));
    }
  }
}

/** What colleagues of the team use and the person does not. */
function colleaguesThings(scene: Scene): { hosts: string[]; shares: string[] } {
  const { world, shift, day } = scene;
  const team: Team = shift.role.team;
  const peers = world.people.filter(
    (peer: Person) => peer !== scene.person && peer.roles.some(({ value }) => value.team === team),
  );
  const roles = peers.flatMap((peer) => peer.roles.filter(({ from }) => from <= day));
  const unlike = (kind: "hosts" | "shares"): string[] => [
    ...new Set(
      [...roles.flatMap(({ value }) => value[kind]), ...team[kind]].filter(
        (name) => !shift.role[kind].includes(name),
      ),
    ),
  ];
  return { hosts: unlike("hosts"), shares: unlike("shares") };
}

/** Peers' servers and folders, in working hours, at a working pace. */
export function mimicry(scene: Scene): void {
  const { dice, page, world, shift } = scene;
  const { hosts, shares } = colleaguesThings(scene);
  const spare = world.estate.hosts[shift.role.department]!;
  const moment = moments(shift, page);
  for (const _ of below(amount(scene, 2, 9))) {
    const host = hosts.length > 0 ? dice.pick(hosts) : dice.pick(spare);
    logon(page, moment(), { host, ip: shift.ip, type: "network" });
  }
  for (const _ of below(amount(scene, 0, 6))) {
    const share = shares.length > 0 ? dice.pick(shares) : dice.pick(shift.role.shares);
    fileUse(page, moment(), { share, action: "file_read", ip: shift.ip });
  }
}

/** A day of the insider: one to three servers or folders that are none of his business. */
function insiderDay(scene: Scene, shift: Shift): Page {
  const { dice, world } = scene;
  const page = personPage(shift, 1000 + scene.number);
  const moment = moments(shift, page);
  const { hosts, shares } = world.estate;
  for (const _ of below(1 + dice.integer(3))) {
    const other = dice.chance(0.3 + 0.6 * scene.strength);
    const department = other ? dice.integer(departments.length) : shift.role.department;
    if (dice.chance(0.6)) {
      const share = skewed(shares[department]!, dice, 0.8);
      for (const _ of below(1 + dice.integer(4)))
        fileUse(page, moment(), { share, action: "file_read", ip: shift.ip });
    } else {
      const host = skewed(hosts[department]!, dice, 0.8);
      logon(page, moment(), { host, ip: shift.ip, type: "network" });
    }
  }
  return page;
}

/** The next ten days of work; undefined when so many are not left. */
export function tenDayInsider(scene: Scene): Page[] | undefined {
  const { world, person, day } = scene;
  const pages: Page[] = [];
  for (let next = day; pages.length < 10; next++) {
    if (next >= world.options.days - 1) return undefined;
    const shift = shiftOf(world, person, next);
    if (shift !== undefined) pages.push(insiderDay(scene, shift));
  }
  return pages;
}
