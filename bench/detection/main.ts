/**
 * Evaluates detection on synthetic organisations. What is chosen how:
 *
 * - Runs. Per organisation and seed one run without attacks, for calibration and false alerts, and one
 *   with attacks, for power, through the code of `metsuke replay`. A day is scored before it is learned.
 *   The first 28 days teach and are not counted; attacks begin after them.
 * - Calibration. Over accounts of at least 14 active days, except by age. Bounds are 95 %, clustered by
 *   account and by day, the wider of the two. Groups of fewer than 20 people are pooled.
 * - False alerts. "Before the cap" are mature account-days with p ≤ (N − ½) ÷ the mean number of active
 *   accounts on the same weekday of four weeks; pages are what the page budget lets through, on the
 *   day on which they come.
 * - Power. An attack is found at N when any of its account-days is among the N highest of its day, by
 *   alerts when a page rests on one of its events or is about its account on its days. True- and
 *   false-positive rates are of account-days; days of accounts that an attack touched beside its own
 *   count as neither. Equal scores are ordered by lot.
 * - Rivals. Features, z-scores, rules and trees were written down once, from what their names say, and
 *   not changed after a result had been seen. They see the same account-days.
 * - Intervals over seeds are Student's; with two seeds they are wide, and that is so.
 * - Poisoning. Ramps to ×20 begin two days after the warm-up in four arms of a twentieth of the people
 *   each, drawn from those that carry bytes on ten days before; the rest of those are the controls, over the same days. Colluders repeat every deed of an attack once
 *   on the ten days before, from their own devices.
 *
 * Nothing here is chosen by looking at labels, and every figure is called synthetic.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { progressBar } from "../../app/progress.ts";
import type { Plan } from "./evaluate.ts";
import { organisationNamed, organisations } from "./organisations.ts";
import { reportPage } from "./report.ts";
import { type AttackKind, attackKinds } from "./simulation.ts";
import { type PoisoningSummary, type Summary, summarise, summarisePoisoning } from "./summary.ts";
import { runTasks, studies, type Task, WORKERS } from "./tasks.ts";
import { headline, poisoningHeadline, poisoningTables, tablesOf, tableText } from "./text.ts";

/** Size of the poisoning study: its slowest ramp takes 60 days after four weeks of history. */
const POISONED = { people: 500, days: 92 };

const usage = `usage: npm run bench:detection -- [option …]

Calibration, false alerts, power against baselines, and speed of detection on synthetic organisations.

  --organisation NAME  one of ${organisations.map((one) => one.name).join(", ")}; may be repeated (default all)
  --seeds LIST         default 1,2,3,4,5
  --people N           human accounts (default 1000)
  --days N             days, of which 28 are learned and not counted (default 75)
  --budget LIST        false alerts a day (default 10,5,20); ranking comes from the first
  --attacks LIST       on, off or kinds, comma-separated (default on)
  --per-day N          attacks begun a day (default 3)
  --study LIST         ${studies.join(", ")} (default both; poisoning takes at most ${POISONED.people} people,
                       and at least ${POISONED.days} days)
  --workers N          seeds at a time (default ${WORKERS})
  --out DIR            results.json and report.html
  --help
kinds: ${attackKinds.join(", ")}
`;

const options = {
  organisation: { type: "string", multiple: true },
  seeds: { type: "string", default: "1,2,3,4,5" },
  people: { type: "string", default: "1000" },
  days: { type: "string", default: "75" },
  budget: { type: "string", default: "10,5,20" },
  attacks: { type: "string", default: "on" },
  "per-day": { type: "string", default: "3" },
  study: { type: "string", default: studies.join(",") },
  workers: { type: "string", default: String(WORKERS) },
  out: { type: "string" },
  help: { type: "boolean" },
} as const;

/** First counted day: four weeks of history. */
const WARM_UP = 28;

function numbers(name: string, text: string): number[] {
  const list = text.split(",").map(Number);
  if (list.length > 0 && list.every((one) => Number.isFinite(one) && one > 0)) return list;
  throw new Error(`--${name} takes positive numbers, not "${text}"`);
}

