import { type Calendar, calendarOf, dayKey, DAY } from "./calendar.ts";
import type { Share } from "./intervals.ts";
import { daysOfLabel, type Shares, tally } from "./ranking.ts";
import type { Raised, Run } from "./run.ts";
import type { AttackKind, Label, Simulation } from "./simulation.ts";

/** How soon an attack was noticed. */
export interface Noticed {
  readonly kind: AttackKind;
  /** Malicious events up to and with the first anomaly; null if there was none. */
  readonly events: number | null;
  /** Minutes from the first malicious event to the first anomaly. */
  readonly minutes: number | null;
}

export interface ByAlerts {
  /** Attacks with a page about them. */
  readonly paged: Shares;
  /** Attacks with an anomaly about them, paged or not. */
  readonly raised: Shares;
  readonly noticed: readonly Noticed[];
}

/** Whether an anomaly is about an attack: it rests on one of its events, or is of one of its days. */
function isAbout(raised: Raised, label: Label): boolean {
  if (raised.late) return false;
  const ids = new Set(label.eventIds);
  if (raised.eventIds.some((id) => ids.has(id))) return true;
  return raised.entity === label.account && label.days.includes(raised.day);
}

/** Anomalies about an attack, none from before its first malicious event. */
function about(label: Label, all: readonly Raised[], started: number): Raised[] {
  return all.filter((raised) => raised.at >= started && isAbout(raised, label));
}

export function byAlerts(run: Run, labels: readonly Label[], budget: number): ByAlerts {
  const all = run.raised.get(budget) ?? [];
  const cases = labels.map((label) => {
    const times = label.eventIds.flatMap((id) => run.malicious.get(id) ?? []);
    const own = about(label, all, times[0] ?? 0);
    const first = own[0];
    return {
      kind: label.kind,
      paged: own.some((raised) => raised.paged),
      raised: own.length > 0,
      events: first === undefined ? null : times.filter((time) => time <= first.at).length,
      minutes:
        first === undefined || times[0] === undefined ? null : (first.at - times[0]) / 60_000,
    };
  });
  return {
    paged: tally(cases.map(({ kind, paged }) => ({ kind, found: paged }))),
    raised: tally(cases.map(({ kind, raised }) => ({ kind, found: raised }))),
    noticed: cases.map(({ kind, events, minutes }) => ({ kind, events, minutes })),
  };
}

/** An anomaly that no attack explains. */
export function falseIn(run: Run, labels: readonly Label[]): (raised: Raised) => boolean {
  const labelled = new Set(labels.flatMap(daysOfLabel));
  return (raised) => {
    const key = dayKey(raised.day, raised.entity);
    const explained = raised.eventIds.some((id) => run.malicious.has(id));
    return !explained && !labelled.has(key) && !run.touched.has(key);
  };
}

/** An anomaly of the lane for slow drift, by what its explanation leads with. */
const isDrift = ({ detector, leading }: Raised): boolean =>
  /drift|slow/i.test(`${detector} ${leading}`);

export interface RampFigures {
  readonly kind: string;
  /** Accounts with an anomaly of any sort while their ramp ran. */
  readonly any: Share;
  readonly drift: Share;
  /** Untouched people in the same spans. */
  readonly controlsAny: Share;
  readonly controlsDrift: Share;
  /** Days from the start of the ramp to the first drift anomaly, of those found. */
  readonly days: readonly number[];
}

export interface Span {
  readonly account: string;
  /** Local days, first and last. */
  readonly from: string;
  readonly to: string;
}

/** Anomalies about slowly growing accounts, against controls over the very same spans. */
export function rampFigures(
  of: {
    readonly kind: string;
    readonly spans: readonly Span[];
    readonly controls: readonly string[];
  },
  raised: readonly Raised[],
): RampFigures {
  const byEntity = new Map<string, Raised[]>();
  for (const one of raised) {
    if (!one.late) byEntity.set(one.entity, [...(byEntity.get(one.entity) ?? []), one]);
  }
  const within = (account: string, { from, to }: Span): Raised[] =>
    (byEntity.get(account) ?? []).filter(({ day }) => day >= from && day <= to);
  const own = of.spans.map((span) => within(span.account, span));
  const spans = [...new Map(of.spans.map((span) => [`${span.from} ${span.to}`, span])).values()];
  const others = spans.flatMap((span) => of.controls.map((account) => within(account, span)));
  const share = (found: readonly (readonly Raised[])[], test: (one: Raised) => boolean): Share => ({
    found: found.filter((list) => list.some(test)).length,
    total: found.length,
  });
  const any = (): boolean => true;
  return {
    kind: of.kind,
    any: share(own, any),
    drift: share(own, isDrift),
    controlsAny: share(others, any),
    controlsDrift: share(others, isDrift),
    days: of.spans.flatMap((span, index) => {
      const first = own[index]?.find(isDrift);
      return first === undefined ? [] : [(Date.parse(first.day) - Date.parse(span.from)) / DAY];
    }),
  };
}

/** Ramps among the labelled attacks, each kind against people that nothing malicious touched. */
export function labelledRamps(run: Run, simulation: Simulation, budget: number): RampFigures[] {
  const calendar: Calendar = calendarOf(simulation);
  const attacked = new Set(simulation.labels.map((label) => label.account));
  const controls = simulation.accounts
    .filter((one) => one.kind === "person" && one.joins === 0 && !attacked.has(one.name))
    .map((one) => one.name);
  return (["ramp 20 days", "ramp 60 days"] as const).flatMap((kind) => {
    const spans = simulation.labels
      .filter((label) => label.kind === kind)
      .map(({ account, days }) => ({
        account,
        from: days[0] ?? calendar.dayAt(0),
        to: days.at(-1) ?? calendar.dayAt(0),
      }));
    if (spans.length === 0) return [];
    return [rampFigures({ kind, spans, controls }, run.raised.get(budget) ?? [])];
  });
}
