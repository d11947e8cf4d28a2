import { levels } from "./calibration.ts";
import type { Estimate } from "./intervals.ts";
import { rates, tops } from "./ranking.ts";
import type { PoisoningSummary, SharesOverSeeds, Summary } from "./summary.ts";
import { targets } from "./targets.ts";

export type Cell = string | number;
export interface TextTable {
  readonly title: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly Cell[])[];
}

/** Figures as people read them: no leading zero lost, nothing more exact than it is. */
export const figure = (value: number): string =>
  Number.isNaN(value) ? "–" : value >= 100 ? value.toFixed(0) : value.toFixed(value >= 10 ? 1 : 2);

export function withBounds({ value, low, high }: Estimate): string {
  return Number.isNaN(low) ? figure(value) : `${figure(value)} [${figure(low)}, ${figure(high)}]`;
}

const shareText = (shares: SharesOverSeeds | undefined, kind: string): string => {
  const share = shares?.[kind];
  return share === undefined || share.total === 0 ? "–" : withBounds(share);
};

/** Every table of an organisation, for the terminal and for the report. */
export function tablesOf(summary: Summary): TextTable[] {
  return [
    calibrationText(summary),
    falseAlertText(summary),
    ...(summary.methods.length === 0
      ? []
      : [methodText(summary), kindText(summary), alertText(summary)]),
    ...(summary.ramps.length === 0 ? [] : [rampText(summary)]),
    {
      title: "Targets",
      head: ["", "wanted", "measured", ""],
      rows: targets(summary).map(({ name, wanted, measured, met }) => [
        name,
        wanted,
        measured,
        met ? "met" : "MISSED",
      ]),
    },
  ];
}

const calibrationText = ({ calibration, ksPerSeed }: Summary): TextTable => ({
  title: `Calibration of benign day p-values, observed ÷ nominal (mature days unless by age; KS per seed ${withBounds(ksPerSeed)})`,
  head: ["by", "", "days", "KS", ...levels.map((level) => `at ${level}`)],
  rows: calibration.map((one) => [
    one.by,
    one.name,
    one.n,
    one.ks.toFixed(3),
    ...one.ratios.map(withBounds),
  ]),
});

const falseAlertText = ({ budgets }: Summary): TextTable => ({
  title: "False alerts a day without any attack, mean over seeds",
  head: [
    "N",
    "before the cap",
    "p95",
    "worst",
    "raised",
    "pages",
    "p95",
    "worst",
    "worst month",
    "over budget",
    "folded",
    "while learning (certain)",
  ],
  rows: budgets.map((one) => [
    one.budget,
    withBounds(one.allowed),
    figure(one.allowedP95),
    one.allowedWorst,
    withBounds(one.raised),
    withBounds(one.paged),
    figure(one.pagedP95),
    one.pagedWorst,
    figure(one.worstMonth),
    one.overBudget,
    one.folded,
    `${one.pagesWhileLearning} (${one.certainPagesWhileLearning})`,
  ]),
});

const methodText = ({ methods }: Summary): TextTable => ({
  title: "Attacks A1–A7 by method on the same account-days",
  head: [
    "method",
    ...tops.map((top) => `recall@${top}`),
    ...rates.map((rate) => `TPR at ${Number((rate * 100).toPrecision(2))} %`),
    "AUC",
  ],
  rows: methods.map((one) => [
    one.method,
    ...tops.map((top) => shareText(one.recall[top], "A1–A7")),
    ...rates.map((rate) => shareText(one.tpr[rate], "A1–A7")),
    withBounds(one.auc),
  ]),
});

