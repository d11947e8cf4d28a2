import { describe, expect, it } from "vitest";
import type { Anomaly } from "../../../schemas/anomaly.ts";
import { triageConfig } from "../../../responders/runtime/config.ts";
import { createTriage } from "../../../responders/runtime/triage.ts";
import { DAY, device, feed, HOUR, iso, latestIncidents, MINUTE, travel, unlikely } from "./make.ts";

const MIDNIGHT = Date.parse("2026-03-02T00:00:00.000Z");
const USERS = 1_000;

const triageOf = (budget_per_day: number, timezone = "UTC") =>
  createTriage(triageConfig({ budget_per_day }, { timezone }));

/** Calibrated, about an account of its own, and not rare enough to be strong. */
const ordinary = (at: number, who: string, patch: Partial<Anomaly> = {}): Anomaly =>
  unlikely(at, {
    "entity.id": who,
    "anomaly.p": 5e-3,
    "population.active_users": USERS,
    ...patch,
  });
/** `count` accounts within as many minutes. */
const crowd = (at: number, count: number, patch: Partial<Anomaly> = {}): Anomaly[] =>
  Array.from({ length: count }, (_, index) =>
    ordinary(at + index * MINUTE, `u-${at}-${index}`, patch),
  );

/** As many accounts, found by a detector that is certain. */
const certain = (at: number, count: number): Anomaly[] =>
  Array.from({ length: count }, (_, index) =>
    travel(at + index, { "entity.id": `c-${at}-${index}` }),
  );

function decisions(triage: ReturnType<typeof triageOf>, given: readonly Anomaly[]): string[] {
  const said = new Map<string, string>();
  for (const { "anomaly.ids": ids, "page.decisions": decided } of feed(triage, ...given)
    .incidents) {
    ids.forEach((id, index) => said.set(id, decided?.[index] ?? ""));
  }
  return given.map((one) => said.get(one["anomaly.id"]) ?? "none");
}
const pages = (triage: ReturnType<typeof triageOf>, given: readonly Anomaly[]): number =>
  decisions(triage, given).filter((one) => one === "paged").length;

describe("the budget of a day", () => {
  it("is N and a quarter for noise, and new every midnight however noisy the day was", () => {
    const triage = triageOf(4);
    expect(pages(triage, crowd(MIDNIGHT + 9 * HOUR, 50))).toBe(5);
    expect(pages(triage, crowd(MIDNIGHT + 22 * HOUR, 100))).toBe(0);
    expect(pages(triage, [ordinary(MIDNIGHT + DAY + MINUTE, "ann")])).toBe(1);
    expect(pages(triage, crowd(MIDNIGHT + DAY + 2 * HOUR, 50))).toBe(1);
    expect(pages(triage, crowd(MIDNIGHT + DAY + 12 * HOUR, 50))).toBe(3);
  });

  it("counts to the day of its own time, in whatever order findings come", () => {
    const triage = triageOf(4);
    expect(pages(triage, [ordinary(MIDNIGHT + 1.5 * DAY, "ann")])).toBe(1);
    expect(pages(triage, crowd(MIDNIGHT + 20 * HOUR, 50))).toBe(5);
  });

  it("counts the days of the organisation's zone", () => {
    const evening = [...crowd(MIDNIGHT + 22 * HOUR, 3), ...crowd(MIDNIGHT + 23.5 * HOUR, 3)];
    expect(pages(triageOf(2, "UTC"), evening)).toBe(2);
    expect(pages(triageOf(2, "Europe/Berlin"), evening)).toBe(4);
    const { incidents } = feed(triageOf(2, "Europe/Berlin"), ...evening);
    expect([incidents[0]?.["page.days"], incidents[5]?.["page.days"]]).toEqual([
      ["2026-03-02"],
      ["2026-03-03"],
    ]);
  });

  it("leaves a quarter more to what is certain or very rare", () => {
    const triage = triageOf(8);
    expect(pages(triage, crowd(MIDNIGHT + 9 * HOUR, 50))).toBe(10);
    const rare = { "anomaly.p": 0.8 / USERS };
    expect(pages(triage, crowd(MIDNIGHT + 10 * HOUR, 1, rare))).toBe(1);
    expect(pages(triage, certain(MIDNIGHT + 11 * HOUR, 5))).toBe(1);
    expect(pages(triage, crowd(MIDNIGHT + 12 * HOUR, 2, rare))).toBe(0);
  });

  it.each([1, 2, 3, 4, 5, 10, 20])("is not gone at midnight, whatever took it: %i a day", (N) => {
    const strong = certain(MIDNIGHT + 22 * HOUR, 100);
    const noise = crowd(MIDNIGHT + 22 * HOUR, 99);
    const [half, quarter] = [Math.floor(N / 2), Math.floor(N / 4)];
    /** Pages of an evening, then those to be had at midnight by strong findings and by others. */
    const evening = (given: readonly Anomaly[]): number[] => {
      const [first, second] = [triageOf(N), triageOf(N)];
      return [
        pages(first, given),
        pages(second, given),
        pages(first, certain(MIDNIGHT + DAY, 99)),
        pages(second, crowd(MIDNIGHT + DAY, 99)),
      ];
    };
    expect(evening(strong)).toEqual([N + half, N + half, N - half, N - half - quarter]);
    expect(evening(noise)).toEqual([N + quarter, N + quarter, N - quarter, N - 2 * quarter]);
    expect(N - half - quarter).toBeGreaterThanOrEqual(1);
    expect(N - 2 * quarter).toBeGreaterThanOrEqual(half);
  });

  it("is one budget also on the day on which clocks go back", () => {
    const triage = triageOf(1, "Europe/Berlin");
    const begin = Date.parse("2026-10-24T22:00:00.000Z");
    expect(pages(triage, certain(begin, 2))).toBe(1);
    expect(pages(triage, certain(begin + 24.5 * HOUR, 1))).toBe(0);
    expect(pages(triage, certain(begin + 25 * HOUR, 1))).toBe(1);
  });

  it("keeps a quarter of N from noise on both sides of midnight", () => {
    const triage = triageOf(8);
    expect(pages(triage, crowd(MIDNIGHT + 22 * HOUR, 50))).toBe(10);
    expect(pages(triage, crowd(MIDNIGHT + DAY, 50))).toBe(4);
    expect(pages(triage, certain(MIDNIGHT + DAY + HOUR, 9))).toBe(2);
  });

  it("takes nothing for rare while nobody knows how many are active", () => {
    const triage = triageOf(1);
    const rare = { "anomaly.p": 1e-9, "population.active_users": 0 };
    expect(pages(triage, crowd(MIDNIGHT, 3, rare))).toBe(1);
  });

  it("pages nobody at nought, and lists everything", () => {
    const said = decisions(triageOf(0), [...crowd(MIDNIGHT, 3), ...certain(MIDNIGHT + DAY, 1)]);
    expect(said).toEqual(Array.from({ length: 4 }, () => "over_budget"));
  });

  it("says no to what is late or slight", () => {
    const said = decisions(triageOf(9), [
      travel(MIDNIGHT, { "anomaly.late": true }),
      ordinary(MIDNIGHT, "bob", { "anomaly.severity": 39 }),
      ordinary(MIDNIGHT, "cid", { "anomaly.severity": 40 }),
    ]);
    expect(said).toEqual(["late", "slight", "paged"]);
  });
});

