import { randomUUID } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Value } from "typebox/value";
import { type App, createApp, type Role } from "../../app/app.ts";
import { replay } from "../../app/commands/replay.ts";
import { type Config, parseConfig } from "../../app/config.ts";
import { detectionChoice } from "../../app/engine-options.ts";
import { findInstance } from "../../app/instance/client.ts";
import { topicsRead } from "../../detectors/runtime/role.ts";
import { file as fileSource } from "../../ingest/sources/file.ts";
import type { EventLog } from "../../platform/event-log/port.ts";
import { createLogger } from "../../platform/logger.ts";
import { topics } from "../../schemas/topics.ts";
import { runCommand } from "../app/streams.ts";
import { until } from "../services/provision.ts";
import type { Company } from "./exactness-company.ts";
import {
  caseworkOf,
  liveOutcome,
  type Outcome,
  replayOutcome,
  triageOutcome,
} from "./exactness-outcome.ts";
import { type Metsuke, startMetsuke } from "./processes.ts";

/** One way in which the same events may reach detection. */
export interface Setting {
  readonly name: string;
  readonly partitions: number;
  /** Brokers; without them the log is embedded. */
  readonly brokers?: readonly string[];
  /** Detect processes of their own; 0 = in this one. Kafka only. */
  readonly processes: number;
  /** `http`: as they happen. `file`: a file read once. `backlog`: all in the log before detection starts. */
  readonly way: "http" | "file" | "backlog";
}

export interface Input {
  readonly company: Company;
  /** File with its lines. */
  readonly path: string;
  /** How long detection may take to read everything, ms; default 90 000. */
  readonly settleMs?: number;
}

const SETTLE_MS = 90_000;
const logger = createLogger({ level: process.env["LOG_LEVEL"] ?? "error" });

/** `replay` of the file, as the command does it. */
export async function replayed(path: string, more: readonly string[] = []): Promise<Outcome> {
  const out = await mkdtemp(join(tmpdir(), "metsuke-replay-"));
  try {
    const { code, err } = await runCommand(replay, [path, "--out", out, ...more]);
    if (code !== 0) throw new Error(`replay ended with ${code}: ${err}`);
    return await replayOutcome(out);
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

function configText(setting: Setting, prefix: string): string {
  const { brokers, partitions } = setting;
  const kafka =
    brokers === undefined
      ? ""
      : `kafka: { brokers: ${JSON.stringify(brokers)}, session_timeout_ms: 6000, topic_prefix: "${prefix}." }`;
  return [
    "data_dir: ${METSUKE_DATA}",
    `partitions: ${partitions}`,
    `event_log: { ${kafka} }`,
    "ingest: { sources: { http: { port: 0, trusted: true } } }",
    "respond: { live: [] }",
    "",
  ].join("\n");
}

interface Scene {
  readonly folder: string;
  readonly configFile: string;
  readonly config: Config;
  readonly clock: { now: number };
  start(roles: readonly Role[]): Promise<App>;
}

async function openScene(setting: Setting): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), "metsuke-exact-"));
  const configFile = join(folder, "metsuke.yaml");
  const text = configText(setting, `exact${randomUUID().slice(0, 8)}`);
  await writeFile(configFile, text);
  const config = parseConfig(text.replace("${METSUKE_DATA}", join(folder, "main")), configFile);
  const clock = { now: 0 };
  return {
    folder,
    configFile,
    config,
    clock,
    start: (roles) =>
      createApp({
        config,
        roles,
        logger,
        arrivalClock: () => clock.now,
        failed: (error) => {
          logger.fatal({ err: String(error) }, "a role failed");
        },
      }),
  };
}

interface Detecting {
  readonly processes: readonly Metsuke[];
  readonly folders: readonly string[];
}

async function startDetecting(scene: Scene, count: number): Promise<Detecting> {
  const folders = Array.from({ length: count }, (_, index) => join(scene.folder, `detect${index}`));
  const processes = await Promise.all(
    folders.map((METSUKE_DATA) =>
      startMetsuke(["--role", "detect", "--config", scene.configFile], { METSUKE_DATA }),
    ),
  );
  return { processes, folders };
}

interface TaskAt {
  readonly task: string;
  readonly offset: number;
}

const tasksOf = (status: Readonly<Record<string, unknown>>): readonly TaskAt[] =>
  (status["detect"] as { readonly tasks?: readonly TaskAt[] } | undefined)?.tasks ?? [];

