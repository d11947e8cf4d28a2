import { dualUseTools } from "./catalogue.ts";
import { MINUTE } from "./clock.ts";
import { below, hexOf, lognormal, several, skewed } from "./draws.ts";
import { logon, type Page, program, signIn } from "./records.ts";
import { type Robot, robotPage } from "./robots.ts";
import { amount, instant, type Scene } from "./scene.ts";

/** Somebody at a keyboard with a robot's secret, at a colleague's desk or machine. */
export function serviceByHand(scene: Scene, robot: Robot): Page {
  const { dice, shift, world, day, number } = scene;
  const page = robotPage(world, robot, { day, salt: 1000 + number });
  let at = instant(scene, 120 * MINUTE);
  if (dice.chance(0.3)) {
    const session = hexOf(world.options.seed, 604, number) + hexOf(605, number);
    signIn(page, at, { ...shift.client, session }, { service: "portal", method: "password" });
  }
  const far = dice.chance(scene.strength);
  const pool = far ? world.estate.allHosts : robot.hosts;
  const hosts = several(pool, { count: amount(scene, 1, 8) }, dice);
  for (const host of hosts) {
    at += Math.floor(lognormal(4 * MINUTE, 0.6, dice));
    const type = dice.chance(0.5) ? "remote_interactive" : "network";
    logon(page, at, { host, ip: dice.chance(0.7) ? shift.ip : robot.ip, type });
    for (const run of below(dice.integer(3))) {
      const name = dice.chance(0.5) ? "cmd.exe" : skewed(dualUseTools, dice, 1.6);
      program(page, at + run * 30_000, { host, device: undefined, name, parent: "explorer.exe" });
    }
  }
  return page;
}
