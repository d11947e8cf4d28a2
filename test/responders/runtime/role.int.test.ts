import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Action } from "../../../schemas/action.ts";
import type { Casework } from "../../../schemas/casework.ts";
import type { Anomaly } from "../../../schemas/anomaly.ts";
import { openEmbeddedLog } from "../../../platform/event-log/embedded.ts";
import type { EventLog } from "../../../platform/event-log/port.ts";
import { createDueList } from "../../../platform/jobs/due-list.ts";
import type { JobQueue } from "../../../platform/jobs/port.ts";
import { createLogger } from "../../../platform/logger.ts";
import { createMetrics } from "../../../platform/metrics.ts";
import type { Responder } from "../../../responders/responder.ts";
import {
  type RespondParams,
  triageConfig,
  triageResponders,
} from "../../../responders/runtime/config.ts";
import { caseworkBatch } from "../../../responders/runtime/records.ts";
import { createRespondRole, type RespondRole } from "../../../responders/runtime/role.ts";
import { topics } from "../../../schemas/topics.ts";
import { latest, LIVE, takeover } from "./make.ts";
import { createMemoryLog, type MemoryLog } from "./memory-log.ts";

let folder: string;
let log: MemoryLog;
const roles: RespondRole[] = [];
const accounts = new Map<string, boolean>();
let failures = 0;

const responder: Responder = {
  name: "fake",
  title: "Fake",
  effect: "contain",
  needs: "",
  params: {} as Responder["params"],
  actions: ["lock_account"],
  verification: "read_back",
  plan: (action) => ({
    type: "lock_account",
    account: action["target.account"] ?? "",
    summary: "",
  }),
  observe: (plan) =>
    Promise.resolve({ status: "found", state: { active: accounts.get(plan.account) ?? true } }),
  apply(plan) {
    if (failures > 0) {
      failures -= 1;
      return Promise.reject(new Error("connection reset"));
    }
    accounts.set(plan.account, false);
    return Promise.resolve({ status: "done", receipt: "active: false" });
  },
  undo(plan, prior) {
    accounts.set(plan.account, prior["active"] === true);
    return Promise.resolve({ status: "done", receipt: "restored" });
  },
  verify(plan, wanted, prior) {
    const expected = wanted === "applied" ? false : prior["active"];
    return Promise.resolve(
      accounts.get(plan.account) === expected
        ? { status: "done", receipt: "read back" }
        : { status: "retry", reason: "differs" },
    );
  },
};

const fast = { attempt_seconds: 2, grace_seconds: 0.5, request_seconds: 0.4, max_attempts: 5 };
const wide = {
  hour_min: 1_000,
  hour_share: 1,
  day_min: 1_000,
  day_share: 1,
  source_hour: 1_000,
  detector_hour: 1_000,
};

async function begin(
  options: { log?: EventLog; queue?: JobQueue; params?: Partial<RespondParams> } = {},
): Promise<RespondRole> {
  const instance = { name: "fake", responder, params: {}, native_datasets: ["demo.login"] };
  const params = { ...LIVE, attempts: fast, caps: wide, ...options.params };
  const role = createRespondRole({
    log: options.log ?? log,
    queue: options.queue ?? createDueList(),
    responders: [instance],
    triageConfig: triageConfig(params, { responders: triageResponders([instance]) }),
    dataDir: folder,
    logger: createLogger({ level: "silent" }),
    metrics: createMetrics(),
    now: Date.now,
    failed: (error) => {
      throw error;
    },
  });
  await role.start();
  roles.push(role);
  return role;
}

const find = (...anomalies: Anomaly[]) =>
  log.append(
    anomalies.map((anomaly) => caseworkBatch({ kind: "anomaly", at: Date.now(), anomaly })),
  );
const locks = () =>
  latest(log.lines<Action>("actions")).filter((action) => action["action.type"] === "lock_account");
