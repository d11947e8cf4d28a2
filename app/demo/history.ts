import { statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { topics } from "../../schemas/topics.ts";
import { learn } from "../commands/backfill.ts";
import { progressBar } from "../progress.ts";
import { PEOPLE, writeHistory } from "./company.ts";
import type { Play, Stage } from "./stage.ts";
import { count } from "./teller.ts";

const POLL_MS = 200;

/** Five weeks pass: written as a file, learned as `backfill` learns, and copied to ClickHouse. */
export const fiveWeeks: Play = async (stage, { check }) => {
  const { setting, teller, streams } = stage;
  const { events } = setting.company;
  const file = join(setting.folder, "history.ndjson");
  await writeHistory(events, file);
  teller.line(
    `${count(events.length)} records of ${PEOPLE} accounts, their laptops, phones and servers, up to a minute ago.`,
  );
  const bar = progressBar(streams, "     five weeks", events.length, "events");
  const began = Date.now();
  const bytes = statSync(file).size;
  let read = 0;
  const watching = watch(
    stage,
    () => (read / bytes) * events.length,
    (done) => bar.update(done),
  );
  try {
    await learn(setting.app, [file], { progress: (done) => (read = done) });
    await stage.judged();
  } finally {
    watching.abort();
    bar.stop();
  }
  const seconds = (Date.now() - began) / 1000;
  const [row] = await stage.show(
    "SELECT count() AS events, uniqExact(`user.entity.id`) AS accounts, uniqExact(`device.id`) AS devices, min(ts) AS first, max(ts) AS last FROM events",
    ([found]) => Number(found?.["events"]) >= events.length,
  );
  check(
    `all ${count(events.length)} are in ClickHouse, each once`,
    Number(row?.["events"]) === events.length,
  );
  const raised = await setting.store.query("SELECT `anomaly.id` FROM anomalies LIMIT 1");
  check("history taught and did nothing else: no anomaly, no action", raised.length === 0);
  return `${count(events.length)} events learned in ${seconds.toFixed(1)} s, ${count(events.length / seconds)} a second`;
};

/** Shows how far detection is while ingest is still reading. */
function watch(stage: Stage, taken: () => number, show: (done: number) => void): AbortController {
  const ending = new AbortController();
  const { app } = stage.setting;
  const look = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      const { detect } = app.status() as {
        readonly detect?: { readonly tasks: readonly { readonly offset: number }[] };
      };
      const { next } = await app.log.bounds(topics.events.name, 0);
      show(Math.floor((taken() * (detect?.tasks[0]?.offset ?? 0)) / Math.max(1, next)));
      await delay(POLL_MS);
    }
  };
  look().catch((error: unknown) => {
    stage.setting.logger.warn({ err: String(error) }, "progress is not shown");
  });
  return ending;
}
