import { describe, expect, it } from "vitest";
import type { Candidate, Guard } from "../../../responders/guards/guard.ts";
import { caps } from "../../../responders/guards/caps.ts";
import { corroboration } from "../../../responders/guards/corroboration.ts";
import { globalStop } from "../../../responders/guards/global-stop.ts";
import { executorOf, identityLink } from "../../../responders/guards/identity-link.ts";
import { lateEvidence } from "../../../responders/guards/late-evidence.ts";
import { maturity } from "../../../responders/guards/maturity.ts";
import { protectedAccounts } from "../../../responders/guards/protected-accounts.ts";
import { provenance } from "../../../responders/guards/provenance.ts";
import { guards } from "../../../responders/guards/registry.ts";
import type { Anomaly } from "../../../schemas/anomaly.ts";
import { triageConfig } from "../../../responders/runtime/config.ts";
import { burst, device, scim, T0, travel, unlikely } from "../runtime/make.ts";

const params = triageConfig({
  protected: ["Break-Glass"],
  allow_services: ["backup$"],
  links: [{ user: "alice", responder: "scim", account: "a.smith" }],
});

function candidate(patch: Partial<Candidate> = {}): Candidate {
  const evidence = patch.evidence ?? [burst(T0), travel(T0)];
  const families = evidence.flatMap((anomaly) => anomaly["anomaly.families"]);
  return {
    type: "lock_account",
    target: { type: "user", id: "alice" },
    decisive: travel(T0),
    evidence,
    fresh: evidence,
    families: [...new Set(families)].toSorted(),
    params,
    able: [scim],
    executor: { responder: "scim", account: "alice" },
    counts: { hour: 0, day: 0, source: 0, detector: 0 },
    stopped: false,
    ...patch,
  };
}

const cases = (
  guard: Guard,
  rows: readonly (readonly [string, Partial<Candidate>, RegExp | undefined])[],
) =>
  describe(`guard ${guard.name}`, () => {
    it.each(rows)("%s", (_what, patch, reason) => {
      const held = guard.check(candidate(patch));
      expect(held ?? "passes").toMatch(reason ?? /^passes$/);
    });
  });

const unripe = unlikely(T0, { "baseline.age_days": 13 });
const user = (id: string, type: "user" | "service" = "user") => ({ target: { type, id } });
const on = (...evidence: Anomaly[]): Partial<Candidate> => ({ evidence });

describe("registry", () => {
  it("lets a proper takeover through, each guard by its own name", () => {
    expect(guards.map((guard) => guard.check(candidate()))).toEqual(guards.map(() => undefined));
    expect(new Set(guards.map(({ name }) => name)).size).toBe(guards.length);
  });
});

cases(globalStop, [
  ["set", { stopped: true }, /global stop is set/],
  ["set, but only telling", { stopped: true, type: "notify" }, undefined],
]);

cases(protectedAccounts, [
  ["listed, another case", user("break-GLASS"), /break-GLASS is on the list/],
  [
    "listed by its account",
    { executor: { responder: "scim", account: "break-glass" } },
    /list of protected/,
  ],
  ["a service", user("svc-web$", "service"), /service account/],
  ["an allowed service", user("BACKUP$", "service"), undefined],
  ["only telling", { ...user("break-glass"), type: "notify" }, undefined],
]);

cases(lateEvidence, [
  ["late", { decisive: travel(T0, { "anomaly.late": true }) }, /came late/],
  ["in time", {}, undefined],
]);

cases(provenance, [
  [
    "nobody vouches",
    { decisive: travel(T0, { "evidence.authenticated": false }) },
    /\(demo\.login, 1 events\) came from a sender that did not authenticate/,
  ],
  ["vouched for", {}, undefined],
]);

