import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { random, type Random } from "../../bench/random.ts";
import { type Config, parseConfig } from "../../app/config.ts";
import { findInstance } from "../../app/instance/client.ts";
import { openEventLog } from "../../app/wiring.ts";
import { createLogger } from "../../platform/logger.ts";
import { freePort, until } from "../services/provision.ts";
import type { Company } from "./exactness-company.ts";
import { caseworkOf, liveOutcome, type Outcome, triageOutcome } from "./exactness-outcome.ts";
import { type Metsuke, startMetsuke } from "./processes.ts";

export interface CrashWishes {
  readonly seed: number;
  readonly company: Company;
  readonly kills: number;
  /** Share of the events that is sent once more in another request. */
  readonly repeated: number;
  readonly settleMs: number;
  /** Brokers and Redis: roles in four processes. Without them one embedded process. */
  readonly cluster?: { readonly brokers: readonly string[]; readonly redis: string };
  readonly say?: (line: string) => void;
}

export interface CrashReport {
  /** Over the view `events`. */
  readonly count: number;
  readonly distinct: number;
  /** Anomaly ids of the view `anomalies`. */
  readonly stored: readonly string[];
  readonly live: Outcome;
  /** What a replay of `casework` decides. */
  readonly refolded: Outcome;
  /** Requests that were sent again because no answer came. */
  readonly unanswered: number;
}

const BATCH = 250;
/** The views are at rest once so many looks in a row saw the same. */
const LOOKS = 3;
const LOOK_MS = 1_500;
const clusterRoles = ["sink", "detect", "respond", "ingest"] as const;

interface Stage {
  readonly wishes: CrashWishes;
  readonly folder: string;
  readonly url: string;
  readonly dice: Random;
  readonly running: Map<string, Metsuke>;
  unanswered: number;
}

const dataOf = (stage: Stage, name: string): string => join(stage.folder, name);

async function start(stage: Stage, name: string): Promise<void> {
  const role = name === "all" ? [] : ["--role", name];
  const started = await startMetsuke([...role, "--config", join(stage.folder, "metsuke.yaml")], {
    METSUKE_DATA: dataOf(stage, name),
  });
  stage.running.set(name, started);
}

function configText(wishes: CrashWishes, port: number): string {
  const { cluster } = wishes;
  const kafka =
    cluster === undefined
      ? ""
      : `kafka: { brokers: ${JSON.stringify(cluster.brokers)}, session_timeout_ms: 6000, topic_prefix: "crash${randomUUID().slice(0, 8)}." }`;
  return [
    "data_dir: ${METSUKE_DATA}",
    `partitions: ${cluster === undefined ? 1 : 2}`,
    `event_log: { ${kafka} }`,
    "store: { embedded: { port: 0 } }",
    cluster === undefined ? "jobs: {}" : `jobs: { redis: { url: "${cluster.redis}" } }`,
    `ingest: { sources: { http: { port: ${port}, trusted: true } } }`,
    "respond: { live: [] }",
    "",
  ].join("\n");
}

/** Sends one request until it is answered. */
async function send(stage: Stage, lines: readonly string[]): Promise<void> {
  const body = `${lines.join("\n")}\n`;
  for (;;) {
    try {
      const response = await fetch(stage.url, { method: "POST", body });
      const answer = (await response.json()) as { readonly accepted?: number };
      if (response.status === 200 && answer.accepted === lines.length) return;
      if (response.status === 200) throw new RangeError(`answered ${JSON.stringify(answer)}`);
    } catch (error) {
      if (error instanceof RangeError) throw error;
    }
    stage.unanswered += 1;
    await delay(50);
  }
}

/** The batches before which something is killed, and what. */
function plan(stage: Stage, batches: number): Map<number, readonly string[]> {
  const { wishes, dice } = stage;
  const part = Math.floor(batches / wishes.kills);
  const victims = wishes.cluster === undefined ? ["all"] : ["ingest", "detect", "respond,sink"];
  return new Map(
    Array.from({ length: wishes.kills }, (_, index) => [
      index * part + 1 + dice.integer(Math.max(1, part - 2)),
      (victims[index % victims.length] ?? "all").split(","),
    ]),
  );
}

async function killAndStart(stage: Stage, names: readonly string[]): Promise<void> {
  await delay(stage.dice.integer(40));
  stage.wishes.say?.(`SIGKILL ${names.join(", ")}`);
  for (const name of names) await stage.running.get(name)?.end("SIGKILL");
  for (const name of names) await start(stage, name);
}

