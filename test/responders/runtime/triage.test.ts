import { describe, expect, it } from "vitest";
import type { EntityRef } from "../../../schemas/entity.ts";
import {
  anomaly,
  burst,
  DAY,
  device,
  feed,
  found,
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
  unlikely,
} from "./make.ts";

const texts = (triage: ReturnType<typeof triageOf>) =>
  new Map(triage.encode().map(([key, bytes]) => [key, Buffer.from(bytes).toString()]));

const contained = (actions: ReturnType<typeof feed>["actions"]) =>
  actions.filter((action) => action["action.type"] !== "notify");

describe("incidents", () => {
  it("gathers what shares a user within 24 hours of the incident's latest finding", () => {
    const triage = triageOf();
    const { incidents } = feed(
      triage,
      burst(T0),
      travel(T0 + 23 * HOUR),
      burst(T0 + 46 * HOUR),
      burst(T0 + 46 * HOUR + 25 * HOUR),
    );
    const ids = incidents.map((incident) => incident["incident.id"]);
    expect(new Set(ids).size).toBe(2);
    expect(ids[0]).toBe(ids[2]);
    expect(incidents[2]?.["anomaly.ids"]).toHaveLength(3);
    expect(incidents[2]?.["incident.revision"]).toBe(3);
    expect(incidents[2]?.["incident.families"]).toEqual(["failures", "place"]);
  });

  it("joins a device's finding to its user's incident", () => {
    const { incidents } = feed(triageOf(), travel(T0), device(T0 + MINUTE));
    expect(incidents[1]?.["incident.id"]).toBe(incidents[0]?.["incident.id"]);
    expect(incidents[1]?.["incident.entities"]).toEqual([
      { type: "user", id: "alice" },
      { type: "device", id: "laptop-9" },
    ]);
  });

  it("never makes one incident of the users that one address tried", () => {
    const users: EntityRef[] = ["ann", "bob", "cid"].map((id) => ({ type: "user", id }));
    const spray = anomaly(T0, {
      "detector.name": "spray",
      "entity.type": "source",
      "entity.id": "203.0.113.9",
      "related.entities": users,
    });
    const { incidents } = feed(
      triageOf(),
      spray,
      ...users.map(({ id }, index) =>
        travel(T0 + index * MINUTE, {
          "entity.id": id,
          "related.entities": [{ type: "source", id: "203.0.113.9" }],
        }),
      ),
    );
    expect(new Set(incidents.map((incident) => incident["incident.id"])).size).toBe(4);
  });

  it("counts what it no longer lists", () => {
    const triage = triageOf();
    const many = Array.from({ length: 300 }, (_, index) => burst(T0 + index * MINUTE));
    const last = feed(triage, ...many).incidents.at(-1);
    expect(last?.["anomaly.ids"]).toHaveLength(256);
    expect(last?.message).toMatch(/^300 findings about alice/);
  });

  it("gives risk 0-100 that grows with evidence", () => {
    const { incidents } = feed(triageOf(), ...takeover(T0), unlikely(T0 + 2 * MINUTE));
    const risks = incidents.map((incident) => incident["incident.risk"]);
    expect(risks[0]).toBeGreaterThan(0);
    expect(risks[1]).toBeGreaterThan(risks[0] ?? 100);
    expect(risks[2]).toBeGreaterThan(risks[1] ?? 100);
    expect(risks[2]).toBeLessThanOrEqual(100);
  });
});

describe("repeats", () => {
  it("ignores an anomaly that was seen", () => {
    const triage = triageOf();
    feed(triage, travel(T0));
    expect(feed(triage, travel(T0))).toEqual({ incidents: [], actions: [] });
  });

  it("takes one that was first raised late again when it may act", () => {
    const triage = triageOf();
    feed(triage, burst(T0));
    const late = feed(triage, travel(T0 + MINUTE, { "anomaly.late": true }));
    expect(contained(late.actions)).toMatchObject([
      { "action.status": "suppressed", "guard.name": "late-evidence" },
    ]);
    const timely = feed(triage, travel(T0 + MINUTE));
    expect(contained(timely.actions)).toMatchObject([{ "action.status": "planned" }]);
    expect(timely.incidents[0]?.["anomaly.ids"]).toHaveLength(2);
    expect(feed(triage, travel(T0 + MINUTE)).incidents).toEqual([]);
  });
});

