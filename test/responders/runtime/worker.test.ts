import { describe, expect, it } from "vitest";
import type { CaseworkObserved, CaseworkOutcome } from "../../../schemas/casework.ts";
import type { Action } from "../../../schemas/action.ts";
import { jobId } from "../../../schemas/ids.ts";
import { createLogger } from "../../../platform/logger.ts";
import type { Responder } from "../../../responders/responder.ts";
import { createWorker, type WorkerPorts } from "../../../responders/runtime/worker.ts";
import { feed, LIVE, scim, T0, takeover, triageOf } from "./make.ts";

const attempting = (patch: Partial<Action> = {}): Action => {
  const action = feed(triageOf(LIVE, [scim]), ...takeover(T0)).actions.at(-1);
  if (action === undefined) throw new Error("no action");
  return { ...action, ...patch };
};

function world(
  given: {
    action?: Action | undefined;
    responder?: Partial<Responder>;
    ports?: Partial<WorkerPorts>;
  } = {},
) {
  const action = "action" in given ? given.action : attempting();
  const calls: string[] = [];
  const observed: CaseworkObserved[] = [];
  const outcomes: CaseworkOutcome[] = [];
  const responder: Responder = {
    name: "scim",
    title: "",
    effect: "contain",
    needs: "",
    params: {} as Responder["params"],
    actions: ["lock_account"],
    verification: "read_back",
    plan: () => ({ type: "lock_account", account: "alice", summary: "" }),
    observe: () => Promise.resolve({ status: "found", state: { active: false } }),
    apply() {
      calls.push("apply");
      return Promise.resolve({ status: "done", receipt: "done" });
    },
    undo(_plan, prior) {
      calls.push(`undo to ${JSON.stringify(prior)}`);
      return Promise.resolve({ status: "done", receipt: "done" });
    },
    verify(_plan, wanted) {
      calls.push(`verify ${wanted}`);
      return Promise.resolve({ status: "done", receipt: "seen" });
    },
    ...given.responder,
  };
  const ports: WorkerPorts = {
    logger: createLogger({ level: "silent" }),
    now: () => T0,
    nonce: () => "n",
    stopped: () => false,
    responder: () => ({ name: "scim", responder, params: {}, native_datasets: [] }),
    timeLimit: () => AbortSignal.timeout(50),
    newest: () => Promise.resolve(action),
    claim(record) {
      observed.push(record);
      return Promise.resolve(true);
    },
    prior: () => ({ active: true }),
    conclude(record) {
      outcomes.push(record);
      return Promise.resolve();
    },
    ...given.ports,
  };
  const id = action ?? attempting();
  const job = jobId(id["action.id"], id["action.step"], id["action.attempt"]);
  return { calls, observed, outcomes, run: () => createWorker(ports)(job), ports };
}

describe("worker", () => {
  it("observes, claims, acts, reads back and tells", async () => {
    const one = world();
    await one.run();
    expect(one.observed).toMatchObject([{ nonce: "n", prior: { active: false }, attempt: 1 }]);
    expect(one.calls).toEqual(["apply", "verify applied"]);
    expect(one.outcomes).toMatchObject([{ status: "confirmed", detail: "seen", nonce: "n" }]);
  });

  it("restores the state of the first observation, not what it sees now", async () => {
    const one = world({ action: attempting({ "action.step": "undo" }) });
    await one.run();
    expect(one.calls).toEqual(['undo to {"active":true}', "verify undone"]);
  });

  it("says acknowledged where nothing can be read back", async () => {
    const one = world({ responder: { verification: "acknowledged" } });
    await one.run();
    expect(one.calls).toEqual(["apply"]);
    expect(one.outcomes).toMatchObject([{ status: "acknowledged", detail: "done" }]);
  });

  it.each([
    ["unknown action", { action: undefined }],
    ["ended action", { action: attempting({ "action.status": "reverted" }) }],
    ["deadline over", { ports: { now: () => T0 + 3_600_000 } }],
    ["no deadline at all", { action: attempting({ "action.deadline": "" }) }],
    ["all stopped", { ports: { stopped: () => true } }],
  ])("leaves it: %s", async (_what, given) => {
    const one = world(given);
    await one.run();
    expect([one.calls, one.observed, one.outcomes]).toEqual([[], [], []]);
  });

  it("leaves an attempt that another has claimed", async () => {
    const one = world({ ports: { claim: () => Promise.resolve(false) } });
    await one.run();
    expect([one.calls, one.outcomes]).toEqual([[], []]);
  });

  it("undoes although all is stopped", async () => {
    const one = world({
      action: attempting({ "action.step": "undo" }),
      ports: { stopped: () => true },
    });
    await one.run();
    expect(one.outcomes).toMatchObject([{ status: "confirmed" }]);
  });

  it("looks at the clock, the stop and the log again between claim and effect", async () => {
    let now = T0;
    const slow = world({
      ports: {
        now: () => now,
        claim() {
          now += 3_600_000;
          return Promise.resolve(true);
        },
      },
    });
    await slow.run();
    let stopped = false;
    const halted = world({
      ports: {
        stopped: () => stopped,
        claim() {
          stopped = true;
          return Promise.resolve(true);
        },
      },
    });
    await halted.run();
    let action = attempting();
    const passed = world({
      ports: {
        newest: () => Promise.resolve(action),
        claim() {
          action = attempting({ "action.step": "undo" });
          return Promise.resolve(true);
        },
      },
    });
    await passed.run();
    for (const one of [slow, halted, passed]) {
      expect(one.calls).toEqual([]);
      expect(one.outcomes).toMatchObject([{ status: "retry" }]);
    }
  });

  it.each([
    [
      "not configured",
      { ports: { responder: () => undefined } },
      "failed",
      /No responder named scim/,
    ],
    ["cannot do it", { responder: { plan: () => undefined } }, "failed", /cannot do lock_account/],
    [
      "no such account",
      {
        responder: {
          observe: () => Promise.resolve({ status: "missing" as const, reason: "404" }),
        },
      },
      "failed",
      /404/,
    ],
    [
      "cannot look",
      { responder: { observe: () => Promise.reject(new Error("reset")) } },
      "retry",
      /reset/,
    ],
    [
      "refused",
      { responder: { apply: () => Promise.resolve({ status: "failed" as const, reason: "403" }) } },
      "failed",
      /403/,
    ],
    [
      "never answers",
      { responder: { apply: () => new Promise<never>(() => undefined) } },
      "retry",
      /time limit/,
    ],
    [
      "is not what was wanted",
      {
        responder: {
          verify: () => Promise.resolve({ status: "failed" as const, reason: "active" }),
        },
      },
      "retry",
      /read back: active/,
    ],
  ])("tells when the target %s", async (_what, given, status, detail) => {
    const one = world(given as Parameters<typeof world>[0]);
    await one.run();
    expect(one.outcomes).toHaveLength(1);
    expect(one.outcomes[0]?.status).toBe(status);
    expect(one.outcomes[0]?.detail).toMatch(detail);
  });

  it("tries an undo again whose target is missing: somebody must look", async () => {
    const one = world({
      action: attempting({ "action.step": "undo" }),
      responder: { observe: () => Promise.resolve({ status: "missing", reason: "404" }) },
    });
    await one.run();
    expect(one.outcomes).toMatchObject([{ status: "retry", detail: "404" }]);
  });

  it("ignores a job id that is none", async () => {
    const one = world();
    for (const job of ["", "x", "ffff-lock-1", "ffff-apply-x", "../-apply-1"]) {
      await createWorker(one.ports)(job);
    }
    expect(one.outcomes).toEqual([]);
  });
});
