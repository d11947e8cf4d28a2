import { describe, expect, it } from "vitest";
import type { Action } from "../../../schemas/action.ts";
import type { Casework } from "../../../schemas/casework.ts";
import type { RespondParams } from "../../../responders/runtime/config.ts";
import {
  feed,
  HOUR,
  latest,
  LIVE,
  MINUTE,
  observe,
  outcome,
  request,
  scim,
  T0,
  takeover,
  tick,
  travel,
  triageOf,
} from "./make.ts";

const SECOND = 1_000;
const attempts = { attempt_seconds: 10, grace_seconds: 8, request_seconds: 6, max_attempts: 3 };
const START = T0 + MINUTE;
/** First moment at which another attempt, or an undo, may start. */
const QUIET = START + 18 * SECOND;

/** One live lock and what happens to it. */
function lock(params: Partial<RespondParams> = {}) {
  const triage = triageOf({ ...LIVE, attempts, ...params }, [scim]);
  const all = feed(triage, ...takeover(T0)).actions;
  const newest = (): Action => {
    const found = latest(all)
      .filter((action) => action["action.status"] !== "suppressed")
      .find((action) => action["action.type"] === "lock_account");
    if (found === undefined) throw new Error("no lock");
    return found;
  };
  return {
    triage,
    newest,
    history: () =>
      all
        .filter((action) => action["action.id"] === newest()["action.id"])
        .map(
          (action) =>
            `${action["action.status"]} ${action["action.step"]} ${action["action.attempt"]}`,
        ),
    run(...records: readonly (Casework | ((action: Action) => Casework))[]) {
      for (const record of records) {
        all.push(...feed(triage, typeof record === "function" ? record(newest()) : record).actions);
      }
      return newest();
    },
  };
}

const claims =
  (nonce: string, at: number, prior = {}) =>
  (action: Action) =>
    observe(action, nonce, at, prior);
const answers =
  (nonce: string, at: number, status: "confirmed" | "acknowledged" | "failed" | "retry") =>
  (action: Action) =>
    outcome(action, nonce, at, status);
const undo = (at: number) => (action: Action) => request("undo", at, [action["action.id"]]);