cases(maturity, [
  ["young baseline", { decisive: unripe }, /alice is 13 active days old; 14/],
  ["unknown age", { decisive: unlikely(T0, { "baseline.age_days": -1 }) }, /is 0 active days/],
  [
    "young installation",
    { decisive: unlikely(T0, { "population.entity_days": 9_999 }) },
    /learned 9999/,
  ],
  ["ripe", { decisive: unlikely(T0) }, undefined],
  ["certain is exempt", { decisive: travel(T0, { "baseline.age_days": 0 }) }, undefined],
  ["no p-value is not calibrated", { decisive: burst(T0, { "baseline.age_days": 0 }) }, undefined],
  [
    "telling needs 500 days",
    { type: "notify", decisive: unlikely(T0, { "population.entity_days": 499 }) },
    /499 entity-days; 500 are needed before a calibrated score notifies/,
  ],
  [
    "telling needs no old baseline",
    {
      type: "notify",
      decisive: unlikely(T0, { "population.entity_days": 500, "baseline.age_days": 1 }),
    },
    undefined,
  ],
]);

cases(corroboration, [
  ["failures alone", on(burst(T0), burst(T0 + 1)), /Failed logins alone never.*2 findings/],
  ["failures that hold a success", on(burst(T0, { "evidence.success": true })), /alone never/],
  ["nothing that counts", on(), /Failed logins alone never.*0 findings/],
  ["one family", on(travel(T0)), /One family of evidence \(place\)/],
  ["no success", on(burst(T0), travel(T0, { "evidence.success": false })), /contains a success/],
  ["two families, none carries", on(burst(T0), unripe), /certain or comes from a ripe baseline/],
  [
    "a likely score carries nothing",
    on(burst(T0), unlikely(T0, { "anomaly.p": 0.2 })),
    /None of the/,
  ],
  ["failures and a ripe score", on(burst(T0), unlikely(T0)), undefined],
  ["failures and travel", {}, undefined],
  ["an ended lease rests on it", { fresh: [burst(T0)] }, /None of the 1 new finding/],
  ["device, certain", { type: "block_device", ...on(device(T0)) }, undefined],
  [
    "device, not certain",
    { type: "block_device", ...on(unlikely(T0)) },
    /only by a certain detector/,
  ],
  ["telling", { type: "notify", ...on() }, undefined],
]);

const counts = (patch: object) => ({
  counts: { hour: 0, day: 0, source: 0, detector: 0, ...patch },
});
const crowd = (users: number) =>
  travel(T0, { "population.active_users": users, "source.ip": "192.0.2.1" });

cases(caps, [
  ["two of three", counts({ hour: 2 }), undefined],
  [
    "three of three",
    counts({ hour: 3 }),
    /3 of 3 lock_account actions allowed in an hour \(60 active/,
  ],
  ["one in a hundred", { ...counts({ hour: 9 }), decisive: crowd(1_000) }, undefined],
  ["the tenth", { ...counts({ hour: 10 }), decisive: crowd(1_000) }, /10 of 10/],
  ["a day", counts({ day: 10 }), /10 of 10 .* in a day/],
  ["a big day", { ...counts({ day: 29 }), decisive: crowd(1_000) }, undefined],
  ["an address", { ...counts({ source: 3 }), decisive: crowd(60) }, /from 192\.0\.2\.1/],
  ["a detector", counts({ detector: 3 }), /from impossible-travel 1/],
  ["telling", { ...counts({ hour: 99 }), type: "notify" }, undefined],
]);

cases(identityLink, [
  [
    "unknown there",
    { executor: undefined },
    /No link says which account alice \(seen in demo\.login\) is in scim/,
  ],
  ["nobody executes it", { executor: undefined, able: [] }, undefined],
]);

describe("executor", () => {
  const of = (decisive: Anomaly, able = [scim]) =>
    executorOf(able, params, {
      type: "lock_account",
      target: { type: "user", id: decisive["entity.id"] },
      decisive,
    });
  it("is found by link first, else by native evidence, never by name alone", () => {
    expect(of(travel(T0))).toEqual({ responder: "scim", account: "a.smith" });
    expect(of(travel(T0, { "entity.id": "bob" }))).toEqual({ responder: "scim", account: "bob" });
    const mixed = ["demo.login", "linux.sshd"];
    expect(of(travel(T0, { "entity.id": "bob", "evidence.datasets": mixed }))).toBeUndefined();
    expect(of(travel(T0, { "entity.id": "bob", "evidence.datasets": [] }))).toBeUndefined();
  });
});