/** Waits until every task has read all that is in its partition. */
async function detected(
  scene: Scene,
  app: App,
  detecting: Detecting,
  timeoutMs: number,
): Promise<void> {
  const merged = scene.config.partitions === 1 && scene.config.event_log.kafka === undefined;
  const read = topicsRead(detectionChoice(scene.config).detectors);
  const wanted = merged ? 1 : read.length * scene.config.partitions;
  await until(async () => {
    const tasks = [...tasksOf(app.status())];
    for (const folder of detecting.folders) {
      const instance = await findInstance(folder);
      if (instance !== undefined) tasks.push(...tasksOf(await instance.status()));
    }
    const behind = await Promise.all(tasks.map((task) => isBehind(app.log, task)));
    if (new Set(tasks.map(({ task }) => task)).size < wanted || behind.includes(true)) {
      const ends = detecting.processes.map((one) => one.output()).join("\n");
      throw new Error(`detection has not read everything: ${JSON.stringify(tasks)}\n${ends}`);
    }
  }, timeoutMs);
}

async function isBehind(log: EventLog, { task, offset }: TaskAt): Promise<boolean> {
  const [, topic, partition] = /^detect\/(.+)\/(\d+)$/.exec(task) ?? ["", topics.events.name, "0"];
  return offset < (await log.bounds(String(topic), Number(partition))).next;
}

const BATCH = 100;
/** Less than the lag: no sender holds back longer. */
const BATCH_MS = 240_000;

/** Where the request ends that starts at `from`. */
function requestEnd({ times }: Company, from: number): number {
  let end = from + 1;
  const last = Number(times[from]) + BATCH_MS;
  while (end < times.length && end - from < BATCH && Number(times[end]) <= last) end += 1;
  return end;
}

/** Hands the events over as they happen: the clock stands at the latest of each request. */
async function sendLive(scene: Scene, app: App, company: Company): Promise<void> {
  const url = /(http:\S+\/v1\/events)/.exec(app.addresses.join("\n"))?.[1] ?? "";
  let beaten = 0;
  for (let from = 0; from < company.lines.length;) {
    const end = requestEnd(company, from);
    // One millisecond later: nothing of that instant is still to come when a heartbeat says so.
    scene.clock.now = Number(company.times[end - 1]) + 1;
    const body = `${company.lines.slice(from, end).join("\n")}\n`;
    const response = await fetch(url, { method: "POST", body });
    const answer = (await response.json()) as { readonly accepted?: number };
    if (answer.accepted !== end - from) throw new Error(`sent: ${JSON.stringify(answer)}`);
    if (end - beaten > BATCH) {
      await app.ingest?.beat();
      beaten = end;
    }
    from = end;
  }
}

async function readFile(app: App, path: string): Promise<void> {
  const params = Value.Default(fileSource.params, {
    paths: [path],
    follow: false,
    authenticated: true,
  }) as Parameters<typeof fileSource.open>[0]["params"];
  const opened = await app.ingest?.open(fileSource, params);
  await opened?.done;
  await opened?.close();
}

async function feed(scene: Scene, app: App, setting: Setting, input: Input): Promise<void> {
  const { company, path } = input;
  if (setting.way === "http") await sendLive(scene, app, company);
  scene.clock.now = company.end;
  if (setting.way !== "http") await readFile(app, path);
  await app.ingest?.beat();
}

/** Roles that run in this process once detection runs. */
const withDetection = ({ processes }: Setting): readonly Role[] =>
  processes > 0 ? ["ingest", "respond"] : ["ingest", "detect", "respond"];

export interface LiveRun {
  readonly live: Outcome;
  /** What a replay of its casework decides. */
  readonly refolded: Outcome;
}

/** Runs one setting in whole and reads what it left in its log. */
export async function lived(setting: Setting, input: Input): Promise<LiveRun> {
  const scene = await openScene(setting);
  await mkdir(join(scene.folder, "main"), { recursive: true });
  let app: App | undefined;
  let detecting: Detecting = { processes: [], folders: [] };
  try {
    if (setting.way === "backlog") {
      const alone = await scene.start(["ingest"]);
      await feed(scene, alone, setting, input);
      await alone.stop();
    }
    scene.clock.now = setting.way === "http" ? Number(input.company.times[0]) : input.company.end;
    app = await scene.start(withDetection(setting));
    detecting = await startDetecting(scene, setting.processes);
    if (setting.way !== "backlog") await feed(scene, app, setting, input);
    await detected(scene, app, detecting, input.settleMs ?? SETTLE_MS);
    return await triaged(app.log, scene.config);
  } finally {
    await Promise.all(detecting.processes.map((one) => one.end()));
    await app?.stop();
    await rm(scene.folder, { recursive: true, force: true });
  }
}

/** Waits until triage has decided on the whole of its casework. */
async function triaged(log: EventLog, config: Config): Promise<LiveRun> {
  const refolded = triageOutcome(await caseworkOf(log), config);
  return until(async () => {
    const live = await liveOutcome(log);
    if (live.incidents.length < refolded.incidents.length) throw new Error("triage is behind");
    if (live.actions.join() !== refolded.actions.join()) throw new Error("actions differ still");
    return { live, refolded };
  }, 20_000).catch(async () => ({ live: await liveOutcome(log), refolded }));
}
