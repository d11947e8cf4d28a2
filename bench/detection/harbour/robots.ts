import { random, type Random } from "../../random.ts";
import { HOUR, MINUTE } from "./clock.ts";
import { departments } from "./departments.ts";
import { below, lognormal, several } from "./draws.ts";
import type { Estate } from "./estate.ts";
import { countryOf, type Origin } from "./networks.ts";
import {
  type Draft,
  fileUse,
  flow,
  logon,
  type Page,
  pageOf,
  program,
  refresh,
  signIn,
} from "./records.ts";
import type { World } from "./world.ts";
import { TIMEZONE } from "./zone.ts";

/** Accounts that no person owns. */
export interface Robot {
  readonly index: number;
  readonly name: string;
  readonly kind: "steady" | "backup" | "build" | "caller" | "scanner";
  readonly group: string;
  readonly hosts: readonly string[];
  readonly shares: readonly string[];
  readonly ip: string;
  /** Hour of the day the nightly run begins. */
  readonly hour: number;
}

const kinds: readonly Robot["kind"][] = [
  "steady",
  "steady",
  "backup",
  "steady",
  "build",
  "caller",
  "steady",
  "backup",
];

export function robotsOf(seed: number, people: number, estate: Estate): Robot[] {
  const scanners = 1 + Math.round(people / 400);
  const count = Math.max(6, Math.round(people * 0.06));
  return Array.from({ length: count + scanners }, (_, index): Robot => {
    const dice = random(seed, 304, index);
    const kind = index < scanners ? "scanner" : kinds[index % kinds.length]!;
    const department = dice.integer(departments.length);
    const { code } = departments[department]!;
    const hosts =
      kind === "scanner"
        ? several(estate.allHosts, { count: 120 + dice.integer(200) }, dice)
        : several(
            estate.hosts[department]!,
            { count: kind === "steady" ? 1 : 4 + dice.integer(9) },
            dice,
          );
    return {
      index,
      name: `svc-${kind === "steady" ? "job" : kind}-${code}-${index}`,
      kind,
      group: kind === "build" ? departments[department]!.name : "services",
      hosts,
      shares: several(estate.shares[department]!, { count: 3 }, dice),
      ip: `10.20.240.${10 + (index % 240)}`,
      hour: 0.5 + 5 * dice.next(),
    };
  });
}

interface RobotDay {
  readonly robot: Robot;
  readonly page: Page;
  readonly midnight: number;
  readonly dice: Random;
  readonly day: number;
  readonly weekend: boolean;
}

/** Every hour on the minute on the same machine, for months; once in a while an administrator looks in. */
function steady({ robot, page, midnight, dice }: RobotDay): void {
  const host = robot.hosts[0]!;
  if (dice.chance(0.004)) {
    const at = midnight + Math.floor((8 + 9 * dice.next()) * HOUR);
    const ip = `10.20.9.${2 + dice.integer(250)}`;
    logon(page, at, { host, ip, type: "remote_interactive" });
    program(page, at + 9000, { host, device: undefined, name: "cmd.exe", parent: "explorer.exe" });
  }
  for (let hour = 0; hour < 24; hour++) {
    const at = midnight + hour * HOUR + (robot.index % 60) * MINUTE;
    logon(page, at, { host, ip: robot.ip, type: "batch" });
    program(page, at + 1000, {
      host,
      device: undefined,
      name: "jobrunner.exe",
      parent: "taskeng.exe",
    });
  }
}

/** A long night, longer at the end of a week, with failures that nobody minds. */
function backup({ robot, page, midnight, dice, day }: RobotDay): void {
  const full = day % 7 === robot.index % 7;
  for (const [index, host] of robot.hosts.entries()) {
    const at = midnight + Math.floor((robot.hour + index * 0.2 + 0.1 * dice.next()) * HOUR);
    logon(page, at, { host, ip: robot.ip, type: "service", failed: dice.chance(0.03) });
    for (const part of below(1 + dice.poisson(full ? 5 : 2))) {
      const sent = lognormal(full ? 4e9 : 4e8, 0.8, dice);
      const to = dice.chance(0.6) ? `10.20.250.${2 + (robot.index % 9)}` : "backupvault.example";
      flow(page, at + part * 2 * MINUTE, { ip: robot.ip, to, sent, received: 4000 });
    }
    const share = robot.shares[index % robot.shares.length]!;
    fileUse(page, at + 5 * MINUTE, { share, action: "file_read", ip: robot.ip });
  }
}

const buildPrograms =
  "git.exe node.exe python.exe docker.exe make.exe java.exe curl.exe 7z.exe".split(" ");

/** As busy as the people whose work it builds. */
function build({ robot, page, midnight, dice, weekend }: RobotDay): void {
  const runs = dice.poisson(lognormal(weekend ? 4 : 14, 0.5, dice));
  for (let run = 0; run < runs; run++) {
    const at =
      midnight + Math.floor((dice.chance(0.8) ? 7 + 12 * dice.next() : 24 * dice.next()) * HOUR);
    const host = dice.pick(robot.hosts);
    logon(page, at, { host, ip: robot.ip, type: "network" });
    for (const step of below(3 + dice.poisson(3)))
      program(page, at + step * 20_000, {
        host,
        device: undefined,
        name: dice.pick(buildPrograms),
        parent: "runner.exe",
      });
    if (dice.chance(0.2)) {
      const sent = lognormal(5e7, 1.3, dice);
      flow(page, at + 3 * MINUTE, { ip: robot.ip, to: "gitforge.example", sent, received: 90_000 });
    }
  }
}

/** Calls an interface of the cloud from a rented machine of ours. */
function caller({ robot, page, midnight, dice }: RobotDay): void {
  const country = countryOf("NL");
  const network = country.networks.hosting[1]!;
  const from: Origin = {
    ip: `${network.prefixes[0]}.9.${robot.index % 250}`,
    as: network.as,
    country,
  };
  const client = { from, device: undefined, agent: "Go-http-client/2.0", session: robot.name };
  for (let quarter = 0; quarter < 48; quarter++) {
    const at = midnight + quarter * 30 * MINUTE + dice.integer(20_000);
    if (quarter % 12 === 0)
      signIn(page, at, client, { service: "gateway-api", method: "client_secret" });
    else refresh(page, at, client, "gateway-api");
  }
}

/** Knocks at hundreds of machines and is turned away by some. */
function scan({ robot, page, midnight, dice, weekend }: RobotDay): void {
  if (weekend && robot.index % 2 === 1) return;
  for (const [index, host] of robot.hosts.entries()) {
    if (dice.chance(0.15)) continue;
    const at = midnight + Math.floor((robot.hour + 15 + index / 50) * HOUR * (1 / 2));
    logon(page, at + dice.integer(40_000), {
      host,
      ip: robot.ip,
      type: "network",
      failed: dice.chance(0.2),
    });
  }
}

const days = { steady, backup, build, caller, scanner: scan };

export function robotPage(world: World, robot: Robot, of: { day: number; salt: number }): Page {
  const dice = random(world.options.seed, 501, robot.index, of.day, of.salt);
  const who = { name: robot.name, type: "service" as const, group: robot.group };
  return pageOf(who, dice, [world.options.seed, 70_000 + robot.index, of.day, of.salt]);
}

export function robotDay(world: World, robot: Robot, day: number): Draft[] {
  const page = robotPage(world, robot, { day, salt: 0 });
  const midnight = world.calendar.midnight(TIMEZONE, day);
  const weekend = world.calendar.weekday(day) % 6 === 0;
  days[robot.kind]({ robot, page, midnight, dice: page.dice, day, weekend });
  return page.out;
}
