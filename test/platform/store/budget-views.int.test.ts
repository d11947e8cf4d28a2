import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createLogger } from "../../../platform/logger.ts";
import { type EngineHost, startEngineHost } from "../../../platform/store/engine-host/start.ts";
import { openStore } from "../../../platform/store/http.ts";
import { migrate } from "../../../platform/store/migrate.ts";
import type { Store } from "../../../platform/store/port.ts";
import { triageConfig } from "../../../responders/runtime/config.ts";
import { createTriage } from "../../../responders/runtime/triage.ts";
import type { Anomaly } from "../../../schemas/anomaly.ts";
import { packageRoot } from "../../../app/version.ts";
import { lines } from "../../contracts/store.ts";
import {
  burst,
  DAY,
  feed,
  HOUR,
  iso,
  MINUTE,
  travel,
  unlikely,
} from "../../responders/runtime/make.ts";

const MIDNIGHT = Date.parse("2026-03-02T00:00:00.000Z");
const logger = createLogger({ level: "silent" });

const ordinary = (at: number, who: string, p: number, patch: Partial<Anomaly> = {}) =>
  unlikely(at, { "entity.id": who, "anomaly.p": p, "population.active_users": 1_000, ...patch });

/** N = 2: a noisy day, a quiet one, nothing for a week, one more. */
const found: readonly Anomaly[] = [
  ordinary(MIDNIGHT + HOUR, "a", 9e-3),
  ordinary(MIDNIGHT + 2 * HOUR, "b", 8e-3),
  ordinary(MIDNIGHT + 3 * HOUR, "c", 5e-3),
  ordinary(MIDNIGHT + 4 * HOUR, "d", 3e-3),
  travel(MIDNIGHT + 5 * HOUR, { "entity.id": "e" }),
  travel(MIDNIGHT + 5 * HOUR + MINUTE, { "entity.id": "e", "anomaly.late": true }),
  burst(MIDNIGHT + 6 * HOUR, { "entity.id": "f", "anomaly.severity": 10 }),
  ordinary(MIDNIGHT + DAY + HOUR, "a", 9e-3),
  ordinary(MIDNIGHT + DAY + 2 * HOUR, "g", 9e-3),
  // 23:30 UTC of 10 March is the 11th in Berlin.
  ordinary(MIDNIGHT + 8 * DAY + 23.5 * HOUR, "h", 9e-3),
];

