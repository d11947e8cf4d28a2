import { levels } from "./calibration.ts";
import { OURS } from "./evaluate.ts";
import type { BudgetSummary, MethodSummary, Summary } from "./summary.ts";

/** What has to hold, and what was measured on synthetic organisations. */
export interface Target {
  readonly name: string;
  readonly wanted: string;
  readonly measured: string;
  readonly met: boolean;
}

interface Bound {
  readonly least?: number;
  readonly most?: number;
}

/** Exact enough that a miss never looks like the bar. */
const exact = (value: number): string => String(Number(value.toPrecision(4)));

/** Nothing when the figure does not exist in this run. */
function target(name: string, value: number | undefined, { least, most }: Bound): Target[] {
  if (value === undefined || Number.isNaN(value)) return [];
  const wanted =
    least === undefined ? `≤ ${most}` : most === undefined ? `≥ ${least}` : `${least}–${most}`;
  const met = value >= (least ?? -Infinity) && value <= (most ?? Infinity);
  return [{ name, wanted, measured: exact(value), met }];
}

/** The bars of calibration, budget, power and speed; those that the run has figures for. */
export function targets(summary: Summary): Target[] {
  return [
    ...calibrationTargets(summary),
    ...summary.budgets.flatMap(budgetTargets),
    ...powerTargets(summary),
    ...alertTargets(summary),
    ...summary.ramps.flatMap(({ kind, drift, controlsDrift }) => [
      ...target(`${kind}: drift found`, drift.value, { least: kind.includes("20") ? 0.85 : 0.95 }),
      ...target(`${kind}: controls`, controlsDrift.value, { most: 0.05 }),
    ]),
  ];
}

function calibrationTargets({ calibration }: Summary): Target[] {
  const all = calibration[0];
  const at = (level: (typeof levels)[number]) => levels.indexOf(level);
  const worst = (by: readonly string[], of: "low" | "value", names?: readonly string[]) => {
    const strata = calibration.filter(
      (one) => by.includes(one.by) && (names === undefined || names.includes(one.name)),
    );
    if (strata.length === 0) return undefined;
    return Math.max(...strata.map((one) => one.ratios[at(0.01)]?.[of] ?? Number.NaN));
  };
  return [
    ...target("KS of benign days", all?.ks, { most: 0.025 }),
    ...target("observed/nominal at .01", all?.ratios[at(0.01)]?.value, { least: 0.8, most: 1.2 }),
    ...target("observed/nominal at .0025", all?.ratios[at(0.0025)]?.value, {
      least: 0.5,
      most: 1.25,
    }),
    ...target("worst group or age at .01, lower bound", worst(["group", "age"], "low"), {
      most: 1.5,
    }),
    ...target("worst shock at .01", worst(["shock"], "value"), { most: 2.5 }),
    ...target("robots, scanners at .01", worst(["kind"], "value", ["robot", "scanner"]), {
      most: 1,
    }),
  ];
}

function budgetTargets(of: BudgetSummary): Target[] {
  const n = of.budget;
  return [
    ...target(`N=${n}: mean false pages a day`, of.paged.value, { most: n }),
    ...target(`N=${n}: worst day before the cap`, of.allowedWorst, { most: 2.5 * n }),
    ...target(`N=${n}: most pages on one day`, of.pagedWorst, { most: 2 * n }),
    ...target(`N=${n}: worst clean month, pages a day`, of.worstMonth, { most: n }),
    ...target(`N=${n}: uncertain pages while learning`, of.pagesWhileLearning, { most: 0 }),
  ];
}

function powerTargets({ methods }: Summary): Target[] {
  const ours = methods.find((one) => one.method === OURS);
  const maxZ = methods.find((one) => one.method === "max z");
  const recall = (of: MethodSummary | undefined) => of?.recall[10]?.["A1–A7"]?.value;
  const tpr = (rate: number, kind: string) => ours?.tpr[rate]?.[kind]?.value;
  const [own, other] = [recall(ours), recall(maxZ)];
  return [
    ...target("recall A1–A7 in the top ten", own, { least: 0.75 }),
    ...target("its ratio to max z", own === undefined ? own : own / (other ?? Number.NaN), {
      least: 2.5,
    }),
    ...target("credential theft TPR at .9 %", tpr(0.009, "credential theft"), { least: 0.85 }),
    ...target("lateral movement TPR at .9 %", tpr(0.009, "lateral movement"), { least: 0.85 }),
    ...target("lateral movement TPR at .3 %", tpr(0.003, "lateral movement"), { least: 0.75 }),
  ];
}

function alertTargets({ budgets }: Summary): Target[] {
  const ten = budgets.find(({ budget }) => budget === 10)?.byAlerts;
  const events = (kind: string) => ten?.noticed.find((one) => one.kind === kind)?.events;
  return [
    ...target("A1–A7 by pages at N=10", ten?.paged["A1–A7"]?.value, { least: 0.7 }),
    ...target("ten-day insider by pages", ten?.paged["ten-day insider"]?.value, { least: 0.75 }),
    ...target("credential theft, events to alert", events("credential theft"), { most: 3 }),
    ...target("rare tools, events to alert", events("rare tools"), { most: 3 }),
    ...target("lateral movement, hops to alert", events("lateral movement"), { most: 8 }),
  ];
}
