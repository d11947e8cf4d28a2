import { beforeAll, describe, expect, it } from "vitest";
import { attacks, merge } from "../../bench/attacks.ts";
import { dayKey } from "../../bench/detection/calendar.ts";
import { ksUniform } from "../../bench/detection/calibration.ts";
import { power } from "../../bench/detection/ranking.ts";
import { organisation } from "../../bench/organisation.ts";
import { baseline } from "../../detectors/baseline.ts";
import type { Event } from "../../schemas/event.ts";
import { event, run, type Run } from "./harness.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 5);
const company = organisation({ seed: 11, people: 90, days: 42, start: START });
const benignEvents = [...company.events()];
const victim = company.people.find(
  (person) => !person.service && person.joins < 0 && person.rate > 12,
) as (typeof company.people)[number];
/** 40 days after the start is a Saturday; 37 a Wednesday. */
const noon = START + 37 * DAY + 12 * HOUR;

const insert = (extra: readonly Event[]): Event[] => [...merge(benignEvents, extra)];
const own = (at: number, more: Partial<Event>): Event =>
  event(at, {
    "event.category": ["authentication"],
    "event.action": "sign_in",
    "event.outcome": "success",
    "user.entity.id": victim.name,
    "user.entity.type": "user",
    "user.group.name": victim.group,
    ...more,
  });
const scoreOf = (result: Run, user: string, day: string) =>
  result.scores.findLast((score) => score.entity === user && score.day === day);

let benign: Run;
beforeAll(() => {
  benign = run([baseline], benignEvents);
});

describe("baseline on a synthetic company", () => {
  it("gives p-values that are near uniform on benign days, and few alerts", () => {
    const closed = benign.scores.filter((score) => score.closed);
    const mature = closed.flatMap(({ p, ageDays }) => (p === null || ageDays < 14 ? [] : [p]));
    const observed = (level: number): number =>
      mature.filter((p) => p <= level).length / mature.length / level;
    expect(mature.length).toBeGreaterThan(1000);
    expect(ksUniform(mature)).toBeLessThan(0.06);
    expect(observed(0.1)).toBeGreaterThan(0.7);
    expect(observed(0.1)).toBeLessThan(1.3);
    expect(observed(0.01)).toBeLessThan(2.2);
    const days = new Set(closed.map((score) => score.day)).size;
    const alerts = benign.findings.filter((found) => found.detector === "baseline").length;
    expect(alerts / days).toBeLessThanOrEqual(10);
  });

  it("scores every active day once closed, and says null and nothing while it learns", () => {
    const closed = benign.scores.filter((score) => score.closed);
    expect(new Set(closed.map((score) => `${score.day} ${score.entity}`)).size).toBe(closed.length);
    const early = closed.filter((score) => score.day < "2026-01-09");
    expect(early.length).toBeGreaterThan(200);
    expect(early.every((score) => score.p === null && Number.isFinite(score.score))).toBe(true);
    expect(benign.findings.every((found) => (found.baselineAgeDays ?? 0) >= 14)).toBe(true);
    expect(benign.findings.every((found) => found.p !== null && !found.certain)).toBe(true);
  });

  it("keeps robots quiet", () => {
    const robots = new Set(company.people.filter((p) => p.service).map((p) => p.name));
    expect(robots.size).toBeGreaterThan(1);
    expect(benign.findings.filter((found) => robots.has(found.entity)).length).toBeLessThanOrEqual(
      2,
    );
  });

  it("puts injected attacks on top", () => {
    const attack = attacks(company, { seed: 5, from: 28, perDay: 1 });
    const hostile = run([baseline], insert(attack.events));
    const scores = new Map(
      hostile.scores.map(({ day, entity, score }) => [dayKey(day, entity), score]),
    );
    const labels = attack.labels.map(({ user, day }) => ({
      id: `${user} ${day}`,
      kind: "credential theft" as const,
      account: user,
      days: [day],
      eventIds: [],
    }));
    const judged = { keys: [...scores.keys()], labels, touched: new Set<string>() };
    const found = power(judged, scores).recall[10]?.["credential theft"];
    expect((found?.found ?? 0) / labels.length).toBeGreaterThan(0.75);
  });
});

describe("baseline, one account", () => {
  const thief = [0, 2, 4].map((minutes) =>
    own(noon + minutes * MINUTE, {
      "source.ip": "185.1.2.3",
      "source.as.number": 50999,
      "source.geo.country_iso_code": "BR",
      "device.id": "X-1",
      "user_agent.original": "python-requests/2",
      "service.name": "mail",
    }),
  );

  it("alerts on a stolen credential within its first events and explains it", () => {
    const result = run([baseline], insert(thief));
    const found = result.findings.find((entry) => entry.entity === victim.name && entry.at >= noon);
    expect(found?.at).toBeLessThanOrEqual(noon + 4 * MINUTE);
    expect(found?.p).toBeLessThan(0.01);
    expect(found?.families).toEqual(expect.arrayContaining(["place", "device"]));
    expect(found?.evidence.some((entry) => entry.id === thief[0]?.["event.id"])).toBe(true);
    expect(found?.sourceIp).toBe("185.1.2.3");
    const shares = found?.explanation.reduce((sum, line) => sum + line.share, 0);
    expect(shares).toBeCloseTo(1, 2);
    expect(found?.message).toMatch(/new .*expected.*benign day in/);
    expect(found?.explanation.every((line) => line.observed !== "" && line.expected !== "")).toBe(
      true,
    );
  });

  it("is silent on the same day without the thief", () => {
    expect(
      benign.findings.filter((f) => f.entity === victim.name && f.at >= noon && f.at < noon + HOUR),
    ).toEqual([]);
  });

  it("does not learn from the thief: the same sign-in a week later is odd again", () => {
    const again = thief.map((entry) => ({
      ...entry,
      "@timestamp": new Date(Date.parse(entry["@timestamp"]) - 7 * DAY).toISOString(),
      "event.id": `${entry["event.id"].slice(0, 30)}ff`,
    }));
    const result = run([baseline], insert([...again, ...thief]));
    const day = new Date(noon).toISOString().slice(0, 10);
    expect(scoreOf(result, victim.name, day)?.score).toBeGreaterThan(2);
  });

  it("takes 10 000 failures from a strange address as failures, without a success in evidence", () => {
    const flood = Array.from({ length: 10_000 }, (_, index) =>
      own(noon + index * 100, {
        "event.outcome": "failure",
        "source.ip": "185.1.2.3",
        "source.as.number": 50999,
      }),
    );
    const result = run([baseline], insert(flood));
    const found = result.findings.filter(
      (entry) => entry.entity === victim.name && entry.at >= noon && entry.at < noon + HOUR,
    );
    expect(found.length).toBeGreaterThan(0);
    expect(found.length).toBeLessThanOrEqual(4);
    expect(found.every((entry) => entry.families.includes("failures"))).toBe(true);
    expect(found[0]?.evidence.some((entry) => entry.success && entry.dataset === "test")).toBe(
      false,
    );
    expect(result.bytes["baseline"]).toBeLessThanOrEqual(4096);
    const others = (entry: { entity: string }): boolean => entry.entity !== victim.name;
    const before = benign.scores.filter(
      (s) => others(s) && s.day <= new Date(noon).toISOString().slice(0, 10),
    );
    const after = result.scores.filter(
      (s) => others(s) && s.day <= new Date(noon).toISOString().slice(0, 10),
    );
    expect(after).toEqual(before);
  });
});
