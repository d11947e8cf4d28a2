import type { Detector } from "../detectors/detector.ts";
import { detectors } from "../detectors/index.ts";
import type { Event } from "../schemas/event.ts";
import { type Found, run, type Scored } from "../test/detectors/harness.ts";
import { attacks, attackKinds, type Label, merge } from "./attacks.ts";
import { organisation } from "./organisation.ts";

/**
 * Calibration, false alerts, recall and speed of the detectors on a synthetic company. Everything
 * printed is about synthetic data.
 */

const START = Date.UTC(2026, 0, 5);

export interface Calibration {
  readonly days: number;
  readonly ks: number;
  readonly observed: Record<string, number>;
  readonly alertsPerDay: number;
  readonly alertsWorst: number;
}

/** Kolmogorov–Smirnov distance of p-values from uniform. */
export function ksUniform(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted.reduce(
    (greatest, p, index) =>
      Math.max(
        greatest,
        Math.abs(p - index / sorted.length),
        Math.abs((index + 1) / sorted.length - p),
      ),
    0,
  );
}

/** p of mature account-days of a benign run: uniformity, and how many alert. */
export function calibration(
  scores: readonly Scored[],
  findings: readonly Found[],
  minAge = 14,
): Calibration {
  const closed = scores.filter((s) => s.closed && s.p !== null && s.ageDays >= minAge);
  const p = closed.map((score) => score.p as number);
  const days = new Map<string, number>();
  for (const score of closed) if (!days.has(score.day)) days.set(score.day, 0);
  for (const found of findings) {
    if (found.detector !== "baseline") continue;
    const day = new Date(found.windowStart + 12 * 3_600_000).toISOString().slice(0, 10);
    days.set(day, (days.get(day) ?? 0) + 1);
  }
  const counts = [...days.values()];
  return {
    days: p.length,
    ks: ksUniform(p),
    observed: Object.fromEntries(
      [0.5, 0.1, 0.05, 0.01, 0.0025].map((level) => [
        String(level),
        p.filter((value) => value <= level).length / Math.max(1, p.length) / level,
      ]),
    ),
    alertsPerDay: counts.reduce((sum, count) => sum + count, 0) / Math.max(1, counts.length),
    alertsWorst: Math.max(0, ...counts),
  };
}

/** Share of attacked account-days among the ten highest scores of their day, by kind. */
export function recallAtTen(
  scores: readonly Scored[],
  labels: readonly Label[],
): Record<string, string> {
  const last = new Map<string, Scored>();
  for (const score of scores) last.set(`${score.day} ${score.entity}`, score);
  const byDay = new Map<string, Scored[]>();
  for (const score of last.values()) {
    const day = byDay.get(score.day) ?? [];
    byDay.set(score.day, day);
    day.push(score);
  }
  const top = new Map<string, Set<string>>();
  for (const [day, entries] of byDay) {
    const ten = entries.toSorted((a, b) => b.score - a.score).slice(0, 10);
    top.set(day, new Set(ten.map((score) => score.entity)));
  }
  return Object.fromEntries(
    attackKinds.map((kind) => {
      const own = labels.filter((label) => label.kind === kind);
      const found = own.filter((label) => top.get(label.day)?.has(label.user) === true);
      return [kind, `${found.length}/${own.length}`];
    }),
  );
}

export function alertsOf(findings: readonly Found[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const found of findings) {
    const label = `${found.detector}${found.certain ? " certain" : ""} ${Math.floor(found.severity / 25) * 25}+`;
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return counts;
}

export function measure(of: { seed: number; people: number; days: number }): void {
  const all = detectors as readonly Detector[];
  const org = organisation({ ...of, start: START });
  let events = 0;
  function* counted(stream: Iterable<Event>): Generator<Event> {
    for (const event of stream) {
      events++;
      yield event;
    }
  }
  const benign = run(all, counted(org.events()));
  console.log("benign", { ...of, events }, calibration(benign.scores, benign.findings));
  console.log("findings, benign", alertsOf(benign.findings), "state bytes", benign.bytes);
  const attack = attacks(org, { seed: of.seed, from: 30, perDay: 1 });
  const hostile = run(all, merge(org.events(), attack.events));
  console.log("recall among the ten highest of a day", recallAtTen(hostile.scores, attack.labels));
  console.log("findings, with attacks", alertsOf(hostile.findings));
}

/**
 * Events per CPU second of `baseline` alone on parsed events: inside `step` (the clock's own cost
 * included), and with everything the harness does (routing, wakes, closing days, tables).
 */
export function speed(of: { seed: number; people: number; days: number }): {
  readonly step: number;
  readonly whole: number;
} {
  const inner = detectors.find((detector) => detector.name === "baseline") as Detector;
  const events = [...organisation({ ...of, start: START }).events()];
  const warm = START + 15 * 86_400_000;
  let inside = 0;
  let steps = 0;
  const timed: Detector = {
    ...inner,
    step(state, event, context) {
      const before = performance.now();
      inner.step(state, event, context);
      if (context.at < warm) return;
      inside += performance.now() - before;
      steps++;
    },
  };
  const started = performance.now();
  const cpu = process.cpuUsage();
  run([timed], events);
  const wall = (performance.now() - started) / 1000;
  const used = process.cpuUsage(cpu).user / 1e6;
  return {
    step: Math.round(steps / ((inside / 1000) * (used / wall))),
    whole: Math.round(events.length / used),
  };
}

if (process.argv[1]?.endsWith("bench/detection.js") === true) {
  const people = Number(process.argv[2] ?? 400);
  for (const seed of [1, 2]) measure({ seed, people, days: 60 });
  console.log("events a second", speed({ seed: 3, people, days: 30 }));
}
