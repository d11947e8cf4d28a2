import { Value } from "typebox/value";
import { beforeAll, describe, expect, it } from "vitest";
import { harbour } from "../../bench/detection/harbour/harbour.ts";
import { mill } from "../../bench/detection/mill/mill.ts";
import type { Organisation, SimulationOptions } from "../../bench/detection/simulation.ts";
import { random } from "../../bench/random.ts";
import { detectors } from "../../detectors/index.ts";
import { createReplay } from "../../detectors/runtime/replay.ts";
import type { Event } from "../../schemas/event.ts";

/**
 * Events that arrive up to 4.9 minutes late, within the lag, must leave every closed day with the same
 * p-value and score, bit for bit. What may differ: scores of days as they run and what is learned of
 * those (`d …` in `baseline.tails`, which closed days never read), so that a few alerts come or do not;
 * their evidence and words; and the interval in which the runtime's `population` counts a user.
 * All organisations are synthetic.
 */

const LATEST = 294_000;
const timeOf = (event: Event): number => Date.parse(event["@timestamp"]);
const iso = (at: number): string => new Date(at).toISOString();

const inOrder = (events: readonly Event[]): Event[] =>
  events.map((event) => ({ ...event, "event.ingested": event["@timestamp"] }));

function shuffled(events: readonly Event[], seed: number): Event[] {
  const draw = random(seed);
  return events
    .map((event) => {
      const arrival = timeOf(event) + draw.integer(LATEST);
      return { arrival, event: { ...event, "event.ingested": iso(arrival) } };
    })
    .toSorted((left, right) => left.arrival - right.arrival)
    .map(({ event }) => event);
}

/** Every 20th event comes again half a minute later. */
function repeated(events: readonly Event[]): Event[] {
  const again = events
    .filter((_, index) => index % 20 === 0)
    .map((event) => ({ ...event, "event.ingested": iso(timeOf(event) + 30_000) }));
  return [...inOrder(events), ...again].toSorted((left, right) =>
    (left["event.ingested"] ?? "") < (right["event.ingested"] ?? "") ? -1 : 1,
  );
}

const early = { learning_days: 5, learning_entity_days: 120, budget_per_day: 30 };

function replay(events: readonly Event[], timezone: string) {
  const params = Object.fromEntries(
    detectors.map((one) => [
      one.name,
      Value.Default(one.params, one.name === "baseline" ? { ...early } : {}),
    ]),
  );
  const engine = createReplay({ detectors, params, timezone, readAt: Number.POSITIVE_INFINITY });
  const closed = new Map<string, string>();
  const ids = new Set<string>();
  let known = 0;
  const take = (outputs: ReturnType<typeof engine.push>): void => {
    expect(outputs.failures).toEqual([]);
    for (const anomaly of outputs.anomalies) ids.add(anomaly["anomaly.id"]);
    for (const score of outputs.scores) {
      if (!score["score.closed"]) continue;
      const of = `${score["detector.name"]} ${score["entity.type"]} ${score["entity.id"]}`;
      const { "anomaly.p": p, "anomaly.score": height } = score;
      closed.set(`${of} ${score.day}`, `${p} ${height} ${score["baseline.age_days"]}`);
      if (p !== null) known++;
    }
  };
  for (const event of events) take(engine.push(event));
  for (const outputs of engine.end()) take(outputs);
  return { closed, ids, known, counts: engine.engine.gate.counts };
}

const share = (left: ReadonlySet<string>, right: ReadonlySet<string>): number => {
  const all = new Set([...left, ...right]);
  const common = [...left].filter((id) => right.has(id)).length;
  return (all.size - common) / Math.max(1, all.size);
};

interface Case {
  readonly organisation: Organisation;
  readonly people: number;
  readonly days: number;
}

const cases: readonly Case[] = [
  { organisation: harbour, people: 26, days: 22 },
  { organisation: mill, people: 14, days: 13 },
];

const optionsOf = ({ people, days }: Case): SimulationOptions => ({
  seed: 31,
  people,
  days,
  start: Date.UTC(2026, 0, 4, 23),
  attacks: ["credential theft", "mfa fatigue", "session hijack", "brute force", "lateral movement"],
  attacksPerDay: 1,
  attacksFrom: 8,
});

describe.each(cases)("a day of $organisation.name", { timeout: 60_000 }, (one) => {
  const simulation = one.organisation.simulate(optionsOf(one));
  let events: readonly Event[];
  let ordered: ReturnType<typeof replay>;
  beforeAll(() => {
    events = [...simulation.events()];
    ordered = replay(inOrder(events), simulation.timezone);
  }, 60_000);

  it("closes with the same p-value and score whatever order its events arrive in", () => {
    const mixed = shuffled(events, 7);
    const overtaken = mixed.filter((event, index) => {
      const before = mixed[index - 1];
      return before !== undefined && timeOf(before) > timeOf(event);
    });
    expect(overtaken.length).toBeGreaterThan(events.length / 10);
    const other = replay(mixed, simulation.timezone);
    expect(other.counts).toMatchObject({ late: 0, future: 0, stale: 0 });
    expect(ordered.known).toBeGreaterThan(100);
    expect(other.closed.size).toBe(ordered.closed.size);
    const differing = [...ordered.closed].filter(([day, said]) => other.closed.get(day) !== said);
    expect(differing).toEqual([]);
    expect(ordered.ids.size).toBeGreaterThan(5);
    const apart = share(ordered.ids, other.ids);
    process.stdout.write(
      `${one.organisation.name} (synthetic): ${(100 * apart).toFixed(1)} % of ${ordered.ids.size} anomaly ids differ\n`,
    );
    expect(apart).toBeLessThanOrEqual(0.1);
  });

  it("gives the same ids and scores when every 20th event comes twice", () => {
    const other = replay(repeated(events), simulation.timezone);
    expect(other.counts.repeats).toBe(Math.ceil(events.length / 20));
    expect(other.ids).toEqual(ordered.ids);
    expect(other.closed).toEqual(ordered.closed);
  });
});
