import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { replay } from "../../app/commands/replay.ts";
import { ndjson, runCommand } from "./streams.ts";

const T0 = Date.parse("2025-03-03T08:00:00Z");
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "metsuke-replay-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});

/** A nested document as a shipper writes it. */
const signIn = (at: number, user: string, more: Record<string, unknown> = {}) => ({
  "@timestamp": new Date(at).toISOString(),
  event: {
    id: `${user}-${at}`,
    category: ["authentication"],
    type: ["start"],
    outcome: "success",
    ...(more["event"] as object | undefined),
  },
  user: { name: user, group: "Finance" },
  source: {
    ip: "84.130.0.9",
    as: { number: 3320 },
    geo: { country_iso_code: "DE", location: { lat: 52.5, lon: 13.4 } },
    ...(more["source"] as object | undefined),
  },
  device: { id: `laptop-${user}`, managed: true, ...(more["device"] as object | undefined) },
  ...(more["rest"] as object | undefined),
});

const far = {
  source: {
    ip: "105.112.0.7",
    as: { number: 37148 },
    geo: { country_iso_code: "NG", location: { lat: 6.5, lon: 3.4 } },
  },
  device: { id: "stranger", managed: false },
};

const timeOf = (record: object): string => (record as { "@timestamp": string })["@timestamp"];

/** Twenty people at home for ten days. */
const home = (): object[] =>
  Array.from({ length: 10 }, (_, day) =>
    Array.from({ length: 20 }, (_who, user) => signIn(T0 + day * DAY + user * 1000, `u${user}`)),
  ).flat();

const theft = (user: string, rest: object = {}): object[] => [
  signIn(T0 + 10 * DAY, user),
  signIn(T0 + 10 * DAY + HOUR, user, { ...far, rest }),
];

let runs = 0;
async function run(lines: readonly (object | string)[], ...more: string[]) {
  const name = join(folder, `run-${++runs}`);
  const text = lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line)));
  writeFileSync(`${name}.ndjson`, text.join("\n"));
  const { code } = await runCommand(replay, [`${name}.ndjson`, "--out", name, ...more]);
  const read = (file: string): string => readFileSync(join(name, file), "utf8");
  const rows = (file: string) => ndjson(read(`${file}.ndjson`));
  const byteForByte = readdirSync(name)
    .filter((file) => file !== "summary.json")
    .map((file) => `${file}\n${read(file)}`);
  return {
    code,
    byteForByte,
    anomalies: rows("anomalies"),
    scores: rows("scores"),
    incidents: rows("incidents"),
    actions: rows("actions"),
    rejects: rows("rejects"),
    summary: JSON.parse(read("summary.json")) as Record<string, number>,
  };
}

const ofLocks = (actions: readonly Record<string, unknown>[]) =>
  actions
    .filter((action) => action["action.type"] === "lock_account")
    .map((action) => [action["target.id"], action["action.status"], action["guard.name"]]);

