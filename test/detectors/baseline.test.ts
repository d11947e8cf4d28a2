import { describe, expect, it } from "vitest";
import { organisation } from "../../bench/organisation.ts";
import { baseline } from "../../detectors/baseline.ts";
import { decodeState, encodeState } from "../../detectors/baseline/state-bytes.ts";
import type { Event } from "../../schemas/event.ts";
import { event, identityOf, run } from "./harness.ts";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 5);

const own = (at: number, more: Partial<Event> = {}): Event =>
  event(at, {
    "event.category": ["authentication"],
    "event.action": "sign_in",
    "event.outcome": "success",
    "user.entity.id": "ana",
    "user.group.name": "finance",
    ...more,
  });

describe("baseline", () => {
  it("finds the same when state is bytes between any two events", () => {
    const events = [...organisation({ seed: 4, people: 14, days: 21, start: START }).events()];
    const params = { baseline: { learning_days: 4, learning_entity_days: 40, budget_per_day: 50 } };
    const plain = run([baseline], events, { params });
    const recoded = run([baseline], events, { params, recode: true });
    expect(plain.findings.length).toBeGreaterThan(0);
    expect(recoded.findings.map(identityOf)).toEqual(plain.findings.map(identityOf));
    expect(recoded.scores).toEqual(plain.scores);
  });

  it("counts an event that is late within the lag to the day it happened on", () => {
    const midnight = START + DAY;
    const events = [
      own(START + HOUR),
      own(midnight + MINUTE),
      own(midnight - MINUTE),
      own(midnight + HOUR),
    ];
    const scores = run([baseline], events).scores.filter((score) => score.closed);
    expect(scores.map((score) => score.day)).toEqual(["2026-01-05", "2026-01-06"]);
    const inOrder = events.toSorted((a, b) => (a["@timestamp"] < b["@timestamp"] ? -1 : 1));
    expect(run([baseline], inOrder).scores).toEqual(run([baseline], events).scores);
  });

  it("opens a day whose only event comes after the first one of the next day", () => {
    const midnight = START + 3 * DAY;
    const events = [
      own(START + HOUR),
      own(midnight + MINUTE),
      own(midnight - MINUTE),
      own(midnight + HOUR),
    ];
    const inOrder = events.toSorted((a, b) => (a["@timestamp"] < b["@timestamp"] ? -1 : 1));
    const { scores } = run([baseline], events);
    expect(scores.filter((score) => score.closed)).toHaveLength(3);
    expect(scores).toEqual(run([baseline], inOrder).scores);
  });

  it("keeps local days: an evening west of Greenwich belongs to the day before", () => {
    const scores = run([baseline], [own(START + DAY + 2 * HOUR)], {
      zoneOffsetMs: -5 * HOUR,
    }).scores;
    expect(scores.at(-1)).toMatchObject({ day: "2026-01-05", closed: true, p: null, ageDays: 0 });
  });

  it("ignores an event of a day that is closed", () => {
    const events = [own(START + HOUR), own(START + 2 * DAY), own(START + 2 * HOUR)];
    const days = run([baseline], events).scores.filter((score) => score.closed);
    expect(days.map((score) => score.day)).toEqual(["2026-01-05", "2026-01-07"]);
  });

  it("creates no state for invented names", () => {
    const invented = Array.from({ length: 1000 }, (_, index) =>
      event(START + index, {
        "event.category": ["authentication"],
        "event.outcome": "failure",
        "user.entity.id": `made-up-${index}`,
        "user.known": false,
        "source.ip": "9.9.9.9",
      }),
    );
    expect(run([baseline], invented).states).toEqual({});
  });

  it("stays within its bytes whatever it is fed", () => {
    const long = "日".repeat(500);
    const events = Array.from({ length: 40 * 60 }, (_, index) =>
      own(START + Math.floor(index / 60) * DAY + (index % 60) * 24 * MINUTE, {
        "event.id": `${"e".repeat(40)}${index}`,
        "device.id": `${long}${index}`,
        "host.name": `${long}h${index}`,
        "process.name": `${"\u0007".repeat(40)}p${index}"\\`,
        "service.name": `s${index}`,
        "url.domain": `d${index}.example`,
        "session.id": `${index % 3}`,
        "source.ip": `7.${index % 250}.1.1`,
        "user.group.name": long,
      }),
    );
    const result = run([baseline], events, { recode: true });
    expect(result.bytes["baseline"]).toBeLessThanOrEqual(4096);
  });

  it("reads its own bytes back exactly", () => {
    const state = baseline.init() as Parameters<typeof encodeState>[0];
    state.models.fill(0.1);
    state.exceed.fill(7);
    const bytes = encodeState(state);
    expect(encodeState(decodeState(bytes))).toEqual(bytes);
  });
});
