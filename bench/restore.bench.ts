import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadConfig } from "../app/config.ts";
import { detectionChoice } from "../app/engine-options.ts";
import {
  createMerged,
  mergedCells,
  processEvent,
  restoreMerged,
} from "../detectors/runtime/merged.ts";
import { openEmbeddedLog } from "../platform/event-log/embedded.ts";
import { openKafkaLog } from "../platform/event-log/kafka.ts";
import type { EventLog } from "../platform/event-log/port.ts";
import { createLogger } from "../platform/logger.ts";
import { topics } from "../schemas/topics.ts";
import { startKafka } from "../test/services/kafka.ts";
import { START } from "./lines.ts";
import type { Bench, Figure } from "./measure.ts";
import { organisation } from "./organisation.ts";

const USERS = 100_000;
const PEOPLE = 500;
const DAYS = 20;
const MOST_SECONDS = 10;
const TASK = "detect/events/0";

type Cell = readonly [key: string, value: Uint8Array];

const newEngine = () => {
  const { config } = loadConfig(undefined);
  return createMerged({ ...detectionChoice(config), timezone: "UTC" }, "bench");
};

/** State of users with twenty days behind them, and the same under 100 000 names. */
function grownCells(): readonly Cell[] {
  const engine = newEngine();
  const company = organisation({ seed: 3, people: PEOPLE, days: DAYS, start: START });
  for (const event of company.events()) {
    processEvent(engine, event, Date.parse(event["@timestamp"]) + 800);
  }
  const cells: Cell[] = [];
  const users: Cell[] = [];
  for (const [key, value] of mergedCells(engine, true)) {
    if (value === null) continue;
    (key.includes("|e/user/") ? users : cells).push([key, Uint8Array.from(value)]);
  }
  for (let index = 0; index < USERS; index++) {
    const [key, value] = users[index % users.length] as Cell;
    cells.push([`${key}.${Math.floor(index / users.length)}`, value]);
  }
  return cells;
}

async function measured(
  log: EventLog,
  cells: readonly Cell[],
  reopen: () => Promise<EventLog>,
): Promise<{ readonly seconds: number; readonly read: number }> {
  await log.ensureTopics([{ ...topics.checkpoints, partitions: 1 }]);
  await log.checkpoint(TASK, { epoch: "bench", number: 0, full: true, offset: 1, cells });
  await log.close();
  const again = await reopen();
  try {
    const started = performance.now();
    const restored = await again.restore(TASK);
    const read = performance.now() - started;
    const engine = newEngine();
    restoreMerged(engine, restored?.cells ?? new Map());
    const seconds = (performance.now() - started) / 1000;
    const found = engine.cores
      .flatMap((core) => core.kinds)
      .find((table) => table.kind === "user")?.count;
    if (found !== USERS) throw new Error(`${found} users came back, not ${USERS}`);
    return { seconds, read: read / 1000 };
  } finally {
    await again.close();
  }
}

const figure = (
  name: string,
  of: { readonly seconds: number; readonly read: number; readonly bytes: number },
): Figure => ({
  name,
  figure:
    `${of.seconds.toFixed(2)} s for ${USERS / 1000} 000 users, ${(of.bytes / 2 ** 20).toFixed(0)} MiB of state ` +
    `(${of.read.toFixed(2)} s reading the log; bytes are decoded when a user is next seen)`,
  value: of.seconds,
  bar: { most: MOST_SECONDS, unit: "s" },
});

async function* run(): AsyncIterable<Figure> {
  const cells = grownCells();
  const bytes = cells.reduce((sum, [key, value]) => sum + key.length + value.byteLength, 0);
  const dir = await mkdtemp(join(tmpdir(), "metsuke-bench-"));
  try {
    const open = () => openEmbeddedLog({ dir });
    yield figure("restore embedded", { ...(await measured(await open(), cells, open)), bytes });
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
  const kafka = await startKafka();
  try {
    const open = () =>
      openKafkaLog({
        brokers: kafka.brokers,
        clientId: "bench",
        topicPrefix: `restore-${process.pid}.`,
        checkpointPartitions: 1,
        logger: createLogger({ level: "silent" }),
      });
    yield figure("restore kafka", { ...(await measured(await open(), cells, open)), bytes });
  } finally {
    await kafka.stop();
  }
}

export const restore: Bench = {
  name: "restore",
  summary: "state of 100 000 users out of a checkpoint, embedded and Kafka",
  run,
};