const statuses = () =>
  locks()
    .map((action) => action["action.status"])
    .toSorted();
const executed = () => locks().filter((action) => action["action.status"] !== "suppressed");
const until = (check: () => void, timeout = 20_000) => vi.waitFor(check, { timeout, interval: 20 });

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "metsuke-respond-"));
  log = createMemoryLog();
  accounts.clear();
  failures = 0;
});
afterEach(async () => {
  await Promise.all(roles.splice(0).map((role) => role.stop()));
  await rm(folder, { recursive: true, force: true });
});

it("locks, reads back, and undoes when an operator asks", async () => {
  const role = await begin();
  await find(...takeover(Date.now()));
  await until(() => expect(statuses()).toContain("confirmed"));
  expect(accounts.get("alice")).toBe(false);
  const [lock] = role.openActions();
  expect(lock).toMatchObject({ "action.prior_state": { active: true }, "responder.name": "fake" });
  await role.requestUndo([lock?.["action.id"] ?? ""], "olga");
  await until(() => expect(executed()[0]?.["action.status"]).toBe("reverted"));
  expect(executed()[0]?.["requested.by"]).toBe("olga");
  expect(accounts.get("alice")).toBe(true);
  expect(role.openActions()).toEqual([]);
});

it("tries again after a lost answer and still restores the state of before", async () => {
  failures = 1;
  const role = await begin();
  await find(...takeover(Date.now()));
  await until(() => expect(executed()[0]?.["action.status"]).toBe("confirmed"));
  expect(executed()[0]?.["action.attempt"]).toBe(2);
  await role.requestUndo([executed()[0]?.["action.id"] ?? ""], "olga");
  await until(() => expect(accounts.get("alice")).toBe(true));
});

it("undoes 500 locks quickly", async () => {
  const role = await begin();
  const users = Array.from({ length: 500 }, (_, index) => `user-${index}`);
  await find(...users.flatMap((user) => takeover(Date.now(), user)));
  await until(() => expect([...accounts.values()].filter((active) => !active)).toHaveLength(500));
  await until(() => expect(executed().every((a) => a["action.status"] === "confirmed")).toBe(true));
  const asked = Date.now();
  await role.requestUndo(
    role.openActions().map((action) => action["action.id"]),
    "olga",
  );
  await until(() => expect(executed().every((a) => a["action.status"] === "reverted")).toBe(true));
  expect([...accounts.values()].every((active) => active)).toBe(true);
  expect(Date.now() - asked).toBeLessThan(15_000);
});

it("begins nothing while the stop file is there, without any log, and undoes all the same", async () => {
  const role = await begin();
  await find(...takeover(Date.now()));
  await until(() => expect(statuses()).toContain("confirmed"));
  await writeFile(join(folder, "STOP"), "");
  await until(() => expect(role.health().stopped).toBe(true), 1_000);
  await until(() =>
    expect(log.lines<Casework>("casework")).toContainEqual(
      expect.objectContaining({ request: "stop", by: "stop-file" }),
    ),
  );
  await find(...takeover(Date.now(), "bob"));
  await until(() =>
    expect(locks()).toContainEqual(
      expect.objectContaining({ "target.id": "bob", "guard.name": "global-stop" }),
    ),
  );
  await role.requestUndo([role.openActions()[0]?.["action.id"] ?? ""], "olga");
  await until(() => expect(accounts.get("alice")).toBe(true));
  expect(accounts.has("bob")).toBe(false);
  await rm(join(folder, "STOP"));
  await until(() => expect(role.health().stopped).toBe(false), 3_000);
});