describe("pages", () => {
  it("notifies about what pages and nothing else", () => {
    const triage = triageOf({ budget_per_day: 1 });
    const { actions } = feed(
      triage,
      unlikely(T0, { "anomaly.p": 0.01 }),
      unlikely(T0, { "entity.id": "bob", "anomaly.p": 0.01 }),
    );
    expect(actions).toMatchObject([
      { "action.type": "notify", "action.status": "planned", "target.id": "alice" },
    ]);
  });
});

describe("decisions", () => {
  it("plans a lock when a certain finding and a second family hold a success", () => {
    const { actions } = feed(triageOf(), ...takeover(T0));
    const planned = contained(actions).find((action) => action["action.status"] === "planned");
    expect(planned).toMatchObject({
      "action.type": "lock_account",
      "target.id": "alice",
      "policy.line": "certain-user",
      "detector.name": "impossible-travel",
      "lease.expires": new Date(T0 + MINUTE + HOUR).toISOString(),
    });
    expect(planned?.["anomaly.ids"]).toHaveLength(2);
  });

  it("blocks a device on one certain finding, and that counts for its user's lock", () => {
    const triage = triageOf();
    const first = contained(feed(triage, device(T0)).actions);
    expect(first).toMatchObject([
      { "action.type": "block_device", "action.status": "planned", "target.id": "laptop-9" },
    ]);
    const second = contained(feed(triage, travel(T0 + MINUTE)).actions);
    expect(second).toMatchObject([
      { "action.type": "lock_account", "action.status": "planned", "target.id": "alice" },
    ]);
  });

  it("corroborates only by what names the target, came in time, is vouched for and is not slight", () => {
    const second = (patch: object) =>
      contained(feed(triageOf(), burst(T0, patch), travel(T0 + MINUTE)).actions).at(-1)?.[
        "action.status"
      ];
    expect(second({})).toBe("planned");
    expect(second({ "anomaly.severity": 19 })).toBe("suppressed");
    expect(second({ "anomaly.late": true })).toBe("suppressed");
    expect(second({ "evidence.authenticated": false })).toBe("suppressed");
    const shared = [{ type: "device" as const, id: "kiosk" }];
    const other = burst(T0, { "entity.id": "bob", "related.entities": shared });
    const own = travel(T0 + MINUTE, { "related.entities": shared });
    const { incidents, actions } = feed(triageOf(), other, own);
    expect(new Set(incidents.map((incident) => incident["incident.id"])).size).toBe(1);
    expect(contained(actions).at(-1)).toMatchObject({ "guard.name": "corroboration" });
  });

  it("re-evaluates the incident: the second family may come after the certain finding", () => {
    const triage = triageOf();
    expect(contained(feed(triage, travel(T0)).actions)).toMatchObject([
      { "action.status": "suppressed", "guard.name": "corroboration" },
    ]);
    const later = contained(feed(triage, burst(T0 + HOUR)).actions);
    expect(later).toMatchObject([{ "action.status": "planned" }]);
    const other = contained(feed(triageOf(), travel(T0)).actions)[0];
    expect(later[0]?.["action.id"]).not.toBe(other?.["action.id"]);
  });

  it("answers 10 000 failures with one suppressed lock", { timeout: 60_000 }, () => {
    const triage = triageOf();
    const actions: ReturnType<typeof feed>["actions"] = [];
    for (let index = 0; index < 10_000; index++) {
      actions.push(...feed(triage, burst(T0 + index * 1_000)).actions);
    }
    const locks = contained(actions);
    expect(locks).toMatchObject([
      {
        "action.type": "lock_account",
        "action.status": "suppressed",
        "guard.name": "corroboration",
        "guard.reason":
          "Failed logins alone never act on their victim: the evidence against alice is 1 finding of family failures, and no second family.",
      },
    ]);
  });

  it("holds a calibrated score until baseline and installation are ripe", () => {
    const held = (patch: object) =>
      contained(feed(triageOf(), device(T0), unlikely(T0 + MINUTE, patch)).actions).find(
        (action) => action["action.type"] === "lock_account",
      );
    expect(held({ "baseline.age_days": 13 })).toMatchObject({ "guard.name": "maturity" });
    expect(held({ "population.entity_days": 9_999 })).toMatchObject({ "guard.name": "maturity" });
    expect(held({})).toMatchObject({ "action.status": "planned" });
  });

  it("does not lock again on what a lease already rests on", () => {
    const triage = triageOf();
    feed(triage, ...takeover(T0));
    const after = feed(triage, burst(T0 + 2 * HOUR), unlikely(T0 + 3 * HOUR, { "anomaly.p": 0.2 }));
    expect(contained(after.actions).filter((a) => a["action.status"] === "planned")).toEqual([]);
    const again = feed(triage, travel(T0 + 4 * HOUR));
    expect(contained(again.actions)).toMatchObject([{ "action.status": "planned" }]);
  });

  it("extends the open lease instead of taking a second one", () => {
    const triage = triageOf();
    const first = contained(feed(triage, ...takeover(T0)).actions).at(-1);
    const second = contained(feed(triage, travel(T0 + 30 * MINUTE)).actions);
    expect(second).toMatchObject([
      {
        "action.id": first?.["action.id"],
        "action.revision": 2,
        "lease.expires": new Date(T0 + 90 * MINUTE).toISOString(),
      },
    ]);
  });

  it("executes only what is live and has a responder", () => {
    const status = (...given: Parameters<typeof triageOf>) =>
      latest(contained(feed(triageOf(...given), ...takeover(T0)).actions)).at(-1)?.[
        "action.status"
      ];
    expect(status(LIVE, [scim])).toBe("attempting");
    expect(status(LIVE, [])).toBe("planned");
    expect(status({}, [scim])).toBe("planned");
  });

  it("crosses to another identity system only along a link", () => {
    const foreign = { ...scim, native_datasets: ["other"] };
    const run = (links: { user: string; responder: string; account: string }[]) =>
      latest(contained(feed(triageOf({ ...LIVE, links }, [foreign]), ...takeover(T0)).actions));
    expect(run([]).at(-1)).toMatchObject({ "guard.name": "identity-link" });
    expect(run([{ user: "Alice", responder: "scim", account: "a.smith" }]).at(-1)).toMatchObject({
      "action.status": "attempting",
      "target.account": "a.smith",
      "responder.name": "scim",
    });
  });
});