const kindText = ({ methods }: Summary): TextTable => {
  const ours = methods[0];
  const kinds = Object.keys(ours?.recall[10] ?? {});
  return {
    title: "By kind of attack: recall among the ten highest account-days, and our TPR",
    head: ["kind", "attacks", ...methods.map((one) => one.method), "TPR at .3 %", "TPR at .9 %"],
    rows: kinds.map((kind) => [
      kind,
      ours?.recall[10]?.[kind]?.total ?? 0,
      ...methods.map((one, index) =>
        index === 0
          ? shareText(one.recall[10], kind)
          : figure(one.recall[10]?.[kind]?.value ?? Number.NaN),
      ),
      shareText(ours?.tpr[0.003], kind),
      shareText(ours?.tpr[0.009], kind),
    ]),
  };
};

const alertText = ({ budgets }: Summary): TextTable => ({
  title: "By alerts: share of attacks paged, and the first anomaly (medians of those noticed)",
  head: ["N", "kind", "paged", "raised", "malicious events", "after"],
  rows: budgets.flatMap(({ budget, byAlerts }) =>
    Object.keys(byAlerts?.paged ?? {}).map((kind) => {
      const noticed = byAlerts?.noticed.find((one) => one.kind === kind);
      return [
        budget,
        kind === "A1–A7"
          ? `A1–A7 (${withBounds(byAlerts?.falsePages as Estimate)} false pages a day)`
          : kind,
        shareText(byAlerts?.paged, kind),
        shareText(byAlerts?.raised, kind),
        noticed === undefined ? "" : figure(noticed.events),
        noticed === undefined ? "" : durationText(noticed.minutes),
      ];
    }),
  ),
});

/** Tables of the poisoning study. */
export const poisoningTables = (of: PoisoningSummary): TextTable[] => [
  rampText(of),
  {
    title:
      "Attacks alone, and after three colleagues of the group did every deed once on the ten days before " +
      `(colluders with an anomaly of their own: ${withBounds(of.colludersRaised)})`,
    head: ["kind", "attacks", "recall@10 alone", "prepared", "paged alone", "prepared"],
    rows: Object.keys(of.alone.recall).map((kind) => [
      kind,
      of.alone.recall[kind]?.total ?? 0,
      shareText(of.alone.recall, kind),
      shareText(of.prepared.recall, kind),
      shareText(of.alone.paged, kind),
      shareText(of.prepared.paged, kind),
    ]),
  },
];

const rampText = ({ ramps }: Pick<Summary, "ramps">): TextTable => ({
  title: "Slow ramps: accounts with an anomaly while theirs ran, and people without one",
  head: ["", "accounts", "any anomaly", "drift", "controls, any", "controls, drift", "days"],
  rows: ramps.map((one) => [
    one.kind,
    one.any.total,
    withBounds(one.any),
    withBounds(one.drift),
    withBounds(one.controlsAny),
    withBounds(one.controlsDrift),
    figure(one.medianDays),
  ]),
});

const durationText = (minutes: number): string =>
  minutes < 1440 ? `${figure(minutes)} min` : `${figure(minutes / 1440)} days`;

/** Aligned columns. */
export function tableText({ title, head, rows }: TextTable): string {
  const lines = [head, ...rows].map((row) => row.map(String));
  const widths = head.map((_, column) =>
    Math.max(...lines.map((line) => (line[column] ?? "").length)),
  );
  const body = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
  return [title, ...body].join("\n");
}

export const poisoningHeadline = (of: PoisoningSummary): string =>
  `POISONING of the SYNTHETIC organisation "${of.organisation}": ${of.people} people, ${of.days} days, ` +
  `seeds ${of.seeds.join(", ")}`;

/** What the figures are of, in a sentence that says synthetic. */
export const headline = (summary: Summary): string =>
  `SYNTHETIC organisation "${summary.organisation}": ${summary.people} people, ${summary.days} days ` +
  `(the first ${summary.warmUp} learned, not counted), seeds ${summary.seeds.join(", ")}, ` +
  `${summary.events} benign events, ${summary.attacks} attacks ` +
  `(${(100 * summary.maliciousShare).toFixed(1)} % of the attack runs' account-days)`;