describe("an entity that was paged", () => {
  it("is paged again in three days only for a tenfold fall of p or news that is certain", () => {
    const said = decisions(triageOf(1_000), [
      ordinary(MIDNIGHT, "ann", { "anomaly.p": 1e-3 }),
      ordinary(MIDNIGHT + 1, "ann", { "anomaly.p": 2e-4 }),
      ordinary(MIDNIGHT + 2, "ann", { "anomaly.p": 1e-4 }),
      travel(MIDNIGHT + 3, { "entity.id": "ann" }),
      travel(MIDNIGHT + 4, { "entity.id": "ann" }),
      device(MIDNIGHT + 5, { "entity.type": "user", "entity.id": "ann" }),
      ordinary(MIDNIGHT + 3 * DAY, "ann", { "anomaly.p": 1e-4 }),
      ordinary(MIDNIGHT + 3 * DAY + 10, "ann", { "anomaly.p": 1e-4 }),
    ]);
    expect(said).toEqual([
      "paged",
      "folded",
      "paged",
      "paged",
      "folded",
      "paged",
      "folded",
      "paged",
    ]);
  });

  it("is decided anew when what was late may act", () => {
    const triage = triageOf(1);
    const late = ordinary(MIDNIGHT, "ann", { "anomaly.late": true });
    expect(decisions(triage, [late])).toEqual(["late"]);
    const timely = ordinary(MIDNIGHT, "ann");
    const [incident] = feed(triage, timely).incidents;
    expect(incident?.["anomaly.ids"]).toEqual([timely["anomaly.id"]]);
    expect(incident?.["page.decisions"]).toEqual(["paged"]);
  });
});