describe("caps", () => {
  const attack = (triage: ReturnType<typeof triageOf>, from: number, count: number, at = T0) => {
    const actions: ReturnType<typeof feed>["actions"] = [];
    for (let index = from; index < from + count; index++) {
      actions.push(...feed(triage, ...takeover(at + index * 2 * MINUTE, `user-${index}`)).actions);
    }
    return contained(actions);
  };
  const loose = { detector_hour: 1_000, source_hour: 1_000 };
  const planned = (actions: ReturnType<typeof attack>) =>
    actions.filter((action) => action["action.status"] === "planned").length;

  it("allows three an hour and ten a day in a small organisation", () => {
    const caps = { hour_min: 3, hour_share: 0.01, day_min: 10, day_share: 0.03, ...loose };
    const triage = triageOf({ caps });
    const first = attack(triage, 0, 6);
    expect(planned(first)).toBe(3);
    expect(first.at(-1)?.["guard.reason"]).toBe(
      "3 of 3 lock_account actions allowed in an hour (60 active users) are taken.",
    );
    let total = 3;
    for (let hour = 2; hour < 20; hour += 2) {
      total += planned(attack(triage, hour * 100, 6, T0 + hour * HOUR - hour * 200 * MINUTE));
    }
    expect(total).toBe(10);
  });

  it("holds across a restart from a checkpoint", () => {
    const before = triageOf();
    expect(planned(attack(before, 0, 3))).toBe(3);
    const after = triageOf();
    after.restore(new Map(before.encode()));
    expect(planned(attack(after, 3, 3))).toBe(0);
  });

  it("lets one address and one detector version cause three an hour", () => {
    const caps = { hour_min: 99, hour_share: 0, day_min: 99, day_share: 0 };
    const by = (patch: object, limits: object) => {
      const triage = triageOf({ caps: { ...caps, ...loose, ...limits } });
      const all = Array.from({ length: 5 }, (_, index) =>
        feed(
          triage,
          burst(T0 + index, { "entity.id": `u${index}` }),
          travel(T0 + index + 9, { "entity.id": `u${index}`, ...patch }),
        ),
      );
      return contained(all.flatMap((each) => each.actions));
    };
    const source = by({ "source.ip": "203.0.113.9" }, { source_hour: 3 });
    expect(planned(source)).toBe(3);
    expect(source.at(-1)?.["guard.reason"]).toContain("in an hour from 203.0.113.9");
    const version = by({}, { detector_hour: 3 });
    expect(planned(version)).toBe(3);
    expect(version.at(-1)?.["guard.reason"]).toContain("in an hour from impossible-travel 1");
  });

  it("runs on event time that never goes back, whatever an event says", () => {
    const triage = triageOf();
    attack(triage, 0, 3);
    feed(triage, found(burst(T0 + 2 * DAY, { "entity.id": "liar" }), T0 + 6 * MINUTE));
    expect(planned(attack(triage, 4, 1))).toBe(0);
  });

  it("gives the place of an action without effect back, and keeps that of an open one", () => {
    const triage = triageOf(LIVE, [scim]);
    const locks = latest(attack(triage, 0, 3)).filter((a) => a["action.status"] === "attempting");
    expect(locks).toHaveLength(3);
    const late = T0 + HOUR;
    for (const lock of locks.slice(1)) {
      feed(triage, observe(lock, "n", T0 + 8 * MINUTE), outcome(lock, "n", T0 + 8 * MINUTE));
    }
    const [first] = locks;
    if (first === undefined) throw new Error("no lock");
    feed(triage, outcome(first, "n", T0 + 8 * MINUTE, "failed"), tick(T0 + 9 * MINUTE));
    expect(
      latest(attack(triage, 4, 2)).filter((a) => a["action.status"] === "attempting"),
    ).toHaveLength(1);
    expect(triage.openActions()).toHaveLength(3);
    expect(late).toBeGreaterThan(T0);
  });
});

