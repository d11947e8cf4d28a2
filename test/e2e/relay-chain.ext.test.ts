import { afterEach, describe, expect, it } from "vitest";
import { freePort } from "../services/provision.ts";
import { type Sshd, startSshdWithRsyslog } from "../services/sshd.ts";
import {
  attack,
  createScene,
  lockReaches,
  networks,
  people,
  type Scene,
  stolenAt,
} from "./chain.ts";
import { metsuke, type Metsuke, startMetsuke } from "./processes.ts";

const GOAL_MS = 5_000;
const who = people(1);
const [ann] = who;
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close();
}, 120_000);

interface Stage {
  readonly scene: Scene;
  readonly sshd: Sshd;
}

/** A real sshd whose rsyslog sends over TCP to everything embedded in one process. */
async function stage(name: string, trustedRelay: boolean): Promise<Stage> {
  const port = await freePort();
  const scene = await createScene({
    who,
    name,
    parts: [
      `ingest:${networks}`,
      `  sources: { syslog: { port: ${port}, trusted_relay: ${trustedRelay} } }`,
    ].join("\n"),
  });
  closers.push(() => scene.close());
  const environment = scene.environment("all");
  const learned = await metsuke(
    ["backfill", `${scene.folder}/history.log`, "--config", scene.configFile],
    environment,
  );
  expect(learned).toMatchObject({ code: 0 });
  const running: Metsuke = await startMetsuke(["--config", scene.configFile], environment);
  closers.push(() => running.end());
  const sshd = await startSshdWithRsyslog({ users: who, tcp: { host: "127.0.0.1", port } });
  closers.push(() => sshd.stop());
  return { scene, sshd };
}

describe("sshd → rsyslog over TCP → everything in one process → Keycloak", () => {
  it("locks the linked account when the loopback peer is a declared relay", async () => {
    const { scene, sshd } = await stage("relay", true);
    const { account, password, name } = ann!;
    await attack(sshd, ann!);
    const locked = await lockReaches(
      scene,
      { role: "all", user: name, status: "confirmed" },
      30_000,
    );
    const ms = Date.parse(String(locked["lease.started"])) - (await stolenAt(sshd, name));
    process.stdout.write(`ms from log line to read-back over TCP: ${ms}\n`);
    expect(ms).toBeLessThanOrEqual(GOAL_MS);
    const grant = await scene.keycloak.passwordGrant(scene.realm, { username: account, password });
    expect(grant.status).toBe(400);
  }, 300_000);

  it("sees the same attack and holds the lock back when nobody vouches for the peer", async () => {
    const { scene, sshd } = await stage("stranger", false);
    const { account, password, name } = ann!;
    await attack(sshd, ann!);
    const held = await lockReaches(
      scene,
      { role: "all", user: name, status: "suppressed" },
      30_000,
    );
    expect(held["guard.name"]).toBe("provenance");
    const grant = await scene.keycloak.passwordGrant(scene.realm, { username: account, password });
    expect(grant.status).toBe(200);
    const seen = await metsuke(
      ["query", "SELECT `detector.name` FROM anomalies", "--config", scene.configFile],
      scene.environment("all"),
    );
    expect(seen.output).toContain("impossible-travel");
  }, 300_000);
});
