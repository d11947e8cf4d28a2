import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { progressBar } from "../../app/progress.ts";
import type { Plan } from "./evaluate.ts";
import { organisationNamed, organisations } from "./organisations.ts";
import { type AttackKind, attackKinds } from "./simulation.ts";
import { type Summary, summarise } from "./summary.ts";
import { runTasks, WORKERS } from "./tasks.ts";
import { headline, tablesOf, tableText } from "./text.ts";

const usage = `usage: npm run bench:detection -- [option …]

Calibration, false alerts, power against baselines, and speed of detection on synthetic organisations.

  --organisation NAME  one of ${organisations.map((one) => one.name).join(", ")}; may be repeated (default all)
  --seeds LIST         default 1,2,3,4,5
  --people N           human accounts (default 1000)
  --days N             days, of which 28 are learned and not counted (default 75)
  --budget LIST        false alerts a day (default 10,5,20); ranking comes from the first
  --attacks LIST       on, off or kinds, comma-separated (default on)
  --per-day N          attacks begun a day (default 3)
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

function plansOf(values: ReturnType<typeof read>["values"]): Plan[] {
  const names = values.organisation ?? organisations.map(({ name }) => name);
  const days = one("days", values.days);
  if (days <= WARM_UP) throw new Error(`--days takes more than the ${WARM_UP} that are learned`);
  return names.flatMap((name) =>
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
}

const read = () => parseArgs({ options, strict: true });

async function evaluate(plans: readonly Plan[], workers: number): Promise<Summary[]> {
  const streams = { out: process.stdout, err: process.stderr, in: process.stdin };
  const bar = progressBar(streams, "evaluation", 100 * plans.length, "% of seeds");
  const results = await runTasks(plans, {
    workers,
    onProgress: (done) => bar.update(Math.floor(100 * done)),
  });
  bar.stop();
  const names = [...new Set(plans.map(({ organisation }) => organisation))];
  return names.map((name) => summarise(results.filter(({ plan }) => plan.organisation === name)));
}

async function main(): Promise<number> {
  const { values } = read();
  if (values.help === true) {
    process.stdout.write(usage);
    return 0;
  }
  const summaries = await evaluate(plansOf(values), one("workers", values.workers));
  for (const summary of summaries) {
    const tables = tablesOf(summary).map(tableText);
    process.stdout.write(`${[headline(summary), ...tables].join("\n\n")}\n\n`);
  }
  if (values.out !== undefined) {
    mkdirSync(values.out, { recursive: true });
    writeFileSync(join(values.out, "results.json"), JSON.stringify(summaries, undefined, 1));
  }
  return 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`${(error as Error).message}\n\n${usage}`);
  process.exitCode = 2;
}
