import { type Random, random } from "../../random.ts";
import type { AttackKind, Label, SimulationOptions } from "../simulation.ts";
import { byTime, DAY, type Draft, localDay, type Page } from "./drafts.ts";

/** A slow rise of an account's bytes, multiplied up to `top` on its last day. */
export interface Ramp {
  readonly account: number;
  readonly from: number;
  readonly span: number;
  readonly top: number;
  /** Whether there are more events too. */
  readonly busier: boolean;
  /** First number of its events' ids. */
  readonly first: number;
}

/** What one attack does to the stream. */
export interface Strike {
  readonly account: number;
  readonly drafts: readonly Draft[];
  /** Benign events that it changes. */
  readonly changed?: readonly Draft[];
  /** Day on which the account's telemetry falls silent. */
  readonly silent?: number;
  readonly ramp?: Ramp;
}

export interface Plan {
  readonly labels: readonly Label[];
  /** Attack drafts by day of the simulation. */
  readonly drafts: ReadonlyMap<number, readonly Draft[]>;
  /** Days on which an account is silent. */
  readonly silences: ReadonlyMap<number, readonly number[]>;
  readonly ramps: ReadonlyMap<number, readonly Ramp[]>;
}

export interface Order {
  readonly kind: AttackKind;
  readonly day: number;
  /** First number of the ids of its events on any page. */
  readonly first: number;
  readonly dice: Random;
  /** Whether the account is free of attacks that day. */
  readonly isFree: (account: number) => boolean;
}

/** Account-days an attack of a kind touches, sprayed ones among them; 1 where it is not said. */
const costs: Partial<Record<AttackKind, number>> = {
  "spray with success": 17,
  "ten-day insider": 10,
  "ramp 20 days": 20,
  "ramp 60 days": 60,
};
/** Calendar days it may last, longer than ten where its account has days off. */
const reaches: Partial<Record<AttackKind, number>> = {
  "ten-day insider": 16,
  "ramp 20 days": 20,
  "ramp 60 days": 60,
};

const ATTEMPTS = 40;
/** Attacks past midnight make a second account-day: room is left for them. */
const SPARE = 0.9;

/** Kinds in turn, so that they come in the proportion of 1/√cost; undefined when none fits before the end. */
function rota(options: SimulationOptions): (day: number) => AttackKind | undefined {
  const used = new Map<AttackKind, number>();
  const due = (kind: AttackKind): number => (used.get(kind) ?? 0) * root(kind);
  return (day) => {
    const kind = options.attacks
      .filter((one) => day + (reaches[one] ?? 1) <= options.days)
      .toSorted((a, b) => due(a) - due(b) || root(b) - root(a))[0];
    if (kind !== undefined) used.set(kind, (used.get(kind) ?? 0) + 1);
    return kind;
  };
}

const root = (kind: AttackKind): number => Math.sqrt(costs[kind] ?? 1);

/** Attacks to begin on a day, on average. */
function pace({ attacks, attacksPerDay }: SimulationOptions): number {
  if (attacks.length === 0) return 0;
  // Mean cost under weights 1/√cost: Σ√c ÷ Σ1/√c.
  const cost = attacks.reduce((sum, kind) => sum + root(kind), 0);
  const weight = attacks.reduce((sum, kind) => sum + 1 / root(kind), 0);
  return (SPARE * attacksPerDay * weight) / cost;
}

interface Target {
  readonly options: SimulationOptions;
  /** Epoch ms of the local midnight of day 0. */
  readonly start: number;
  readonly zoneHours: number;
  readonly nameOf: (account: number) => string;
  /** Stages an attack; undefined where the account drawn does not lend itself to it. */
  readonly strike: (order: Order) => Strike | undefined;
}

function labelOf(of: Target, strike: Strike, more: { id: string; kind: AttackKind }): Label {
  const events = [...strike.drafts, ...(strike.changed ?? [])].toSorted(byTime);
  const days = events.map((draft) => localDay(draft.at, of.zoneHours));
  if (strike.silent !== undefined)
    days.push(localDay(of.start + (strike.silent + 0.5) * DAY, of.zoneHours));
  return {
    ...more,
    account: of.nameOf(strike.account),
    days: [...new Set(days)].toSorted(),
    eventIds: events.map((draft) => draft.id),
  };
}

/**
 * Plans attacks one after another. Long attacks are rarer, and so many begin that malicious
 * account-days stay below `attacksPerDay` a day, which they would be if each attack lasted a day.
 */
export function planOf(of: Target): Plan {
  const { options, start } = of;
  const labels: Label[] = [];
  const drafts = new Map<number, Draft[]>();
  const silences = new Map<number, number[]>();
  const ramps = new Map<number, Ramp[]>();
  const busy = new Map<number, number>();
  const dice = random(options.seed, 4711);
  const next = rota(options);
  const perDay = pace(options);

  const record = (kind: AttackKind, day: number, strike: Strike): void => {
    const { account, silent, ramp } = strike;
    labels.push(labelOf(of, strike, { id: `attack-${labels.length}`, kind }));
    for (const draft of strike.drafts) append(drafts, Math.floor((draft.at - start) / DAY), draft);
    if (ramp !== undefined) append(ramps, account, ramp);
    if (silent !== undefined) append(silences, account, silent);
    busy.set(account, day + (reaches[kind] ?? 1) + 1);
  };
  const begin = (day: number): void => {
    const kind = next(day);
    if (kind === undefined) return;
    const first = (labels.length + 1) << 16;
    const isFree = (account: number): boolean => (busy.get(account) ?? -1) < day - 1;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const strike = of.strike({ kind, day, first, dice, isFree });
      if (strike !== undefined) return record(kind, day, strike);
    }
  };

  for (let day = options.attacksFrom; day < options.days; day++)
    for (let left = dice.poisson(perDay); left > 0; left--) begin(day);
  return { labels, drafts, silences, ramps };
}

function append<T>(map: Map<number, T[]>, key: number, value: T): void {
  const list = map.get(key);
  if (list === undefined) map.set(key, [value]);
  else list.push(value);
}

/** The page as the ramp leaves it: larger byte counts, and copies of such events; `changed` are both. */
export function ramped(page: Page, ramp: Ramp, again: Page): { drafts: Draft[]; changed: Draft[] } {
  const step = page.day - ramp.from + 1;
  const drafts: Draft[] = [];
  const changed: Draft[] = [];
  const { dice } = again;
  const factor = Math.max(1, ramp.top ** (step / ramp.span) * Math.exp(0.2 * dice.normal()));
  for (const draft of page.drafts) {
    const { fields } = draft;
    const sent = fields["source.bytes"];
    if (sent === undefined) {
      drafts.push(draft);
      continue;
    }
    const more = Math.floor(sent * factor);
    const larger = {
      ...fields,
      "source.bytes": more,
      "network.bytes": more + (fields["destination.bytes"] ?? 0),
    };
    changed.push({ ...draft, fields: larger });
    const copies = ramp.busier ? dice.poisson(Math.sqrt(factor) - 1) : 0;
    for (let copy = 0; copy < copies; copy++)
      again.put(draft.at + dice.integer(1_800_000), { ...larger });
  }
  const all = [...changed, ...again.drafts];
  return { drafts: [...drafts, ...all], changed: all };
}
