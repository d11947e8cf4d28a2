import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeCompany } from "../e2e/exactness-company.ts";
import { crashed, type CrashWishes } from "../e2e/exactness-crash.ts";
import { crowd } from "../e2e/exactness-crowd.ts";
import { differences } from "../e2e/exactness-outcome.ts";
import { lived, replayed } from "../e2e/exactness-runs.ts";
import { startKafka } from "../services/kafka.ts";
import { startRedis } from "../services/redis.ts";
import { hold, type Item, same } from "./item.ts";

const EVENTS = 200_000;

async function crash(
  seed: number,
  cluster: CrashWishes["cluster"],
  say: (line: string) => void,
): Promise<string> {
  const company = crowd(seed, EVENTS, Date.now() + 60_000);
  const folder = await mkdtemp(join(tmpdir(), "metsuke-crowd-"));
  try {
    const path = join(folder, "events.ndjson");
    await writeCompany(path, company);
    const found = await crashed({
      seed,
      company,
      kills: 3,
      repeated: 0.05,
      settleMs: 600_000,
      say,
      ...(cluster === undefined ? {} : { cluster }),
    });
    const { count, distinct, live, refolded, stored } = found;
    hold(
      count === EVENTS && distinct === EVENTS,
      `count() ${count}, uniqExact ${distinct}, sent ${EVENTS}`,
    );
    same("anomalies of replay", [], differences(await replayed(path), live));
    const setting = { name: "undisturbed", partitions: 1, processes: 0, way: "http" } as const;
    const undisturbed = await lived(setting, { company, path, settleMs: 900_000 });
    same("anomalies of an undisturbed run", [], differences(undisturbed.live, live));
    same("anomalies in the store", live.anomalies, stored);
    same("actions", refolded.actions, live.actions);
    return (
      `count() ${count} = uniqExact ${distinct} = sent ${EVENTS}, 3 SIGKILLs, ${found.unanswered} requests sent again; ` +
      `${live.anomalies.length} anomalies = undisturbed = replay, ${live.actions.length} actions = casework`
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

export const crashEmbedded: Item = {
  name: "crash-embedded",
  about: "200 000 events, 5 % twice, three SIGKILLs of one embedded process",
  run: (say) => crash(31, undefined, say),
};

export const crashKafka: Item = {
  name: "crash-kafka",
  about: "200 000 events, 5 % twice, three SIGKILLs among roles on Kafka",
  async run(say) {
    const [kafka, redis] = await Promise.all([startKafka(), startRedis()]);
    try {
      return await crash(32, { brokers: kafka.brokers, redis: redis.url }, say);
    } finally {
      await redis.stop();
      await kafka.stop();
    }
  },
};