describe("what is held back", () => {
  it("stands beside its incident with the reason, the day and the promise", () => {
    const [first, last] = [ordinary(MIDNIGHT, "ann"), ordinary(MIDNIGHT + DAY, "ann")];
    const [incident] = latestIncidents(feed(triageOf(3), first, last).incidents);
    expect(incident).toMatchObject({
      "anomaly.ids": [first["anomaly.id"], last["anomaly.id"]],
      "paged.anomaly.ids": [first["anomaly.id"]],
      "page.decisions": ["paged", "folded"],
      "page.days": ["2026-03-02", "2026-03-03"],
      "page.promise": 3,
    });
  });

  it("is the same after a restart from a checkpoint at any moment", () => {
    const given = [...crowd(MIDNIGHT, 5), ...crowd(MIDNIGHT + DAY, 5), travel(MIDNIGHT + DAY)];
    const whole = decisions(triageOf(2), given);
    for (let cut = 0; cut <= given.length; cut++) {
      const [before, after] = [triageOf(2), triageOf(2)];
      const head = decisions(before, given.slice(0, cut));
      after.restore(new Map(before.encode()));
      expect([...head, ...decisions(after, given.slice(cut))]).toEqual(whole);
    }
  });

  it("goes on from a checkpoint and an incident that a former version wrote", () => {
    const before = triageOf(5);
    feed(before, travel(MIDNIGHT), travel(MIDNIGHT + 1));
    const cells = before.encode().map(([key, bytes]) => {
      const text = Buffer.from(bytes).toString();
      const former = text
        .replace('"certain":["impossible-travel"]', '"certain":true')
        .replace(/"page\.decisions":.*"page\.promise":\d+,/, "");
      return [key, Buffer.from(former)] as const;
    });
    const after = triageOf(5);
    after.restore(new Map(cells));
    const [incident] = feed(after, device(MIDNIGHT + MINUTE)).incidents;
    expect(incident?.["page.decisions"]).toEqual(["", "", "paged"]);
  });
});

/** Linear congruential, so that a failure can be seen again. */
function chance(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) >>> 0;
    return state / 4_294_967_296;
  };
}

function stormOf(seed: number, days: number): Anomaly[] {
  const next = chance(seed);
  const storm: Anomaly[] = [];
  for (let day = 0; day < days; day++) {
    const count = next() < 0.3 ? 120 : Math.floor(next() * 8);
    for (let index = 0; index < count; index++) {
      const at = MIDNIGHT + Math.floor((day + next()) * DAY);
      const who = `u${Math.floor(next() * 300)}`;
      const make = next() < 0.2 ? travel : ordinary;
      const patch = { "entity.id": who, "anomaly.p": 10 ** (-2 - 3 * next()) };
      storm.push(make === travel ? travel(at, patch) : ordinary(at, who, patch));
    }
  }
  // In the log an anomaly may stand minutes, sometimes hours, behind later ones.
  const seen = (one: Anomaly) => Date.parse(one["@timestamp"]) + next() ** 4 * 20 * HOUR;
  return storm
    .map((one) => ({ one, at: seen(one) }))
    .toSorted((left, right) => left.at - right.at)
    .map(({ one }) => one);
}

const zones = ["UTC", "America/Los_Angeles", "Pacific/Auckland", "Asia/Kathmandu"];
const calendars = zones.map((timeZone) => new Intl.DateTimeFormat("sv-SE", { timeZone }));

describe("over seeded storms", () => {
  const runs = [1, 2, 3, 4].flatMap((seed) =>
    [1, 3, 10].map((perDay) => ({ seed, perDay, zone: zones[seed % zones.length] ?? "UTC" })),
  );

  it.each(runs)("seed $seed, $perDay a day, $zone: never above 2 N", ({ seed, perDay, zone }) => {
    const storm = stormOf(seed, 30);
    const said = decisions(triageOf(perDay, zone), storm);
    const times = storm.flatMap((one, index) =>
      said[index] === "paged" ? [Date.parse(one["@timestamp"])] : [],
    );
    expect(times.length).toBeGreaterThan(perDay * 10);
    for (const calendar of calendars) {
      const perDate = new Map<string, number>();
      for (const day of times.map((at) => calendar.format(at))) {
        perDate.set(day, (perDate.get(day) ?? 0) + 1);
      }
      expect(Math.max(...perDate.values())).toBeLessThanOrEqual(2 * perDay);
    }
    const most = times.map((from) => times.filter((at) => at >= from && at < from + DAY).length);
    expect(Math.max(...most)).toBeLessThanOrEqual(2 * perDay);
    expect(said).not.toContain("none");
  });

  it.each(runs)("seed $seed, $perDay a day: a quiet day's page comes through", (run) => {
    const triage = triageOf(run.perDay);
    const next = chance(run.seed);
    const flood = Array.from({ length: 200 }, (_, index) =>
      ordinary(MIDNIGHT + Math.floor(next() * DAY), `noise-${index}`),
    ).toSorted((left, right) => (left["@timestamp"] < right["@timestamp"] ? -1 : 1));
    expect(pages(triage, flood)).toBe(run.perDay + Math.floor(run.perDay / 4));
    const at = MIDNIGHT + DAY + Math.floor(next() * DAY);
    const said = decisions(triage, [ordinary(at, "ann")]);
    expect([iso(at), said]).toEqual([iso(at), ["paged"]]);
  });
});