describe("the budget in the store", () => {
  let dir: string;
  let host: EngineHost;
  let store: Store;
  let reader: Store;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), "metsuke-budget-"));
    host = await startEngineHost({ dir, logger });
    store = openStore({ url: host.url, ...host.writer, database: host.database, logger });
    await migrate(store, host.database);
    const triage = createTriage(triageConfig({ budget_per_day: 2 }, { timezone: "Europe/Berlin" }));
    const { incidents } = feed(triage, ...found);
    const others = [1, 2, 3].map((day) => ({
      ...burst(MIDNIGHT + day * DAY, { "entity.id": "z" }),
      "organization.id": "other",
    }));
    const [, second, third] = others.map((one) => one["anomaly.id"]);
    const former = {
      "incident.id": "former",
      "incident.revision": 2,
      "organization.id": "other",
      "@timestamp": iso(MIDNIGHT),
      "incident.last": iso(MIDNIGHT),
      "anomaly.ids": [second, third],
      "paged.anomaly.ids": [third],
    };
    await store.insert("anomalies_raw", lines("anomalies", [...found, ...others]), "a");
    await store.insert("incidents_raw", lines("incidents", [former]), "f");
    await store.insert("incidents_raw", lines("incidents", incidents), "i");
    const verdict = (of: Anomaly | undefined, value: string, at: number, removed = false) => ({
      "@timestamp": iso(at),
      "organization.id": "default",
      "control.kind": "verdict",
      "control.name": of?.["anomaly.id"] ?? "",
      "control.value": value,
      "control.removed": removed,
      "control.by": "olga",
    });
    const verdicts = [
      verdict(found[0], "malicious", MIDNIGHT + DAY),
      verdict(found[0], "benign", MIDNIGHT + 2 * DAY),
      verdict(found[4], "malicious", MIDNIGHT + DAY),
      verdict(found[8], "malicious", MIDNIGHT + DAY),
      verdict(found[8], "malicious", MIDNIGHT + 2 * DAY, true),
    ];
    await store.insert("control_raw", lines("control", verdicts), "v");
    reader = openStore({
      url: host.url,
      user: "reader",
      password: "",
      database: host.database,
      logger,
    });
  });
  afterAll(async () => {
    await reader.close();
    await store.close();
    await host.close();
    await rm(dir, { recursive: true });
  });

  it("lists what was not paged, a day in order, with the reason", async () => {
    const rows = await store.query<{ row: string }>(
      "SELECT concat(`page.day`, ' ', `entity.id`, ' ', `page.decision`) AS row FROM overflow WHERE `organization.id` = 'default'",
    );
    expect(rows.map(({ row }) => row)).toEqual([
      "2026-03-02 e late",
      "2026-03-02 d over_budget",
      "2026-03-02 c over_budget",
      "2026-03-02 f slight",
      "2026-03-03 a folded",
    ]);
  });

  it("shows the promise beside what came, a day and detector", async () => {
    const rows = await store.query<Record<string, unknown>>(
      "SELECT toString(day) AS day, `detector.name` AS detector, promised, pages, certain, malicious, benign, anomalies, over_budget, folded, slight, late, round(pages_mean, 3) AS mean, round(false_mean, 3) AS false FROM budget WHERE `organization.id` = 'default'",
    );
    const row = (day: string, detector: string, counts: Record<string, number>) => ({
      day,
      detector,
      promised: 2,
      pages: 0,
      certain: 0,
      malicious: 0,
      benign: 0,
      over_budget: 0,
      folded: 0,
      slight: 0,
      late: 0,
      ...counts,
    });
    const numbers = rows.map((of) =>
      Object.fromEntries(
        Object.entries(of).map(([key, value]) => [
          key,
          key === "day" || key === "detector" ? value : Number(value),
        ]),
      ),
    );
    expect(numbers).toEqual([
      row("2026-03-02", "all", {
        pages: 3,
        certain: 1,
        malicious: 1,
        benign: 1,
        anomalies: 7,
        over_budget: 2,
        slight: 1,
        late: 1,
        mean: 3,
        false: 2,
      }),
      row("2026-03-02", "baseline", {
        pages: 2,
        benign: 1,
        anomalies: 4,
        over_budget: 2,
        mean: 2,
        false: 2,
      }),
      row("2026-03-02", "impossible-travel", {
        pages: 1,
        certain: 1,
        malicious: 1,
        anomalies: 2,
        late: 1,
        mean: 1,
        false: 0,
      }),
      row("2026-03-02", "login-burst", { anomalies: 1, slight: 1, mean: 0, false: 0 }),
      row("2026-03-03", "all", { pages: 1, anomalies: 2, folded: 1, mean: 2, false: 1.5 }),
      row("2026-03-03", "baseline", { pages: 1, anomalies: 2, folded: 1, mean: 1.5, false: 1.5 }),
      row("2026-03-11", "all", { pages: 1, anomalies: 1, mean: 0.5, false: 0.4 }),
      row("2026-03-11", "baseline", { pages: 1, anomalies: 1, mean: 0.4, false: 0.4 }),
    ]);
  });

  it("lists what no decision is known of, in its own tenant; a page of a former version is one", async () => {
    const rows = await store.query(
      "SELECT `page.day` AS day, `page.decision` AS decision, `page.promise` AS promise FROM pages WHERE `organization.id` = 'other' ORDER BY ts",
    );
    expect(rows).toEqual([
      { day: "2026-03-03", decision: "unlisted", promise: null },
      { day: "2026-03-04", decision: "unlisted", promise: null },
      { day: "2026-03-05", decision: "paged", promise: null },
    ]);
  });

  it("pages what the view of anomalies calls an alert", async () => {
    const rows = await store.query(
      "SELECT count() AS n FROM pages JOIN anomalies USING (`anomaly.id`) WHERE (`page.decision` = 'paged') != `anomaly.alert`",
    );
    expect(rows).toEqual([{ n: 0 }]);
  });

  it("answers the queries of the guide, to a reader", async () => {
    const guide = await readFile(join(packageRoot, "docs", "first-query.md"), "utf8");
    const queries = [...guide.matchAll(/```sql\n(.*?)```/gs)]
      .flatMap(([, text]) => (text ?? "").split(";"))
      .filter((text) => /\b(budget|overflow)\b/.test(text));
    expect(queries).toHaveLength(2);
    const answers = await Promise.all(queries.map((sql) => reader.query<object>(sql)));
    for (const rows of answers) expect(rows.length).toBeGreaterThan(0);
  });
});
