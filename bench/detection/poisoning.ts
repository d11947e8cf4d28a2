import type { Event } from "../../schemas/event.ts";
import { hash128 } from "../../schemas/ids.ts";
import { merge } from "../attacks.ts";
import { type Random, random } from "../random.ts";
import { type Calendar, calendarOf, DAY } from "./calendar.ts";
import type { Label, Simulation } from "./simulation.ts";

/** Final level of a ramp against the account's own habit. */
const FACTOR = 20;

/** Accounts whose days grow slowly, exponentially to ×20. */
export interface Ramp {
  readonly kind: string;
  readonly span: number;
  /** Whether byte-carrying events multiply too (×√20, and each one's bytes ×√20), or bytes alone. */
  readonly events: boolean;
  readonly accounts: readonly string[];
}

const shuffled = (names: readonly string[], dice: Random): string[] =>
  names
    .map((name) => [dice.next(), name] as const)
    .toSorted((a, b) => a[0] - b[0])
    .map(([, name]) => name);

/** People that are there from the start and that nothing malicious names. */
function untouched(simulation: Simulation): string[] {
  const attacked = new Set(simulation.labels.map(({ account }) => account));
  return simulation.accounts
    .filter(({ kind, joins, name }) => kind === "person" && joins <= 0 && !attacked.has(name))
    .map(({ name }) => name);
}

const BYTES = ["source.bytes", "network.bytes", "destination.bytes"] as const;
/** Days with bytes, before its ramp, of an account that can have one. */
const BYTE_DAYS = 10;

/** Accounts with byte-carrying events on ten local days before day `from`: without any nothing grows. */
function byteCarriers(simulation: Simulation, from: number): Set<string> {
  const calendar = calendarOf(simulation);
  const days = new Map<string, Set<number>>();
  for (const event of simulation.events()) {
    const day = calendar.indexOf(calendar.dayOf(Date.parse(event["@timestamp"])));
    if (day >= from) break;
    const account = event["user.entity.id"];
    if (account === undefined || !BYTES.some((field) => event[field] !== undefined)) continue;
    days.set(account, (days.get(account) ?? new Set()).add(day));
  }
  return new Set([...days].flatMap(([account, own]) => (own.size < BYTE_DAYS ? [] : [account])));
}

export interface RampDraw {
  readonly ramps: readonly Ramp[];
  /** Who could have had a ramp and has none. */
  readonly controls: readonly string[];
}

/** Four arms of up to `size` people each, drawn by the seed, whose ramps begin on day `from`. */
export function drawRamps(simulation: Simulation, size: number, from: number): RampDraw {
  const carriers = byteCarriers(simulation, from);
  const able = untouched(simulation).filter((name) => carriers.has(name));
  const drawn = shuffled(able, random(simulation.options.seed, 60));
  const arms = [20, 60].flatMap((span) =>
    [false, true].map((events) => ({
      kind: `${span} days, ${events ? "bytes and events" : "bytes only"}`,
      span,
      events,
    })),
  );
  const ramps = arms.map((arm, index) => ({
    ...arm,
    accounts: drawn.slice(index * size, (index + 1) * size),
  }));
  return { ramps, controls: drawn.slice(arms.length * size) };
}

/** The same simulation with ramps in it, all from local day `from` on. */
export function withRamps(
  simulation: Simulation,
  ramps: readonly Ramp[],
  from: number,
): Simulation {
  const calendar = calendarOf(simulation);
  const rampOf = new Map(ramps.flatMap((ramp) => ramp.accounts.map((name) => [name, ramp])));
  function* events(): Generator<Event> {
    const dice = random(simulation.options.seed, 61);
    for (const event of simulation.events()) {
      const ramp = rampOf.get(event["user.entity.id"] ?? "");
      const level = ramp === undefined ? 1 : levelOf(ramp, event, { calendar, from });
      yield* ramp === undefined || level === 1 ? [event] : grown(event, { ramp, level, dice });
    }
  }
  return { ...simulation, events };
}

function levelOf(
  ramp: Ramp,
  event: Event,
  { calendar, from }: { readonly calendar: Calendar; readonly from: number },
): number {
  const day = calendar.indexOf(calendar.dayOf(Date.parse(event["@timestamp"]))) - from;
  return day < 0 || day >= ramp.span ? 1 : FACTOR ** ((day + 1) / ramp.span);
}

