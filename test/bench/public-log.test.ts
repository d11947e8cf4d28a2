import { describe, expect, it } from "vitest";
import {
  byAccountDay,
  createClock,
  type Entry,
  entryOf,
  HOUR,
  keyOf,
} from "../../bench/detection/public/audit-log.ts";
import { borrowSessions } from "../../bench/detection/public/borrowed-sessions.ts";
import { noveltySum } from "../../bench/detection/public/novelty-sum.ts";
import {
  areaUnderCurve,
  type Ranked,
  recallOfDay,
  rPrecision,
} from "../../bench/detection/public/ranks.ts";
import { documentsOf } from "../../bench/detection/public/xes.ts";
import type { Event } from "../../schemas/event.ts";

const clock = createClock("Europe/Stockholm");
const START = Date.parse("2026-02-02T00:00:00Z");

function entry(account: string, at: number, fields: Partial<Event> = {}): Entry {
  return entryOf(
    {
      "@timestamp": new Date(at).toISOString(),
      "event.id": `${account} ${at}`,
      "event.dataset": "ecs",
      "user.name": account,
      "user.entity.id": account,
      ...fields,
    },
    clock,
  ) as Entry;
}

/** Four accounts of two groups, three events a day in hours of their own, for thirty days. */
const log: Entry[] = ["ana", "ben", "eva", "tom"]
  .flatMap((account, index) =>
    Array.from({ length: 90 }, (_, event) =>
      entry(
        account,
        START + Math.floor(event / 3) * 24 * HOUR + (8 + 2 * index) * HOUR + (event % 3) * 60_000,
        {
          "user.group.name": index < 2 ? "sales" : "legal",
          "host.name": `host-of-${account}`,
          "session.id": `session-of-${account}`,
        },
      ),
    ),
  )
  .toSorted((a, b) => a.at - b.at);

const borrowed = (seed: number) =>
  borrowSessions(log, { seed, perKind: 4, from: "2026-02-16", clock });

describe("borrowed sessions", () => {
  const { entries, labels } = borrowed(3);
  const known = new Set(log.map(({ event }) => event["event.id"]));
  const hostile = entries.filter(({ event }) => !known.has(event["event.id"]));

  it("leave the log as it was and add what the labels say", () => {
    expect(entries.filter(({ event }) => known.has(event["event.id"]))).toEqual(log);
    expect(labels.map(({ kind }) => kind)).toEqual(
      ["stranger", "stranger at night", "colleague"].flatMap((kind) => [kind, kind, kind, kind]),
    );
    expect(new Set(hostile.map(keyOf))).toEqual(new Set(labels.map(keyOf)));
    expect(new Set(labels.map(keyOf)).size).toBe(labels.length);
  });

  it("fall on active days of the victim in the range asked for", () => {
    const active = new Set(log.map(keyOf));
    for (const label of labels) {
      expect(active).toContain(keyOf(label));
      expect(label.day >= "2026-02-16").toBe(true);
    }
  });

  it("carry the victim's names and the donor's everything else", () => {
    for (const { event, account } of hostile) {
      expect(event["user.name"]).toBe(account);
      expect(event["session.id"]).toBe(`session-of-${account}`);
      expect(event["host.name"]).not.toBe(`host-of-${account}`);
      expect(event["host.name"]).toMatch(/^host-of-(ana|ben|eva|tom)$/);
    }
  });

  it("come from the group that the kind says, at an hour that it says", () => {
    const pairs = [
      ["ana", "ben"],
      ["eva", "tom"],
    ];
    for (const { kind, account, day } of labels) {
      const begun = hostile.find((one) => keyOf(one) === keyOf({ account, day })) as Entry;
      const donor = begun.event["host.name"]?.slice("host-of-".length) as string;
      const together = pairs.some((pair) => pair.includes(account) && pair.includes(donor));
      expect(together).toBe(kind === "colleague");
      const hours = new Set(
        log.filter((one) => one.account === account).map((one) => Math.floor(one.clock / HOUR)),
      );
      const first = Math.floor(begun.clock / HOUR);
      expect(kind === "stranger at night" && hours.has(first)).toBe(false);
    }
  });

  it("are the same for the same seed and others for another", () => {
    expect(borrowed(3)).toEqual({ entries, labels });
    expect(borrowed(4).labels).not.toEqual(labels);
  });
});