describe("replay", () => {
  it("plans the lock of a stolen account, with figures that agree and ids of the input", async () => {
    const lines = [...home(), ...theft("u4")];
    const found = await run(lines);
    expect(found.code).toBe(0);
    expect(ofLocks(found.actions)).toContainEqual(["u4", "planned", undefined]);
    expect(found.summary).toMatchObject({
      events: lines.length,
      rejected: 0,
      anomalies: found.anomalies.length,
      alerts: found.anomalies.filter((one) => one["anomaly.alert"] === true).length,
      actions: found.actions.length,
      users: 20,
    });
    expect(found.scores.filter((score) => score["score.closed"] === true)).toHaveLength(201);
    const travel = found.anomalies.find((one) => one["detector.name"] === "impossible-travel");
    expect(travel?.["event.ids"]).toEqual([`u4-${T0 + 10 * DAY}`, `u4-${T0 + 10 * DAY + HOUR}`]);
    expect(found.incidents[0]).toMatchObject({
      "incident.first": travel?.["@timestamp"],
      "incident.last": expect.any(String) as string,
    });
  });

  it("gives the same bytes again, and with everything sent twice", async () => {
    const lines = [...home(), ...theft("u4"), "no event"];
    const first = await run(lines);
    expect(first.rejects).toHaveLength(1);
    const again = await run(lines.slice(0, -1));
    const twice = await run(lines.slice(0, -1).flatMap((line) => [line, line]));
    expect(again.anomalies).toEqual(first.anomalies);
    expect(twice.byteForByte).toEqual(again.byteForByte);
  });

  it("writes an anomaly once, however often it is raised", async () => {
    const back = [1, 2, 3, 4].map((hour) =>
      signIn(T0 + 10 * DAY + (1 + hour) * HOUR, "u4", hour % 2 === 0 ? far : {}),
    );
    const { anomalies } = await run([...home(), ...theft("u4"), ...back]);
    const ids = anomalies.map((one) => one["anomaly.id"]);
    expect(ids.length).toBeGreaterThan(0);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("never locks on what an unauthenticated sender says, nested or flat", async () => {
    for (const rest of [{ sender: { authenticated: false } }, { "sender.authenticated": false }]) {
      const { actions, anomalies } = await run([...home(), ...theft("u4", rest)]);
      expect(anomalies.length).toBeGreaterThan(0);
      expect(ofLocks(actions)).toEqual([["u4", "suppressed", "provenance"]]);
    }
  });

  it("keeps tenants apart whose accounts have equal names", async () => {
    const other = { organization: { id: "other" } };
    const { actions, summary, scores } = await run([
      ...home(),
      signIn(T0 + 10 * DAY, "u4"),
      signIn(T0 + 10 * DAY + HOUR, "u4", { ...far, rest: other }),
    ]);
    expect(ofLocks(actions)).toEqual([]);
    expect(summary["users"]).toBe(21);
    expect(scores.some((score) => score["organization.id"] === "other")).toBe(true);
  });

  it("hides no event behind an id that another one brought", async () => {
    const [before, stolen] = theft("u4") as [object, ReturnType<typeof signIn>];
    stolen.event.id = `u4-${T0}`;
    const { actions } = await run([...home(), before, stolen]);
    expect(ofLocks(actions)).toContainEqual(["u4", "planned", undefined]);
  });

  it("is not blinded by one record of long ago", async () => {
    const old = signIn(T0 - 30 * DAY, "stranger");
    const { actions } = await run([...home(), ...theft("u4"), old]);
    expect(ofLocks(actions)).toContainEqual(["u4", "planned", undefined]);
  });

  it("takes a file's arrival from its times, not from when it was normalised", async () => {
    const ahead = {
      "@timestamp": new Date(T0 + 12 * DAY).toISOString(),
      "event.id": "0".repeat(32),
      "event.dataset": "ecs",
      "event.ingested": "2026-01-01T00:00:00.000Z",
      "sender.transport": "file",
      "user.name": "u9",
      "user.entity.id": "u9",
      "user.entity.type": "user",
    };
    const { actions } = await run([...home(), ahead, ...theft("u4")]);
    expect(ofLocks(actions)).toContainEqual(["u4", "planned", undefined]);
  });

  it("rejects what has no time, and counts it", async () => {
    const { summary, rejects } = await run([
      signIn(T0, "ann"),
      { event: { outcome: "success" }, user: { name: "bob" } },
    ]);
    expect(summary).toMatchObject({ events: 1, rejected: 1, users: 1 });
    expect(rejects).toMatchObject([
      { "reject.code": "time_missing", "@timestamp": "2025-03-03T08:00:00.000Z" },
    ]);
  });

  it.each([1, 2, 3])(
    "holds the budget of every day, and hears the quiet one: seed %i",
    async (seed) => {
      let state = seed;
      const below = (limit: number): number => {
        state = (state * 1_664_525 + 1_013_904_223) >>> 0;
        return Math.floor((state / 4_294_967_296) * limit);
      };
      const config = join(folder, "approved.yaml");
      const approved = Array.from({ length: 20 }, (_, user) => `laptop-u${user}`);
      writeFileSync(
        config,
        JSON.stringify({ detect: { detectors: { "unapproved-device": { approved } } } }),
      );
      /** A device that is not on the list, which is certain. */
      const stranger = (day: number, name: string): object =>
        signIn(T0 + day * DAY + below(14 * HOUR), name, { device: { id: name } });
      const storm = [10, 12, 13].flatMap((day) =>
        Array.from({ length: 30 }, (_, user) => stranger(day, `n${day}-${user}`)),
      );
      const quiet = [11, 14].map((day) => stranger(day, `quiet${day}`));
      const lines = [...home(), ...storm, ...quiet].toSorted((left, right) =>
        timeOf(left) < timeOf(right) ? -1 : 1,
      );
      const { anomalies, incidents } = await run(lines, "--budget", "2", "--config", config);
      const alerts = anomalies.filter((one) => one["anomaly.alert"] === true);
      const perDay = new Map<string, number>();
      for (const day of alerts.map((one) => timeOf(one).slice(0, 10))) {
        perDay.set(day, (perDay.get(day) ?? 0) + 1);
      }
      expect(perDay.size).toBe(5);
      expect(Math.max(...perDay.values())).toBeLessThanOrEqual(4);
      const paged = alerts.map((one) => one["entity.id"]);
      expect(paged).toEqual(expect.arrayContaining(["quiet11", "quiet14"]));
      const decided = incidents.flatMap((one) => one["page.decisions"] as string[]);
      expect(decided).toHaveLength(anomalies.length);
      expect(decided.filter((one) => one === "over_budget").length).toBeGreaterThan(50);
    },
  );

  it("counts pages by the days of the organisation's zone", async () => {
    const { incidents } = await run([...home(), ...theft("u4")], "--timezone", "Pacific/Honolulu");
    const last = incidents.at(-1);
    expect(last?.["@timestamp"]).toMatch(/^2025-03-13T0/);
    expect(last?.["page.days"]).toContain("2025-03-12");
  });

  it("pages nobody when the budget is nought, and names a folder it cannot write", async () => {
    const { summary, anomalies } = await run([...home(), ...theft("u4")], "--budget", "0");
    expect(anomalies.length).toBeGreaterThan(0);
    expect(summary["alerts"]).toBe(0);
    const file = join(folder, "taken");
    writeFileSync(file, "");
    await expect(runCommand(replay, [file, "--out", file])).rejects.toMatchObject({
      code: "METSUKE_FILE_UNWRITABLE",
    });
  });
});