it("goes on from its checkpoint after a restart; caps hold", async () => {
  const params = { caps: { ...wide, hour_min: 2, hour_share: 0 } };
  const first = await begin({ params });
  await find(...takeover(Date.now()), ...takeover(Date.now() + 10, "bob"));
  await until(() =>
    expect(executed().map((a) => a["action.status"])).toEqual(["confirmed", "confirmed"]),
  );
  await first.stop();
  roles.length = 0;
  await find(...takeover(Date.now() + 20, "cid"));
  const second = await begin({ params });
  expect(second.health().owner).toBe(true);
  await until(() =>
    expect(locks()).toContainEqual(
      expect.objectContaining({ "target.id": "cid", "guard.name": "caps" }),
    ),
  );
  await until(() => expect(second.openActions()).toHaveLength(2));
  await second.requestUndo(
    second.openActions().map((a) => a["action.id"]),
    "olga",
  );
  await until(() => expect(executed().every((a) => a["action.status"] === "reverted")).toBe(true));
});

it("recovers by itself when the log was away and every job was lost", async () => {
  const losing: JobQueue = {
    enqueue: () => Promise.reject(new Error("Redis is away")),
    work: () => undefined,
    close: () => Promise.resolve(),
  };
  const real = createDueList();
  let lost = true;
  const queue: JobQueue = {
    enqueue: (id, at) => (lost ? losing : real).enqueue(id, at),
    work: (handler) => real.work(handler),
    close: () => real.close(),
  };
  const role = await begin({ queue });
  await find(...takeover(Date.now()));
  await until(() => expect(role.openActions()).toHaveLength(1));
  lost = false;
  await until(() => expect(statuses()).toContain("confirmed"));
  expect(accounts.get("alice")).toBe(false);
  log.away = true;
  let durable = false;
  const asked = role.requestUndo([role.openActions()[0]?.["action.id"] ?? ""], "olga").then(() => {
    durable = true;
  });
  await expect(log.append([])).rejects.toThrow("away");
  expect([durable, accounts.get("alice")]).toEqual([false, false]);
  log.away = false;
  await asked;
  await until(() => expect(accounts.get("alice")).toBe(true));
});

it("hands triage over to another process, which decides the same", async () => {
  const first = await begin();
  const second = await begin({ log: log.join() });
  expect([first.health().owner, second.health().owner]).toEqual([true, false]);
  await find(...takeover(Date.now()));
  await until(() => expect(statuses()).toContain("confirmed"));
  await first.stop();
  roles.splice(0, 1);
  await find(...takeover(Date.now(), "bob"));
  await until(() => expect(second.health().owner).toBe(true));
  await until(() => expect(second.openActions()).toHaveLength(2));
  const byRevision = new Map<string, string>();
  for (const action of log.lines<Action>("actions")) {
    const key = `${action["action.id"]} ${action["action.revision"]}`;
    expect(byRevision.get(key) ?? JSON.stringify(action)).toBe(JSON.stringify(action));
    byRevision.set(key, JSON.stringify(action));
  }
});

it("locks on the embedded log, and undoes after a restart of everything", async () => {
  const dir = join(folder, "log");
  const specs = [topics.casework, topics.incidents, topics.actions, topics.checkpoints];
  const openLog = async () => {
    const opened = await openEmbeddedLog({ dir });
    await opened.ensureTopics(specs.map((spec) => ({ ...spec, partitions: 1 })));
    return opened;
  };
  const firstLog = await openLog();
  const first = await begin({ log: firstLog });
  await firstLog.append(
    takeover(Date.now()).map((anomaly) =>
      caseworkBatch({ kind: "anomaly", at: Date.now(), anomaly }),
    ),
  );
  await until(() => expect(first.openActions()[0]?.["action.status"]).toBe("confirmed"));
  await first.stop();
  roles.length = 0;
  await firstLog.close();
  const secondLog = await openLog();
  const second = await begin({ log: secondLog });
  await until(() => expect(second.openActions()).toHaveLength(1));
  await second.requestUndo([second.openActions()[0]?.["action.id"] ?? ""], "olga");
  await until(() => expect(second.openActions()).toEqual([]));
  expect(accounts.get("alice")).toBe(true);
  await second.stop();
  roles.length = 0;
  await secondLog.close();
});