describe("clock", () => {
  it("reads local days and finds its way back, before and after the clocks change", () => {
    const before = Date.parse("2026-03-28T23:30:00Z");
    expect(clock.read(before)).toEqual({ day: "2026-03-29", clock: HOUR / 2 });
    for (const at of [before, Date.parse("2026-03-29T12:00:00Z")]) {
      const { day, clock: time } = clock.read(at);
      expect(clock.instant(day, time)).toBe(at);
    }
  });
});

describe("naive sum of novelties", () => {
  it("is about zero on a day like all others and adds up what is new", () => {
    const odd = entry("ana", START + 40 * 24 * HOUR + 20 * HOUR, {
      "host.name": "never seen",
      "device.id": "nor this",
    });
    const scores = noveltySum([...log, odd]);
    const keys = [...byAccountDay(log).keys()].filter((key) => key.endsWith(" ana"));
    expect(scores.get(keys[0] as string)).toBe(0);
    expect(scores.get(keys.at(-1) as string)).toBeLessThan(0.05);
    // Two values new, an hour never used (½ of 31 days), one place more than always.
    expect(scores.get(keyOf(odd))).toBeCloseTo(2 + Math.log(62) + 1, 5);
  });
});

describe("ranks", () => {
  const days: Ranked[] = [
    ["d1", 5, true],
    ["d1", 4, false],
    ["d1", 3, true],
    ["d2", 9, false],
    ["d2", 1, true],
  ].map(([day, score, attacked], index) => ({
    key: String(index),
    day: day as string,
    score: score as number,
    attacked: attacked as boolean,
  }));

  it("count pairs, the highest of a day, and the highest of all", () => {
    expect(areaUnderCurve(days)).toBeCloseTo(1 / 6, 10);
    expect(recallOfDay(days, 1)).toBeCloseTo(1 / 3, 10);
    expect(recallOfDay(days, 2)).toBeCloseTo(2 / 3, 10);
    expect(rPrecision(days)).toBeCloseTo(1 / 3, 10);
  });

  it("are never flattered by equal scores", () => {
    const level = days.map((day) => ({ ...day, score: 0 }));
    expect(areaUnderCurve(level)).toBe(0.5);
    expect(recallOfDay(level, 1)).toBe(0);
  });
});

describe("XES", () => {
  it("becomes ECS documents in time order, without those that name nobody", () => {
    const event = (who: string, at: string, rest = ""): string =>
      `<event><string key="org:resource" value="${who}"/><date key="time:timestamp" value="${at}"/>` +
      `<string key="concept:name" value="Accept &amp; go"/>${rest}</event>`;
    const xml = `<log><global scope="event"><string key="org:resource" value="UNKNOWN"/></global>
      <trace><string key="channel" value="Internet"/>
        ${event("Eva", "2012-05-02T10:00:00+02:00", '<string key="org:group" value="G 97"/><string key="resource country" value="Sweden"/>')}
        ${event("UNKNOWN", "2012-05-02T11:00:00+02:00")}
      </trace>
      <trace>${event("Tom", "2012-05-01T10:00:00+02:00")}</trace></log>`;
    expect(documentsOf(xml)).toEqual([
      {
        "@timestamp": "2012-05-01T10:00:00+02:00",
        "event.action": "Accept & go",
        "event.outcome": "success",
        "user.name": "Tom",
      },
      {
        "@timestamp": "2012-05-02T10:00:00+02:00",
        "event.action": "Accept & go",
        "event.outcome": "success",
        "user.name": "Eva Sweden",
        "host.name": "G 97",
        "service.name": "Internet",
      },
    ]);
  });
});
