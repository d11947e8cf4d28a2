import { random } from "../../random.ts";
import { cloudStores, commonServices, dualUseTools, oddProgram, webSite } from "./catalogue.ts";
import { HOUR, MINUTE } from "./clock.ts";
import { departments, type WorkKind, workKinds } from "./departments.ts";
import { lognormal, skewed } from "./draws.ts";
import { incidents } from "./incidents.ts";
import {
  type Draft,
  fileUse,
  flow,
  logon,
  mail,
  nameQuery,
  type Page,
  pageOf,
  program,
  signIn,
  webVisit,
} from "./records.ts";
import { type Shift, shiftOf } from "./shift.ts";
import type { Person } from "./people.ts";
import type { World } from "./world.ts";

/** A day of a person, record by record. */

const parents = ["explorer.exe", "cmd.exe", "svchost.exe", "powershell.exe"];

/** Work comes in bursts around a few moments of the shift. */
export function moments(shift: Shift, page: Page): () => number {
  const { dice } = page;
  const { begin, hours } = shift;
  const centres = Array.from({ length: 4 + dice.poisson(3) }, () => dice.next() * hours);
  return () => {
    const late = dice.chance(0.012) ? hours + 3 * dice.next() : undefined;
    const hour = late ?? dice.pick(centres) + 0.25 * dice.normal();
    return Math.floor(begin + Math.max(0.02, Math.min(hour, hours + 3)) * HOUR);
  };
}

/** Own things mostly, those of running projects often. */
function habitual(
  shift: Shift,
  page: Page,
  kind: "hosts" | "shares" | "services",
): string | undefined {
  const { dice } = page;
  if (shift.projects.length > 0 && dice.chance(0.2)) {
    const own = dice.pick(shift.projects)[kind];
    if (own.length > 0) return skewed(own, dice, 1.5);
  }
  return skewed(shift.role[kind], dice, 2);
}

/** Something the person may never have met: a colleague's, the department's, or anybody's. */
function explored(shift: Shift, page: Page, kind: "hosts" | "shares" | "services"): string {
  const { dice } = page;
  const { estate } = shift.world;
  const where = dice.next();
  if (where < 0.45) return dice.pick(shift.role.team[kind]);
  const department = where < 0.9 ? shift.role.department : dice.integer(departments.length);
  return skewed(estate[kind][department]!, dice, 1.2);
}

const machineOf = (shift: Shift): string => shift.kiosk ?? shift.laptop;

/** Bytes sent: mostly little, sometimes a backup, a release or the month's close. */
function sentBytes(shift: Shift, page: Page): number {
  const { dice } = page;
  if (dice.chance(shift.peak ? 0.02 : 0.003)) return lognormal(6e8, 1.3, dice);
  return Math.min(4e10, lognormal(24_000, 1.9, dice));
}

function someFlow(shift: Shift, page: Page, at: number): void {
  const { dice } = page;
  const cloud = dice.chance(0.05);
  const sent = sentBytes(shift, page) * (cloud ? 6 : 1);
  const host = 4 + dice.integer(12);
  const to = cloud
    ? skewed(cloudStores, dice, 1.6)
    : dice.chance(0.3)
      ? `10.${shift.person.site.lan}.${shift.role.department}.${host}`
      : skewed(shift.role.domains, dice, 1.5);
  flow(page, at, { ip: shift.ip, to, sent, received: lognormal(90_000, 2, dice) });
}

