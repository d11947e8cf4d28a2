import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { type KafkaService, startKafka } from "../services/kafka.ts";
import { type RedisService, startRedis } from "../services/redis.ts";
import { type Sshd, startSshdWithRsyslog } from "../services/sshd.ts";
import {
  attack,
  caughtUp,
  createScene,
  lockReaches,
  networks,
  people,
  type Scene,
  stolenAt,
} from "./chain.ts";
import { metsuke, type Metsuke, startMetsuke } from "./processes.ts";

/** `npm run faults` sets this to 20; one account shows the chain. */
const ACCOUNTS = Number(process.env["METSUKE_TEST_ACCOUNTS"] ?? "1");
const GOAL_MS = 5_000;

const who = people(ACCOUNTS);
const running: Metsuke[] = [];
let kafka: KafkaService;
let redis: RedisService;
let scene: Scene;
let sshd: Sshd;
let detect: Metsuke;

beforeAll(async () => {
  [kafka, redis] = await Promise.all([startKafka(), startRedis()]);
  scene = await createScene({
    who,
    name: "cluster",
    parts: [
      "partitions: 2",
      "metrics_port: 0",
      `event_log: { kafka: { brokers: ${JSON.stringify(kafka.brokers)}, session_timeout_ms: 6000, topic_prefix: "chain${Date.now()}." } }`,
      `jobs: { redis: { url: "${redis.url}" } }`,
      `ingest:${networks}`,
      "  sources: { kafka: { topics: [{ topic: raw.linux, authenticated: true }] } }",
    ].join("\n"),
  });
  sshd = await startSshdWithRsyslog({
    users: who,
    kafka: { brokers: kafka.brokers, topic: "raw.linux" },
  });
  const learned = await metsuke(
    ["backfill", `${scene.folder}/history.log`, "--config", scene.configFile],
    scene.environment("backfill"),
  );
  if (learned.code !== 0) throw new Error(`backfill ended with ${learned.code}: ${learned.output}`);
  for (const role of ["sink", "detect", "respond", "ingest"]) {
    const started = await startMetsuke(
      ["--role", role, "--config", scene.configFile],
      scene.environment(role),
    );
    running.push(started);
    if (role === "detect") detect = started;
  }
  await caughtUp(detect);
}, 300_000);

/** What a reader of a failed run wants to see. */
async function evidence(): Promise<string> {
  const ask = async (sql: string) =>
    (
      await metsuke(
        ["query", sql, "--format", "JSONEachRow", "--config", scene.configFile],
        scene.environment("sink"),
      )
    ).output;
  return [
    await ask(
      "SELECT ts, `event.dataset`, `user.entity.id`, `event.outcome`, `source.ip`, `sender.authenticated`, `source.geo.name` FROM events ORDER BY ts DESC LIMIT 15",
    ),
    await ask("SELECT ts, `detector.name`, `entity.id`, `anomaly.certain`, message FROM anomalies"),
    ...running.map((one) => one.output()),
  ].join("\n");
}

afterEach(async ({ task }) => {
  if (task.result?.state === "fail") process.stdout.write(`${await evidence()}\n`);
});

afterAll(async () => {
  for (const one of running) await one.end();
  await sshd?.stop();
  await scene?.close();
  await redis?.stop();
  await kafka?.stop();
}, 120_000);

describe("sshd → rsyslog → Kafka → roles in separate processes → BullMQ → Keycloak", () => {
  it("locks the linked account, ends its sessions, and gives it back when the lease ends", async () => {
    const times: number[] = [];
    const tokens = new Map<string, string>();
    for (const person of who) {
      const { account, password } = person;
      const before = await scene.keycloak.passwordGrant(scene.realm, {
        username: account,
        password,
      });
      expect(before.status).toBe(200);
      tokens.set(account, String(before.refreshToken));
      await attack(sshd, person);
      const locked = await lockReaches(
        scene,
        { role: "respond", user: person.name, status: "confirmed" },
        30_000,
      );
      const at = Date.parse(String(locked["lease.started"]));
      times.push(at - (await stolenAt(sshd, person.name)));
    }
    process.stdout.write(`ms from log line to read-back: ${times.join(" ")}\n`);
    for (const { account, password } of who) {
      const grant = await scene.keycloak.passwordGrant(scene.realm, {
        username: account,
        password,
      });
      expect(grant.status).toBe(400);
      const refresh = await scene.keycloak.refresh(scene.realm, String(tokens.get(account)));
      expect(refresh.status).toBe(400);
    }
    const slow = times.filter((ms) => ms > GOAL_MS).length;
    expect(slow).toBeLessThanOrEqual(Math.floor(ACCOUNTS / 20));

    const [first] = who;
    await lockReaches(
      scene,
      { role: "respond", user: String(first?.name), status: "reverted" },
      120_000,
    );
    const after = await scene.keycloak.passwordGrant(scene.realm, {
      username: String(first?.account),
      password: String(first?.password),
    });
    expect(after.status).toBe(200);
    const dead = await scene.keycloak.refresh(
      scene.realm,
      String(tokens.get(String(first?.account))),
    );
    expect(dead.status).toBe(400);
  }, 600_000);
});