const one = (name: string, text: string): number => numbers(name, text)[0] as number;

function kindsOf(text: string): readonly AttackKind[] {
  if (text === "on") return attackKinds;
  if (text === "off") return [];
  return text.split(",").map((word) => {
    const kind = attackKinds.find((each) => each === word.trim());
    if (kind === undefined) throw new Error(`no kind of attack is called "${word}"`);
    return kind;
  });
}

function tasksOf(values: ReturnType<typeof read>["values"]): Task[] {
  const names = values.organisation ?? organisations.map(({ name }) => name);
  const days = one("days", values.days);
  if (days <= WARM_UP) throw new Error(`--days takes more than the ${WARM_UP} that are learned`);
  const plans = names.flatMap((name) =>
    numbers("seeds", values.seeds).map((seed) => ({
      organisation: organisationNamed(name).name,
      seed,
      people: one("people", values.people),
      days,
      attacks: kindsOf(values.attacks),
      attacksPerDay: one("per-day", values["per-day"]),
      warmUp: WARM_UP,
      budgets: numbers("budget", values.budget),
    })),
  );
  return values.study.split(",").flatMap((word) => {
    const study = studies.find((each) => each === word);
    if (study === undefined) throw new Error(`no study is called "${word}"`);
    return plans.map((plan) => ({ study, plan: study === "power" ? plan : poisoned(plan) }));
  });
}

const poisoned = (plan: Plan): Plan => ({
  ...plan,
  people: Math.min(plan.people, POISONED.people),
  days: Math.max(plan.days, POISONED.days),
});

const read = () => parseArgs({ options, strict: true });

interface Results {
  readonly synthetic: true;
  readonly power: readonly Summary[];
  readonly poisoning: readonly PoisoningSummary[];
}

async function evaluate(tasks: readonly Task[], workers: number): Promise<Results> {
  const streams = { out: process.stdout, err: process.stderr, in: process.stdin };
  const bar = progressBar(streams, "evaluation", 100 * tasks.length, "% of a run");
  const done = await runTasks(tasks, {
    workers,
    onProgress: (share) => bar.update(Math.floor(100 * share)),
  });
  bar.stop();
  const power = done.flatMap((one) => (one.study === "power" ? [one.result] : []));
  const poisoning = done.flatMap((one) => (one.study === "poisoning" ? [one.result] : []));
  return {
    synthetic: true,
    power: byOrganisation(power).map(summarise),
    poisoning: byOrganisation(poisoning).map(summarisePoisoning),
  };
}

function byOrganisation<R extends { readonly plan: Plan }>(results: readonly R[]): R[][] {
  const names = [...new Set(results.map(({ plan }) => plan.organisation))];
  return names.map((name) => results.filter(({ plan }) => plan.organisation === name));
}

async function report(tasks: readonly Task[], workers: number, out?: string): Promise<void> {
  const results = await evaluate(tasks, workers);
  const parts = [
    ...results.power.map((of) => [headline(of), ...tablesOf(of).map(tableText)]),
    ...results.poisoning.map((of) => [
      poisoningHeadline(of),
      ...poisoningTables(of).map(tableText),
    ]),
  ];
  for (const part of parts) process.stdout.write(`${part.join("\n\n")}\n\n`);
  if (out === undefined) return;
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "results.json"), JSON.stringify(results, undefined, 1));
  writeFileSync(join(out, "report.html"), reportPage(results));
}

/** What is to be run; undefined after help or a mistake was answered. */
function commandLine() {
  try {
    const { values } = read();
    if (values.help !== true) {
      return { tasks: tasksOf(values), workers: one("workers", values.workers), out: values.out };
    }
    process.stdout.write(usage);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${usage}`);
    process.exitCode = 2;
  }
  return undefined;
}

const chosen = commandLine();
if (chosen !== undefined) await report(chosen.tasks, chosen.workers, chosen.out);
