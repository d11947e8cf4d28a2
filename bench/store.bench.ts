import { randomBytes, randomUUID } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { stringify } from "yaml";
import { type App, createApp, roles } from "../app/app.ts";
import { caughtUp, learn } from "../app/commands/backfill.ts";
import { type Config, parseConfig } from "../app/config.ts";
import {
  abroad,
  type Company,
  company,
  DATASET,
  homeOf,
  laptopOf,
  writeHistory,
} from "../app/demo/company.ts";
import { type IdentityServer, startIdentityServer } from "../app/demo/identity-server.ts";
import { hashToken } from "../ingest/sources/tokens.ts";
import { createLogger } from "../platform/logger.ts";
import { rowsOf } from "../platform/store/sink-rows.ts";
import type { Event } from "../schemas/event.ts";
import { companyLines, lineText } from "./lines.ts";
import { type Bench, type Figure, median } from "./measure.ts";
import type { Person } from "./people.ts";

const RUNS = 10;
const READERS = 4;
const MOST_SECONDS = 1;
const PATIENCE_MS = 60_000;
/** Never ends by itself: every reader computes for as long as a run lasts. */
const HEAVY = "SELECT sum(sipHash64(number)) FROM numbers(1e12)";

interface Scene {
  readonly app: App;
  readonly config: Config;
  readonly firm: Company;
  readonly identity: IdentityServer;
  readonly send: (events: readonly object[]) => Promise<void>;
  readonly queryUrl: string;
  close(): Promise<void>;
}

/** Everything in this process beside the demo's identity server; only the caps are wider. */
async function openScene(): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), "metsuke-bench-"));
  const firm = company(Date.now());
  const identity = await startIdentityServer({
    users: firm.people.map(({ name }) => ({ userName: name })),
  });
  const token = randomBytes(24).toString("base64url");
  await writeFile(join(folder, "scim.token"), identity.token, { mode: 0o600 });
  const file = join(folder, "metsuke.yaml");
  const config = parseConfig(stringify(settings(folder, { firm, identity, token })), file);
  const app = await createApp({
    config,
    roles,
    logger: createLogger({ level: "silent" }),
    failed: (error) => {
      throw error;
    },
  });
  const history = join(folder, "history.ndjson");
  await writeHistory(firm.events, history);
  await learn(app, [history], {});
  const url = app.addresses.map((line) => /^send +http +(\S+)$/.exec(line)?.[1]).find(Boolean);
  return {
    app,
    config,
    firm,
    identity,
    queryUrl: app.store?.url ?? "",
    async send(events) {
      const answer = await fetch(`${url}?dataset=ecs`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/x-ndjson" },
        body: events.map((event) => `${JSON.stringify(event)}\n`).join(""),
      });
      if (!answer.ok) throw new Error(`HTTP ${answer.status}: ${await answer.text()}`);
    },
    async close() {
      await app.stop();
      await identity.stop();
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

const settings = (
  folder: string,
  of: { readonly firm: Company; readonly identity: IdentityServer; readonly token: string },
) => ({
  data_dir: join(folder, "data"),
  timezone: of.firm.timezone,
  store: { embedded: { port: 0 } },
  ingest: {
    sources: { http: { port: 0, tokens: [{ id: "identity-server", hash: hashToken(of.token) }] } },
  },
  detect: { detectors: { "unapproved-device": { approved: of.firm.devices } } },
  respond: {
    live: ["lock_account"],
    caps: { hour_min: 100, day_min: 100, source_hour: 100, detector_hour: 100 },
    responders: {
      scim: {
        base_url: of.identity.url,
        token_file: join(folder, "scim.token"),
        native_datasets: [DATASET],
      },
    },
  },
});

const signIn = (person: Person, from: Partial<Event>) => ({
  "@timestamp": new Date().toISOString(),
  "event.dataset": DATASET,
  "event.category": ["authentication"],
  "event.action": "sign_in",
  "event.outcome": "success",
  "user.name": person.name,
  "user.group.name": person.group,
  "service.name": "sso-portal",
  "session.id": randomUUID(),
  ...from,
});

/** Seconds from the thief's sign-in to the lock as read back. */
async function lockSeconds(scene: Scene, person: Person, number: number): Promise<number> {
  await scene.send([signIn(person, { ...homeOf(person), ...laptopOf(person) })]);
  const city = person.site.name === "Tokyo" ? "Berlin" : "Tokyo";
  const from = abroad(city, `185.77.${number}.9`, 50_112);
  await scene.send([signIn(person, { ...from, "device.id": `DESKTOP-${number}` })]);
  const end = Date.now() + PATIENCE_MS;
  for (;;) {
    const found = (await scene.app.operations.actions()).find(
      (action) =>
        action["target.id"] === person.name &&
        action["action.type"] === "lock_account" &&
        action["action.status"] === "confirmed",
    );
    if (found !== undefined) {
      return (Date.parse(found["lease.started"] ?? "") - Date.parse(found["@timestamp"])) / 1000;
    }
    if (Date.now() > end) throw new Error(`${person.name} was not locked`);
    await delay(20);
  }
}

/** Readers that compute all the time; resolves once the engine is busy with them. */
async function heavyReaders(scene: Scene): Promise<() => Promise<void>> {
  const ending = new AbortController();
  const ask = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      await fetch(`${scene.queryUrl}/?user=reader`, {
        method: "POST",
        body: HEAVY,
        signal: ending.signal,
      })
        .then((answer) => answer.text())
        .catch((error: unknown) => {
          if (!ending.signal.aborted) throw error;
        });
    }
  };
  const readers = Array.from({ length: READERS }, ask);
  await delay(500);
  return async () => {
    ending.abort();
    await Promise.all(readers);
  };
}