function grown(
  event: Event,
  of: { readonly ramp: Ramp; readonly level: number; readonly dice: Random },
): Event[] {
  if (!BYTES.some((field) => event[field] !== undefined)) return [event];
  const size = of.ramp.events ? Math.sqrt(of.level) : of.level;
  const many = of.ramp.events ? Math.sqrt(of.level) : 1;
  const bytes = Object.fromEntries(
    BYTES.flatMap((field) => {
      const value = event[field];
      return value === undefined ? [] : [[field, Math.round(value * size)]];
    }),
  );
  const count = Math.floor(many) + Number(of.dice.chance(many - Math.floor(many)));
  return Array.from({ length: count }, (_, index) => ({
    ...event,
    ...bytes,
    "event.id": index === 0 ? event["event.id"] : hash128(event["event.id"], String(index)),
  }));
}

/** Colleagues that prepare an attack by using its values first. */
export interface Collusion {
  readonly simulation: Simulation;
  /** Labels with three colluders each. */
  readonly labels: readonly Label[];
  readonly colluders: readonly { readonly account: string; readonly label: Label }[];
}

const COLLUDERS = 3;
/** Days before the attack over which they spread it. */
export const PREPARATION = 10;

/**
 * Three untouched accounts of the attacker's group each do every malicious event once, from their own
 * device and network, on one of the ten days before. Attacks whose group has no three such are left
 * out.
 */
export function withColluders(simulation: Simulation): Collusion {
  const dice = random(simulation.options.seed, 62);
  const groupOf = new Map(simulation.accounts.map(({ name, group }) => [name, group]));
  const free = untouched(simulation);
  const colluders = simulation.labels.flatMap((label) => {
    const own = free.filter((name) => groupOf.get(name) === groupOf.get(label.account));
    if (own.length < COLLUDERS || label.eventIds.length === 0) return [];
    return shuffled(own, dice)
      .slice(0, COLLUDERS)
      .map((account) => ({ account, label }));
  });
  const { malicious, habits } = recall(simulation, new Set(colluders.map((one) => one.account)));
  const extra = colluders
    .flatMap(({ account, label }, turn) =>
      label.eventIds.flatMap((id, index) => {
        const event = malicious.get(id);
        const habit = habits.get(`${account} ${event?.["event.category"]?.[0]}`);
        if (event === undefined || habit === undefined) return [];
        return [prepared(event, habit, { back: 1 + (index % PREPARATION), turn })];
      }),
    )
    .toSorted((a, b) => (a["@timestamp"] < b["@timestamp"] ? -1 : 1));
  const labels = [...new Set(colluders.map(({ label }) => label))];
  return {
    simulation: { ...simulation, events: () => merge(simulation.events(), extra) },
    labels,
    colluders,
  };
}

/** Malicious events by id, and an ordinary event of each account and category. */
function recall(simulation: Simulation, accounts: ReadonlySet<string>) {
  const ids = new Set(simulation.labels.flatMap(({ eventIds }) => eventIds));
  const malicious = new Map<string, Event>();
  const habits = new Map<string, Event>();
  for (const event of simulation.events()) {
    const account = event["user.entity.id"] ?? "";
    if (ids.has(event["event.id"])) malicious.set(event["event.id"], event);
    else if (accounts.has(account) && event["event.outcome"] !== "failure") {
      habits.set(`${account} ${event["event.category"]?.[0]}`, event);
    }
  }
  return { malicious, habits };
}

/** What the deed is about; everything else is the colluder's own habit. */
const DEED = [
  "event.action",
  "event.outcome",
  "service.name",
  "file.path",
  "destination.domain",
  "url.domain",
  "process.name",
  "process.executable",
  "process.parent.name",
] as const;

function prepared(
  event: Event,
  habit: Event,
  of: { readonly back: number; readonly turn: number },
): Event {
  const deed = Object.fromEntries(
    DEED.flatMap((field) => (event[field] === undefined ? [] : [[field, event[field]]])),
  );
  // A sign-in's host is the deed; a program is started on one's own machine.
  const there = event["event.category"]?.includes("authentication") === true;
  const host = there && event["host.name"] !== undefined ? { "host.name": event["host.name"] } : {};
  const at = Date.parse(event["@timestamp"]) - of.back * DAY + of.turn * 1000;
  return {
    ...habit,
    ...deed,
    ...host,
    "@timestamp": new Date(at).toISOString(),
    ...(event["event.ingested"] === undefined
      ? {}
      : { "event.ingested": new Date(at + 2000).toISOString() }),
    "event.id": hash128(event["event.id"], String(of.turn)),
  };
}