describe("life of an action", () => {
  it("is authorised, attempted, confirmed, ends, and is undone", () => {
    const one = lock();
    one.run(
      claims("n", START + SECOND, { active: true }),
      answers("n", START + 2 * SECOND, "confirmed"),
    );
    expect(one.newest()).toMatchObject({
      "lease.started": new Date(START + 2 * SECOND).toISOString(),
      "lease.expires": new Date(START + 2 * SECOND + HOUR).toISOString(),
      "action.prior_state": { active: true },
    });
    one.run(tick(START + HOUR));
    expect(one.newest()["action.status"]).toBe("confirmed");
    one.run(tick(START + HOUR + 2 * SECOND));
    one.run(
      claims("u", START + HOUR + 3 * SECOND),
      answers("u", START + HOUR + 4 * SECOND, "confirmed"),
    );
    expect(one.history()).toEqual([
      "authorised apply 0",
      "attempting apply 1",
      "attempting apply 1",
      "confirmed apply 1",
      "attempting undo 1",
      "reverted undo 1",
    ]);
    expect(one.triage.openActions()).toEqual([]);
  });

  it("spaces attempts by deadline and grace", () => {
    const one = lock();
    expect(one.newest()["action.deadline"]).toBe(new Date(START + 10 * SECOND).toISOString());
    expect(one.run(tick(QUIET - 1))["action.attempt"]).toBe(1);
    expect(one.run(tick(QUIET))["action.attempt"]).toBe(2);
    expect(one.run(tick(QUIET))["action.attempt"]).toBe(2);
  });

  it("fails when no attempt was claimed", () => {
    const one = lock();
    one.run(tick(QUIET), tick(QUIET + 18 * SECOND), tick(QUIET + 36 * SECOND));
    expect(one.newest()).toMatchObject({
      "action.status": "failed",
      "action.outcome": "Given up after 3 attempts: no worker answered",
    });
  });

  it("undoes when an attempt was claimed, whatever its answer was", () => {
    const refused = lock();
    refused.run(claims("n", START, { active: true }), answers("n", START + 1, "failed"));
    expect(refused.newest()["action.status"]).toBe("attempting");
    refused.run(tick(QUIET - 1));
    expect(refused.newest()["action.step"]).toBe("apply");
    expect(refused.run(tick(QUIET))).toMatchObject({
      "action.status": "attempting",
      "action.step": "undo",
    });
    const silent = lock();
    silent.run(claims("n", START), tick(QUIET), tick(QUIET + 18 * SECOND));
    expect(silent.run(tick(QUIET + 36 * SECOND))["action.step"]).toBe("undo");
  });

  it("waits for a claim that may still come before it fails", () => {
    const one = lock();
    one.run(answers("", START, "failed"));
    expect(one.newest()["action.status"]).toBe("attempting");
    one.run(claims("n", START + SECOND), tick(QUIET));
    expect(one.newest()["action.step"]).toBe("undo");
    const unclaimed = lock();
    expect(unclaimed.run(answers("", START, "failed"), tick(QUIET))).toMatchObject({
      "action.status": "failed",
      "action.outcome": "failed",
    });
  });

  it("repeats an undo until it is read back, ever more slowly", () => {
    const one = lock();
    one.run(claims("n", START), answers("n", START, "confirmed"), tick(START + HOUR));
    let at = START + HOUR;
    for (let attempt = 2; attempt <= 200; attempt++) {
      at += 400 * SECOND;
      one.run(claims(`u${attempt}`, at), answers(`u${attempt}`, at, "failed"), tick(at));
      expect(one.newest()).toMatchObject({ "action.step": "undo", "action.attempt": attempt });
    }
    one.run(claims("last", at), answers("last", at, "confirmed"));
    expect(one.newest()["action.status"]).toBe("reverted");
  });
});

describe("claims", () => {
  it("belong to the first that observed", () => {
    const one = lock();
    one.run(claims("a", START), claims("b", START));
    expect(one.triage.claimOf(one.newest()["action.id"])).toBe("a");
    expect(one.run(answers("b", START, "confirmed"))["action.status"]).toBe("attempting");
    expect(one.run(answers("a", START, "confirmed"))["action.status"]).toBe("confirmed");
  });

  it("keep the prior state of the action's first observation", () => {
    const one = lock();
    one.run(
      claims("a", START, { active: true }),
      tick(QUIET),
      claims("b", QUIET, { active: false }),
    );
    expect(one.newest()["action.prior_state"]).toEqual({ active: true });
  });

  it("are needed for an answer to count", () => {
    const one = lock();
    expect(one.run(answers("a", START, "confirmed"))["action.status"]).toBe("attempting");
  });
});

describe("late answers", () => {
  it("of an attempt before are ignored", () => {
    const one = lock();
    const first = one.run(claims("a", START));
    one.run(tick(QUIET), outcome(first, "a", QUIET + 1, "confirmed"));
    expect(one.newest()).toMatchObject({ "action.status": "attempting", "action.attempt": 2 });
  });

  it("of a lock after undo began are ignored", () => {
    const one = lock();
    const first = one.run(claims("a", START));
    one.run(undo(START + 1), tick(QUIET));
    expect(one.newest()["action.step"]).toBe("undo");
    one.run(outcome(first, "a", QUIET + 1, "confirmed"));
    expect(one.newest()).toMatchObject({ "action.step": "undo", "action.status": "attempting" });
  });
});