async function* lockFigures(scene: Scene): AsyncIterable<Figure> {
  const victims = scene.firm.people
    .filter(({ service, joins }) => !service && joins < 0)
    .slice(0, 2 * RUNS);
  const alone: number[] = [];
  const beside: number[] = [];
  for (const [number, person] of victims.entries()) {
    if (number % 2 === 0) {
      alone.push(await lockSeconds(scene, person, number));
      continue;
    }
    const end = await heavyReaders(scene);
    try {
      beside.push(await lockSeconds(scene, person, number));
    } finally {
      await end();
    }
  }
  const more = median(beside) - median(alone);
  yield {
    name: "store heavy readers",
    figure:
      `+${more.toFixed(3)} s on the median from event to verified lock: ${median(alone).toFixed(3)} s alone, ${median(beside).toFixed(3)} s beside ${READERS} heavy queries ` +
      `(${alone.length} and ${beside.length} locks in turn; slowest ${Math.max(...alone).toFixed(3)} and ${Math.max(...beside).toFixed(3)} s)`,
    value: more,
    bar: { most: MOST_SECONDS, unit: "s" },
  };
}

async function latencyFigure(scene: Scene): Promise<Figure> {
  const times: number[] = [];
  const reader = scene.app.store?.reader;
  for (let at = 0; at < 60; at++) {
    const name = scene.firm.people[at % scene.firm.people.length]?.name ?? "";
    const started = performance.now();
    await reader?.query(`SELECT count() AS n FROM events WHERE \`user.name\` = '${name}'`);
    times.push(performance.now() - started);
  }
  const sorted = times.toSorted((a, b) => a - b);
  return {
    name: "store small query",
    figure: `median ${median(times).toFixed(1)} ms, 95 % under ${(sorted[56] ?? 0).toFixed(1)} ms (count of one user's events of ${scene.firm.events.length}, ${times.length} times)`,
  };
}

async function insertFigure(scene: Scene): Promise<Figure> {
  const lines = companyLines({ seed: 2, people: 60, days: 12, telemetry: 30, shipper: true });
  const texts = Array.from({ length: Math.min(50_000, lines.count) }, (_, at) =>
    lineText(lines, at),
  );
  const batch = 10_000;
  let seconds = 0;
  for (let from = 0; from < texts.length; from += batch) {
    const value = Buffer.from(texts.slice(from, from + batch).join("\n"));
    const started = performance.now();
    const { rows } = rowsOf("events", {
      value,
      offset: from,
      key: undefined,
      appendedAt: Date.now(),
      headers: { schema: "event/1" },
    });
    const ndjson = Buffer.from(`${rows.map(({ line }) => line).join("\n")}\n`);
    await scene.app.store?.writer.insert("events_raw", ndjson, `bench-${from}`);
    seconds += (performance.now() - started) / 1000;
  }
  return {
    name: "store insert",
    figure: `${Math.round(texts.length / seconds)} rows/s, rows made and inserted in batches of ${batch} (${texts.length} rows of ${Math.round(lines.bytes.length / lines.count)} bytes)`,
  };
}

async function* run(): AsyncIterable<Figure> {
  const scene = await openScene();
  try {
    await caughtUp(scene.app, scene.config);
    const copied = async () => {
      const sql = "SELECT count() AS n FROM events";
      const [row] = (await scene.app.store?.reader.query<{ n: string | number }>(sql)) ?? [];
      return Number(row?.n) >= scene.firm.events.length;
    };
    while (!(await copied())) await delay(200);
    yield await latencyFigure(scene);
    yield* lockFigures(scene);
    yield await insertFigure(scene);
  } finally {
    await scene.close();
  }
}

export const store: Bench = {
  name: "store",
  summary: "query latency, insert rate, and what heavy readers cost a lock",
  run,
};
