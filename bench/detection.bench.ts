import type { Plan } from "./detection/evaluate.ts";
import type { Estimate } from "./detection/intervals.ts";
import { attackKinds } from "./detection/simulation.ts";
import { type Summary, summarise } from "./detection/summary.ts";
import { runTasks, WORKERS } from "./detection/tasks.ts";
import { figure, withBounds } from "./detection/text.ts";
import type { Bench, Figure } from "./measure.ts";

/** A short look; the whole evaluation is `npm run bench:detection`. */
const short: Omit<Plan, "seed"> = {
  organisation: "harbour",
  people: 250,
  days: 45,
  attacks: attackKinds,
  attacksPerDay: 3,
  warmUp: 28,
  budgets: [10],
};
const SEEDS = [1, 2];

async function* run(): AsyncIterable<Figure> {
  const done = await runTasks(
    SEEDS.map((seed) => ({ study: "power", plan: { ...short, seed } })),
    { workers: WORKERS, onProgress: () => {} },
  );
  const summary = summarise(done.flatMap((one) => (one.study === "power" ? [one.result] : [])));
  const of = `SYNTHETIC ${summary.organisation}, ${summary.people} people, ${summary.days} days, seeds ${SEEDS.join(", ")}`;
  for (const [name, text] of figures(summary)) {
    yield { name: `detection ${name}`, figure: `${text} (${of})` };
  }
}

function figures(summary: Summary): (readonly [string, string])[] {
  const all = summary.calibration[0];
  const budget = summary.budgets[0];
  const recall = summary.methods.map(
    ({ method, recall: at }) => `${method} ${figure(at[10]?.["A1–A7"]?.value ?? Number.NaN)}`,
  );
  const none: Estimate = { value: Number.NaN, low: Number.NaN, high: Number.NaN };
  return [
    [
      "alerts",
      `${withBounds(budget?.paged ?? none)} false pages a day at a budget of ${budget?.budget}, most on one day ${budget?.pagedWorst}; before the cap ${withBounds(budget?.allowed ?? none)}, worst ${budget?.allowedWorst}`,
    ],
    [
      "p-values",
      `KS distance ${figure(all?.ks ?? Number.NaN)} from uniform over ${all?.n} benign account-days; P(p ≤ 0.01) is ${withBounds(all?.ratios[1] ?? none)}× 0.01`,
    ],
    ["recall@10", `of A1–A7 among the ten highest account-days: ${recall.join(", ")}`],
    [
      "recall by alerts",
      `${withBounds(budget?.byAlerts?.paged["A1–A7"] ?? none)} of A1–A7 paged, ${withBounds(budget?.byAlerts?.falsePages ?? none)} false pages a day beside them`,
    ],
  ];
}

export const detection: Bench = {
  name: "detection",
  summary: "false alerts, calibration and recall of detection on a synthetic organisation",
  run,
};