describe("operators", () => {
  it("undo at once when the attempt has been over for long", () => {
    const one = lock();
    one.run(claims("n", START), answers("n", START, "confirmed"), undo(START + MINUTE));
    expect(one.newest()).toMatchObject({
      "action.step": "undo",
      "action.status": "attempting",
      "requested.by": "olga",
    });
  });

  it("undo only after deadline and grace", () => {
    const one = lock();
    one.run(claims("n", START), answers("n", START, "confirmed"), undo(START + SECOND));
    expect(one.newest()["action.status"]).toBe("confirmed");
    expect(one.run(tick(QUIET - 1))["action.status"]).toBe("confirmed");
    expect(one.run(tick(QUIET))["action.step"]).toBe("undo");
  });

  it("undo what was never claimed by ending it", () => {
    const one = lock();
    expect(one.run(undo(START), tick(QUIET))).toMatchObject({
      "action.status": "failed",
      "action.outcome": "Undo asked for by olga.",
    });
  });

  it("undo nothing twice and nothing that is unknown", () => {
    const one = lock();
    one.run(claims("n", START), undo(START + 1), request("undo", START, ["ffff"]));
    const revision = one.newest()["action.revision"];
    expect(one.run(undo(START + 2))["action.revision"]).toBe(revision);
  });

  it("stop attempts to apply, never an undo", () => {
    const one = lock();
    one.run(claims("n", START), request("stop", START + 1), tick(QUIET));
    expect(one.newest()).toMatchObject({ "action.step": "undo", "action.attempt": 1 });
    expect(one.run(tick(QUIET + 18 * SECOND))["action.attempt"]).toBe(2);
  });
});

describe("one open action per target", () => {
  it("is extended by further findings, with the new evidence", () => {
    const one = lock();
    one.run(claims("n", START), answers("n", START, "confirmed"));
    feed(one.triage, travel(START + 30 * MINUTE));
    const [open] = one.triage.openActions();
    expect(open?.["anomaly.ids"]).toHaveLength(3);
    expect(open?.["lease.expires"]).toBe(new Date(START + 90 * MINUTE).toISOString());
    expect(one.triage.openActions()).toHaveLength(1);
  });

  it("is not extended by failures", () => {
    const one = lock();
    one.run(claims("n", START), answers("n", START, "confirmed"));
    const before = one.triage.openActions()[0];
    feed(one.triage, ...takeover(START + 5 * MINUTE).slice(0, 1));
    expect(one.triage.openActions()[0]).toEqual(before);
  });

  it("ends before another begins", () => {
    const one = lock();
    one.run(claims("n", START), answers("n", START, "confirmed"), undo(START + MINUTE));
    const { actions } = feed(one.triage, travel(START + 2 * MINUTE));
    expect(actions).toMatchObject([
      { "action.status": "suppressed", "guard.name": "undo-in-progress" },
    ]);
    one.run(claims("u", START + 2 * MINUTE), answers("u", START + 2 * MINUTE, "confirmed"));
    const next = feed(one.triage, travel(START + 3 * MINUTE)).actions;
    expect(next.map((action) => action["action.status"])).toEqual(["authorised", "attempting"]);
    expect(next[0]?.["action.id"]).not.toBe(one.newest()["action.id"]);
  });
});

describe("notifications", () => {
  const webhook = { name: "hook", actions: ["notify" as const], native_datasets: [] };
  const told = () => {
    const triage = triageOf({ live: ["notify"], attempts }, [webhook]);
    const [, action] = feed(triage, travel(T0, { "anomaly.certain": false })).actions;
    if (action === undefined) throw new Error("no notification");
    return { triage, action };
  };

  it("end when they are acknowledged", () => {
    const { triage, action } = told();
    const { actions } = feed(
      triage,
      observe(action, "n", T0),
      outcome(action, "n", T0, "acknowledged"),
    );
    expect(actions.at(-1)).toMatchObject({
      "action.status": "acknowledged",
      "action.type": "notify",
    });
    expect(triage.openActions()).toEqual([]);
  });

  it("have nothing to undo", () => {
    const { triage, action } = told();
    feed(triage, observe(action, "n", T0), outcome(action, "n", T0, "failed"));
    expect(feed(triage, tick(T0 + HOUR)).actions).toMatchObject([{ "action.status": "failed" }]);
  });
});
