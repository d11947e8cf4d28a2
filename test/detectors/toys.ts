import { Type } from "typebox";
import type { Detector, DetectorContext } from "../../detectors/detector.ts";
import { evidenceOf } from "../../detectors/detector.ts";
import { jsonCodec } from "../../detectors/runtime/codec.ts";
import type { Event } from "../../schemas/event.ts";
import { hash128, partitionOf } from "../../schemas/ids.ts";

export const T0 = Date.UTC(2026, 2, 2, 8, 0, 0);
export const MINUTE = 60_000;

/** An event of a user at `at` (epoch ms); the id is made of everything given. */
export function eventAt(at: number, user: string, more: Partial<Event> = {}): Event {
  const timestamp = new Date(at).toISOString();
  return {
    "@timestamp": timestamp,
    "event.id": hash128(timestamp, user, JSON.stringify(more)),
    "event.dataset": "test",
    "event.outcome": "success",
    "organization.id": "default",
    "user.entity.id": user,
    "user.entity.type": "user",
    ...more,
  };
}

const base = {
  version: "1",
  title: "toy",
  attack: ["T1078"],
  blindSpots: "everything",
  family: "volume",
  params: Type.Object({}),
} as const;

interface Counted {
  day: number;
  count: number;
  sum: number;
}

const DAY = 86_400_000;

/**
 * Counts a user's events a day, teaches `countries`, fires on every fifth event with what the shared
 * tables say in its discriminator, and closes the day by a wake: ids depend on order, tables, wakes.
 */
export const counter: Detector<unknown, Counted> = {
  ...base,
  ...jsonCodec<Counted>(),
  name: "toy-counter",
  entities: ["user"],
  tables: [{ name: "toy.countries", keepPerMille: 900 }],
  accepts: () => true,
  admits: (event) => event["event.outcome"] === "success",
  init: () => ({ day: -1, count: 0, sum: 0 }),
  migrate: () => undefined,
  step(state, event, context) {
    const day = Math.floor(context.at / DAY);
    if (day !== state.day) Object.assign(state, { day, count: 0, sum: 0 });
    state.count += 1;
    const country = event["source.geo.country_iso_code"] ?? "DE";
    const shared = context.shared("toy.countries");
    state.sum = (state.sum * 31 + shared.get(country) + (context.at % 997)) % 1_000_003;
    context.contribute("toy.countries", country, 1);
    context.wakeAt((day + 1) * DAY + 10 * MINUTE);
    if (state.count % 5 === 0)
      report(context, day * DAY, `fifth ${state.count} ${state.sum}`, event);
  },
  wake(state, context) {
    context.score({
      day: new Date(state.day * DAY).toISOString().slice(0, 10),
      p: null,
      score: state.sum,
      ageDays: 0,
      closed: true,
    });
    const known = context.shared("toy.countries").get("DE");
    report(context, state.day * DAY, `closed ${state.count} ${state.sum} ${known}`);
    context.contribute("toy.countries", "closed", state.count);
  },
};

/** Distinct users behind an address within an hour, by a wake at its end. */
export const sources: Detector<unknown, { hour: number; users: string[] }> = {
  ...base,
  ...jsonCodec<{ hour: number; users: string[] }>(),
  name: "toy-sources",
  entities: ["source"],
  tables: [{ name: "toy.sources", keepPerMille: 1000 }],
  accepts: () => true,
  admits: () => true,
  init: () => ({ hour: -1, users: [] }),
  migrate: () => undefined,
  step(state, event, context) {
    const hour = Math.floor(context.at / 3_600_000);
    if (hour !== state.hour) Object.assign(state, { hour, users: [] });
    const user = event["user.entity.id"] ?? "";
    if (!state.users.includes(user) && state.users.length < 100) state.users.push(user);
    context.contribute("toy.sources", context.entity.id, 1);
    context.wakeAt((hour + 1) * 3_600_000);
  },
  wake(state, context) {
    const countries = [...context.shared("toy.countries").entries()].length;
    report(context, state.hour * 3_600_000, `users ${state.users.length} ${countries}`);
  },
};

function report(
  context: DetectorContext<unknown>,
  windowStart: number,
  discriminator: string,
  event?: Event,
): void {
  context.emit({
    windowStart,
    discriminator,
    p: null,
    score: 1,
    severity: 50,
    certain: false,
    families: ["volume"],
    evidence: event === undefined ? [] : [evidenceOf(event)],
    message: discriminator,
    explanation: [],
  });
}

/** A seeded generator of numbers in [0, 1): mulberry32, public domain. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** Random events in log order: out of order by up to four minutes, never late. */
export function randomEvents(seed: number, count: number, days = 3): Event[] {
  const random = seeded(seed);
  const pick = (of: readonly string[]): string => of[Math.floor(random() * of.length)] ?? "";
  const users = Array.from({ length: 12 }, (_, index) => `user${index}`);
  const times = Array.from({ length: count }, () => T0 + Math.floor(random() * days * DAY));
  const order = times.sort((a, b) => a - b).map((at) => ({ at, key: at + random() * 4 * MINUTE }));
  return order
    .sort((left, right) => left.key - right.key)
    .map(({ at }) =>
      eventAt(at, pick(users), {
        "source.ip": `10.0.0.${Math.floor(random() * 5)}`,
        "source.geo.country_iso_code": pick(["DE", "FR", "JP"]),
        "event.outcome": random() < 0.2 ? "failure" : "success",
        "event.ingested": new Date(at + 5 * MINUTE).toISOString(),
      }),
    );
}

export const partitionFor = (event: Event, key: string, partitions: number): number =>
  partitionOf(`${event["organization.id"] ?? "default"}\u0000${key}`, partitions);