/** One record of ordinary work; `novel` takes it outside the person's habits. */
function work(shift: Shift, page: Page, of: { at: number; kind: WorkKind; novel: boolean }): void {
  const { dice } = page;
  const { at, novel } = of;
  const { role, client, ip } = shift;
  const pick = (kind: "hosts" | "shares" | "services"): string =>
    (novel ? explored(shift, page, kind) : habitual(shift, page, kind)) ?? role.services[0]!;
  if (of.kind === "app") {
    const service = dice.chance(0.3) ? skewed(commonServices, dice) : pick("services");
    signIn(page, at, client, { service });
  } else if (of.kind === "logon") {
    const own = !novel && dice.chance(0.15);
    const remote = departments[role.department]!.tools > 0 && dice.chance(0.2);
    const type = own ? "unlock" : remote ? "remote_interactive" : "network";
    logon(page, at, { host: own ? machineOf(shift) : pick("hosts"), ip, type });
  } else if (of.kind === "process") {
    const { tools } = departments[role.department]!;
    const odd = (): string =>
      dice.chance(0.08 + 0.5 * tools) ? skewed(dualUseTools, dice, 1.5) : oddProgram(dice);
    const name = novel ? odd() : skewed(role.programs, dice, 1.8);
    const device = dice.chance(0.9) ? machineOf(shift) : undefined;
    program(page, at, { host: machineOf(shift), device, name, parent: skewed(parents, dice) });
  } else if (of.kind === "file") {
    const action = dice.chance(0.7) ? "file_read" : dice.chance(0.9) ? "file_write" : "file_delete";
    fileUse(page, at, { share: pick("shares"), action, ip });
  } else if (of.kind === "flow") {
    someFlow(shift, page, at);
  } else {
    traffic(shift, page, of);
  }
}

function traffic(shift: Shift, page: Page, of: { at: number; kind: WorkKind }): void {
  const { dice } = page;
  const domain = dice.chance(0.9) ? skewed(shift.role.domains, dice, 1.5) : webSite(dice);
  if (of.kind === "web") webVisit(page, of.at, { domain, host: machineOf(shift) });
  else if (of.kind === "dns") nameQuery(page, of.at, { domain, ip: shift.ip });
  else mail(page, of.at, skewed(shift.role.domains, dice, 2.5));
}

const cumulative = departments.map(({ mix }) => {
  const total = mix.reduce((sum, part) => sum + part, 0);
  let sum = 0;
  return mix.map((part) => (sum += part / total));
});

function kindFor(department: number, at: number): WorkKind {
  const steps = cumulative[department]!;
  let index = 0;
  while (index < steps.length - 1 && steps[index]! < at) index++;
  return workKinds[index]!;
}

/** New things cluster: some days bring none, others a whole afternoon of them. */
function ordinaryWork(shift: Shift, page: Page): void {
  const { dice } = page;
  const { person, role, load } = shift;
  const moment = moments(shift, page);
  const count = dice.poisson(load);
  for (let index = 0; index < count; index++) {
    work(shift, page, { at: moment(), kind: kindFor(role.department, dice.next()), novel: false });
  }
  const tries = dice.poisson(person.curiosity * lognormal(0.6, 0.9, dice));
  let at = moment();
  for (let index = 0; index < Math.min(40, tries); index++) {
    at = dice.chance(0.5) ? moment() : at + Math.floor(MINUTE * (1 + 12 * dice.next()));
    const kind = (["logon", "process", "file", "app"] as const)[dice.integer(4)]!;
    work(shift, page, { at, kind, novel: true });
  }
}

const groupOn = (shift: Shift): string => departments[shift.role.department]!.name;

/** A page for records of a person on a day; the salt tells pages of one day apart. */
export function personPage(shift: Shift, salt: number): Page {
  const { seed } = shift.world.options;
  const { index, name } = shift.person;
  const dice = random(seed, 404, index, shift.day, salt);
  const who = { name, type: "user" as const, group: groupOn(shift) };
  return pageOf(who, dice, [seed, index, shift.day, salt]);
}

/** Everything a person's day leaves, in no order; nothing on days without work. */
export function personDay(world: World, person: Person, day: number): Draft[] {
  const shift = shiftOf(world, person, day);
  if (shift === undefined) return [];
  const page = personPage(shift, 0);
  ordinaryWork(shift, page);
  incidents(shift, page);
  return page.out;
}