describe("global stop", () => {
  it("holds new locks and goes on undoing", () => {
    const triage = triageOf(LIVE, [scim]);
    const lock = latest(contained(feed(triage, ...takeover(T0)).actions)).at(-1);
    if (lock === undefined) throw new Error("no lock");
    const at = T0 + 2 * MINUTE;
    feed(triage, observe(lock, "n", at, { active: true }), outcome(lock, "n", at));
    feed(triage, request("stop", at));
    expect(contained(feed(triage, ...takeover(at, "bob")).actions).at(-1)).toMatchObject({
      "guard.name": "global-stop",
    });
    const undo = feed(triage, tick(at + 2 * HOUR)).actions;
    expect(undo).toMatchObject([{ "action.step": "undo", "action.status": "attempting" }]);
    feed(triage, request("resume", at));
    expect(
      contained(feed(triage, travel(at + HOUR, { "entity.id": "bob" })).actions),
    ).toMatchObject([{ "action.status": "authorised" }, { "action.status": "attempting" }]);
  });
});

describe("state", () => {
  it("decides the same from a checkpoint at any record, and from a whole replay", () => {
    const records = [
      ...takeover(T0),
      device(T0 + 2 * MINUTE),
      ...takeover(T0 + 5 * MINUTE, "bob"),
      travel(T0 + 10 * MINUTE),
      burst(T0 + 30 * HOUR),
    ].map((one) => found(one));
    const mixed = [...records, tick(T0 + 40 * HOUR), request("stop", T0), ...records.slice(0, 2)];
    const whole = triageOf(LIVE, [scim]);
    const expected = feed(whole, ...mixed);
    for (let cut = 0; cut <= mixed.length; cut++) {
      const before = triageOf(LIVE, [scim]);
      const first = feed(before, ...mixed.slice(0, cut));
      const after = triageOf(LIVE, [scim]);
      after.restore(new Map(before.encode().toReversed()));
      const second = feed(after, ...mixed.slice(cut));
      expect([...first.actions, ...second.actions]).toEqual(expected.actions);
      expect([...first.incidents, ...second.incidents]).toEqual(expected.incidents);
      expect(texts(after)).toEqual(texts(whole));
    }
  });

  it("forgets what nothing can join or repeat any more", () => {
    const triage = triageOf();
    for (let day = 0; day < 30; day++) {
      feed(triage, ...takeover(T0 + day * DAY, `user-${day}`));
    }
    const cells = triage.encode().map(([key]) => key);
    expect(cells.filter((key) => key.startsWith("incident/")).length).toBeLessThanOrEqual(4);
    const seen = triage.encode().filter(([key]) => key.startsWith("seen/"));
    const ids = seen.flatMap(([, bytes]) => JSON.parse(Buffer.from(bytes).toString()) as unknown[]);
    expect(ids.length).toBeLessThanOrEqual(2 * 10);
  });
});
