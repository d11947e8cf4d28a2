import type { Event } from "../../../schemas/event.ts";
import { random } from "../../random.ts";
import { HOUR, MINUTE } from "./clock.ts";
import { departments } from "./departments.ts";
import { below, several } from "./draws.ts";
import type { Rollout } from "./happenings.ts";
import { fileUse, logon, type Page, program, signIn, webVisit } from "./records.ts";
import type { Shift } from "./shift.ts";
import { TIMEZONE } from "./zone.ts";

/** What many meet on the same day: roll-outs, sweeps, reorganisations, outages, silent sensors. */

/** Records of sensors on endpoints and in the network, which may fall silent; sign-ins go on. */
export const isTelemetry = (event: Event): boolean =>
  event["event.dataset"] === "edr.process" ||
  event["event.dataset"] === "zeek.conn" ||
  event["event.dataset"] === "proxy.web" ||
  event["event.dataset"] === "dns.query";

/** Day on which a roll-out reaches a person, undefined when it never does. */
function waveOf(rollout: Rollout, shift: Shift): number | undefined {
  if (rollout.department !== undefined && rollout.department !== shift.role.department) return;
  const dice = random(rollout.from, rollout.length, shift.person.index);
  return dice.chance(0.9) ? rollout.from + dice.integer(rollout.length) : undefined;
}

function rollouts(shift: Shift, page: Page): void {
  const { dice } = page;
  const machine = shift.kiosk ?? shift.laptop;
  for (const rollout of shift.world.happenings.rollouts) {
    const wave = waveOf(rollout, shift);
    if (wave === undefined || shift.day < wave) continue;
    const first = shift.day === wave;
    if (!first && !dice.chance(0.6)) continue;
    const at = shift.begin + Math.floor(dice.next() * shift.hours * HOUR);
    const { name } = rollout;
    if (rollout.kind === "application") {
      signIn(page, at, shift.client, { service: name });
      webVisit(page, at + 2000, { domain: `${name}.example`, host: machine });
      continue;
    }
    const on = { host: machine, device: machine };
    if (first) program(page, at - 40_000, { ...on, name: "msiexec.exe", parent: "svchost.exe" });
    program(page, at, { ...on, name, parent: "svchost.exe" });
  }
}

/** Operations go over tens of servers in an evening; so do, rarely, others who own machines. */
function sweep(shift: Shift, page: Page): void {
  const { dice, world, day, role } = { ...shift, dice: page.dice };
  const department = departments[role.department]!;
  const planned = world.happenings.sweeps.has(day) && department.code === "it" && dice.chance(0.6);
  const own = department.tools > 0.2 && dice.chance(0.006);
  if (!planned && !own) return;
  const pool = planned ? world.estate.allHosts : world.estate.hosts[role.department]!;
  const hosts = several(pool, { count: 12 + dice.integer(planned ? 60 : 25) }, dice);
  const begin = planned
    ? world.calendar.midnight(TIMEZONE, day) + 19 * HOUR
    : shift.begin + 2 * HOUR;
  const machine = shift.kiosk ?? shift.laptop;
  const pace = (2 + 3 * dice.next()) * MINUTE;
  for (const [index, host] of hosts.entries()) {
    const at = begin + Math.floor((index + dice.next()) * pace);
    logon(page, at, { host, ip: shift.ip, type: "network", failed: dice.chance(0.04) });
    if (dice.chance(0.2)) {
      const name = dice.chance(0.4) ? "psexec.exe" : "ansible.exe";
      program(page, at, { host: machine, device: machine, name, parent: "cmd.exe" });
    }
  }
}

/** A department shows another its papers, for an afternoon. */
function sharing(shift: Shift, page: Page): void {
  const { dice } = page;
  if (!dice.chance(0.012)) return;
  const other = dice.integer(departments.length);
  const shares = several(shift.world.estate.shares[other]!, { count: 1 + dice.integer(3) }, dice);
  const at = shift.begin + Math.floor(dice.next() * shift.hours * HOUR);
  for (const index of below(2 + dice.poisson(4))) {
    const share = shares[dice.integer(shares.length)]!;
    fileUse(page, at + index * 90_000, { share, action: "file_read", ip: shift.ip });
  }
}

/** The first days of a newcomer: one application after another, folders, programs. */
function newcomer(shift: Shift, page: Page): void {
  const { dice } = page;
  const age = shift.day - shift.person.joins;
  if (shift.person.joins <= 0 || age > 3) return;
  const services = several(shift.world.estate.services[shift.role.department]!, { count: 5 }, dice);
  for (const service of services) {
    const at = shift.begin + Math.floor(dice.next() * shift.hours * HOUR);
    signIn(page, at, shift.client, { service });
  }
}

/** While the identity provider is down every sign-in fails, and people try again. */
function outage(shift: Shift, page: Page): void {
  const hours = shift.world.happenings.outages.get(shift.day);
  if (hours === undefined) return;
  const midnight = shift.world.calendar.midnight(TIMEZONE, shift.day);
  const [from, to] = hours.map((hour) => midnight + hour * HOUR) as [number, number];
  const reason = "temporarily_unavailable";
  // Repeated attempts are added at the end of the same list.
  for (const { at, event } of page.out.slice()) {
    if (at < from || at > to || event["event.dataset"] !== "keycloak.event") continue;
    event["event.category"] = ["authentication"];
    event["event.outcome"] = "failure";
    event["event.action"] = "login_error";
    event["event.reason"] = reason;
    const tries = page.dice.poisson(1.5);
    for (let index = 1; index <= tries; index++)
      signIn(page, at + index * 15_000, shift.client, { service: "portal", reason });
  }
}

/** Sensors of a whole site, or of one machine, send nothing all day. */
function silence(shift: Shift, page: Page): void {
  const gap = shift.world.happenings.sensorGaps.has(`${shift.person.site.code} ${shift.day}`);
  if (!page.dice.chance(0.0006) && !gap) return;
  const kept = page.out.filter(({ event }) => !isTelemetry(event));
  page.out.splice(0, page.out.length, ...kept);
}

export function collective(shift: Shift, page: Page): void {
  rollouts(shift, page);
  sweep(shift, page);
  sharing(shift, page);
  newcomer(shift, page);
  outage(shift, page);
  silence(shift, page);
}
