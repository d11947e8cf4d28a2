import { around, DAY, HOUR, MINUTE, sample } from "../stage/drafts.ts";
import type { Worker } from "./plant.ts";
import { flow, logon, program, readShare, ssh, sudo } from "./records.ts";
import { addressOf, deskOf, machineOf, publicTarget } from "./work.ts";
import type { Scene } from "./scene.ts";
import * as words from "./vocabulary.ts";

/** Attacks by one who is already inside, at the account's own machine. */

const atOwnDesk = (scene: Scene) => {
  const { victim, page } = scene;
  return deskOf(victim, page, machineOf(victim, page));
};

const unknownServers = (scene: Scene): string[] =>
  scene.plant.servers.filter((host) => !scene.victim.servers.includes(host));

/** From 3 hops in hours to 30 in minutes, some refused. */
export function lateralMovement(scene: Scene): void {
  const { page, strength } = scene;
  const { dice } = page;
  const desk = atOwnDesk(scene);
  const hops = 3 + Math.floor(strength * 14) + dice.poisson(1);
  const pause = around(dice, (30 - 26 * strength) * MINUTE, 0.5);
  const method = dice.chance(0.5) ? "ntlm" : "kerberos";
  const near = dice.chance(0.4) ? scene.victim.unit.servers : [];
  let at = scene.at();
  for (const host of sample([...unknownServers(scene), ...near], hops, dice)) {
    at += pause * (0.4 + 1.2 * dice.next());
    const outcome = dice.chance(0.2) ? "failure" : "success";
    if (host.includes("lx") && dice.chance(0.7)) {
      ssh(desk, at, { host, outcome, method: dice.chance(0.6) ? "password" : "publickey" });
      if (outcome === "success" && dice.chance(0.3))
        sudo(desk, at + 40_000, { host, command: dice.pick(words.commands) });
    } else
      logon(desk, at, {
        host,
        type: dice.chance(0.3) ? "remote_interactive" : "network",
        ip: desk.ip,
        method,
        outcome,
      });
  }
}

/** Forty times to twenty thousand times the bytes of an ordinary flow, to where others upload too. */
export function exfiltration(scene: Scene): void {
  const { page, victim, strength } = scene;
  const { dice } = page;
  const desk = atOwnDesk(scene);
  const parts = 2 + Math.floor(dice.next() ** 2 * 25);
  const each = around(dice, victim.weight * 10 ** (1.6 + 2.8 * strength), 0.4);
  const to = publicTarget(Math.floor(dice.next() ** 3 * 900));
  let at = scene.at();
  for (let part = 0; part < parts; part++) {
    at += around(dice, 2 * MINUTE, 0.8);
    flow(desk, at, {
      to,
      port: 443,
      sent: around(dice, each, 0.5),
      received: around(dice, 20_000, 0.5),
    });
  }
}

/** One to three machines or shares a day that are nobody's business, within the shift. */
export function insiderDay(scene: Scene): void {
  const { page, plant } = scene;
  const { dice } = page;
  const desk = atOwnDesk(scene);
  const count = 1 + dice.integer(3);
  const hosts = unknownServers(scene);
  for (let index = 0; index < count; index++) {
    const at = scene.at();
    if (dice.chance(0.5)) logon(desk, at, { host: dice.pick(hosts), type: "network", ip: desk.ip });
    else readShare(desk, at, dice.pick(plant.shares));
  }
}

/** Two to six tools of the rare kind. */
export function rareTools(scene: Scene): void {
  const { page, strength } = scene;
  const { dice } = page;
  const desk = atOwnDesk(scene);
  const from = Math.floor(strength * 40);
  let at = scene.at();
  for (const tool of sample(words.rareTools.slice(from), 2 + dice.integer(5), dice)) {
    program(desk, at, tool);
    at += around(dice, 4 * MINUTE, 1);
  }
}

/** What a colleague does at a colleague's hour, from the own machine: only the mixture is new. */
export function mimicry(scene: Scene): void {
  const { page, plant, victim, strength } = scene;
  const { dice } = page;
  const desk = atOwnDesk(scene);
  const peers = (plant.byUnit.get(victim.unit.name) ?? []).filter((peer) => peer !== victim);
  const hosts = [...new Set(peers.flatMap((peer) => peer.servers))].filter(
    (host) => !victim.servers.includes(host),
  );
  const shares = [...new Set(peers.flatMap((peer) => peer.shares))].filter(
    (share) => !victim.shares.includes(share),
  );
  const count = 3 + Math.floor(strength * 8);
  for (let index = 0; index < count; index++) {
    const at = scene.at();
    const kind = dice.next();
    if (kind < 0.45 && hosts.length > 0)
      logon(desk, at, { host: dice.pick(hosts), type: "network", ip: desk.ip });
    else if (kind < 0.75 && shares.length > 0) readShare(desk, at, dice.pick(shares));
    else if (kind < 0.9)
      program(desk, at, dice.pick(peers.length > 0 ? dice.pick(peers).programs : victim.programs));
    else
      flow(desk, at, {
        to: `10.${victim.unit.subnet}.250.${10 + dice.integer(9)}`,
        port: 445,
        sent: around(dice, victim.weight * 3, 1),
        received: around(dice, 1e6, 1),
      });
  }
}

/** A machine's account used by a person from a desk of the plant. */
export function serviceByHand(scene: Scene, borrowed: Worker): void {
  const { page, plant, victim, strength } = scene;
  const { dice } = page;
  const machine = machineOf(borrowed, page);
  const desk = { worker: victim, page, machine, ip: addressOf(borrowed, machine) };
  let at = page.midnight + dice.next() * DAY * 0.95;
  const count = 1 + Math.floor(strength * 6 + dice.next() * 2);
  for (let index = 0; index < count; index++) {
    const host = dice.pick(dice.chance(0.5) ? victim.servers : plant.servers);
    at += around(dice, 5 * MINUTE, 0.8);
    if (host.includes("lx")) {
      ssh(desk, at, { host, method: "password" });
      if (dice.chance(strength))
        sudo(desk, at + 30_000, { host, command: dice.pick(words.commands) });
    } else
      logon(desk, at, {
        host,
        type: dice.chance(strength) ? "remote_interactive" : "network",
        ip: desk.ip,
        method: "ntlm",
      });
    if (dice.chance(0.3 * strength))
      program(desk, at + MINUTE, dice.pick(words.technicalPrograms), machine);
  }
}

/** An account nobody has used for two weeks or more, from inside the plant. */
export function dormantInside(scene: Scene): void {
  const { page, plant, victim } = scene;
  const { dice } = page;
  const unit = dice.chance(0.6) ? victim.unit : dice.pick(plant.units);
  const desk = deskOf(victim, page, dice.pick(unit.terminals));
  let at = page.midnight + dice.next() * 22 * HOUR;
  const count = 1 + dice.integer(6);
  logon(desk, at, {
    host: desk.machine,
    type: "interactive",
    method: "negotiate",
    ...(dice.chance(0.3) ? { outcome: "failure" as const } : {}),
  });
  for (let index = 0; index < count; index++) {
    at += around(dice, 6 * MINUTE, 0.8);
    if (dice.chance(0.5))
      logon(desk, at, { host: dice.pick(unit.servers), type: "network", ip: desk.ip });
    else program(desk, at, dice.pick(words.officePrograms));
  }
}