async function sendAll(stage: Stage): Promise<void> {
  const { company, repeated } = stage.wishes;
  const count = Math.ceil(company.lines.length / BATCH);
  const kills = plan(stage, count);
  let again: string[] = [];
  let restarts: Promise<void> = Promise.resolve();
  for (let index = 0; index < count; index++) {
    const lines = company.lines.slice(index * BATCH, (index + 1) * BATCH);
    const victims = kills.get(index);
    // The killing falls into the requests that are under way.
    if (victims !== undefined) {
      await restarts;
      restarts = killAndStart(stage, victims);
    }
    await send(stage, lines);
    again.push(...lines.filter(() => stage.dice.chance(repeated)));
    if (again.length >= BATCH) {
      await send(stage, again);
      again = [];
    }
  }
  if (again.length > 0) await send(stage, again);
  await restarts;
}

async function ask(stage: Stage, sql: string): Promise<string> {
  const name = stage.running.has("sink") ? "sink" : "all";
  const instance = await findInstance(dataOf(stage, name));
  if (instance === undefined) throw new Error("no instance answers");
  const chunks: Uint8Array[] = [];
  for await (const chunk of await instance.query(sql, "TabSeparated")) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

/** Waits for what is sure to come: every event in the store. */
async function counted(stage: Stage): Promise<{ count: number; distinct: number }> {
  const wanted = stage.wishes.company.lines.length;
  const read = async () => {
    const text = await ask(stage, "SELECT count(), uniqExact(`event.id`) FROM events");
    const [count = 0, distinct = 0] = text.trim().split("\t").map(Number);
    return { count, distinct };
  };
  await until(async () => {
    const { distinct } = await read();
    if (distinct < wanted) throw new Error(`the store holds ${distinct} of ${wanted} events`);
  }, stage.wishes.settleMs);
  return read();
}

/** Waits until detection, triage and sink have nothing left to do. */
async function quiet(stage: Stage, config: Config): Promise<Omit<CrashReport, "unanswered">> {
  const { count, distinct } = await counted(stage);
  const storedIds = async () =>
    (await ask(stage, "SELECT DISTINCT `anomaly.id` FROM anomalies ORDER BY 1"))
      .split("\n")
      .filter((id) => id !== "");
  const tasks = async () =>
    JSON.stringify(
      await Promise.all(
        [...stage.running.keys()].map(async (name) =>
          (await findInstance(dataOf(stage, name)))?.status(),
        ),
      ),
    );
  await settled(stage, tasks);
  // What triage and sink still have to do is bounded by what detection wrote.
  let before = "";
  let looks = 0;
  await until(async () => {
    const now = `${(await storedIds()).length} ${await ask(stage, "SELECT count() FROM actions")}`;
    looks = now === before ? looks + 1 : 0;
    before = now;
    await delay(LOOK_MS);
    if (looks < LOOKS) throw new Error("views still grow");
  }, stage.wishes.settleMs);
  const stored = await storedIds();
  for (const one of stage.running.values()) await one.end();
  const log = await openEventLog(config, createLogger({ level: "error" }));
  try {
    const live = await liveOutcome(log);
    const refolded = triageOutcome(await caseworkOf(log), config);
    return { count, distinct, stored, live, refolded };
  } finally {
    await log.close();
  }
}

/** No task of detection waits for tables: what is left is only a matter of speed. */
async function settled(stage: Stage, status: () => Promise<string>): Promise<void> {
  await until(async () => {
    const waits = /waits for the tables/.exec(await status());
    if (waits !== null) throw new Error(`detection waits: ${await status()}`);
  }, stage.wishes.settleMs);
}

/** Sends the company to processes that are killed meanwhile, and reads what they made of it. */
export async function crashed(wishes: CrashWishes): Promise<CrashReport> {
  const folder = await mkdtemp(join(tmpdir(), "metsuke-crash-"));
  const port = await freePort();
  const text = configText(wishes, port);
  await writeFile(join(folder, "metsuke.yaml"), text);
  const names = wishes.cluster === undefined ? ["all"] : clusterRoles;
  const stage: Stage = {
    wishes,
    folder,
    url: `http://127.0.0.1:${port}/v1/events`,
    dice: random(wishes.seed, 77),
    running: new Map(),
    unanswered: 0,
  };
  const config = parseConfig(
    text.replace("${METSUKE_DATA}", join(folder, String(names[0]))),
    "crash",
  );
  try {
    for (const name of names) {
      await mkdir(dataOf(stage, name), { recursive: true });
      await start(stage, name);
    }
    await sendAll(stage);
    return { ...(await quiet(stage, config)), unanswered: stage.unanswered };
  } catch (error) {
    const said = [...stage.running].map(([name, one]) => `${name}:\n${one.output().slice(-2_000)}`);
    throw new Error(said.join("\n"), { cause: error });
  } finally {
    await Promise.all([...stage.running.values()].map((one) => one.end("SIGKILL")));
    await rm(folder, { recursive: true, force: true });
  }
}
