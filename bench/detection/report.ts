import { barPlot, curvePlot, escapeText } from "./plots.ts";
import type { BudgetSummary, PoisoningSummary, Summary } from "./summary.ts";
import { headline, poisoningHeadline, poisoningTables, tablesOf, type TextTable } from "./text.ts";

const style = `
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; }
h1, h2 { line-height: 1.2; }
.plots { display: grid; gap: 1rem; grid-template-columns: repeat(auto-fit, minmax(26rem, 1fr)); }
figure { border: 1px solid #8884; border-radius: 8px; margin: 0; padding: .75rem; }
figcaption { font-weight: 600; }
svg { height: auto; width: 100%; }
svg text { fill: currentColor; font-size: 11px; }
.grid { stroke: #8884; } .curve { fill: none; stroke-width: 2; } .legend { font-size: .85rem; margin: .25rem 0 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .85rem; font-variant-numeric: tabular-nums; margin: .5rem 0 1.5rem; }
caption { font-weight: 600; padding: .25rem 0; text-align: left; }
th, td { border-bottom: 1px solid #8884; padding: .2rem .6rem; text-align: left; white-space: nowrap; }
.missed { color: #b91c1c; font-weight: 600; } .note { border-left: 4px solid #c2410c; padding-left: .75rem; }
`;

/** One self-contained page: no script, no request. */
export function reportPage(results: {
  readonly power: readonly Summary[];
  readonly poisoning: readonly PoisoningSummary[];
}): string {
  const parts = [
    ...results.power.map(
      (of) =>
        `<h2>${escapeText(of.organisation)} (synthetic)</h2><p>${escapeText(headline(of))}.</p>` +
        `<div class="plots">${plotsOf(of).join("")}</div>${tablesOf(of).map(tableMarkup).join("")}`,
    ),
    ...results.poisoning.map(
      (of) =>
        `<h2>${escapeText(of.organisation)}: poisoning (synthetic)</h2>` +
        `<p>${escapeText(poisoningHeadline(of))}.</p>${poisoningTables(of).map(tableMarkup).join("")}`,
    ),
  ];
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Metsuke: detection on synthetic organisations</title><style>${style}</style></head>
<body><h1>Detection on synthetic organisations</h1>
<p class="note">Every figure on this page is about <b>synthetic</b> data. Intervals are 95 %: over seeds
(Student's t) for power and alerts; clustered by account and by day, the wider of the two, for calibration.
Scores come from the code that <code>metsuke replay</code> runs; every day is scored before it is learned.</p>
${parts.join("\n")}
</body></html>
`;
}

function tableMarkup({ title, head, rows }: TextTable): string {
  const cells = (row: readonly (string | number)[], tag: string): string =>
    row
      .map((cell) => {
        const mark = cell === "MISSED" ? ' class="missed"' : "";
        return `<${tag}${mark}>${escapeText(String(cell))}</${tag}>`;
      })
      .join("");
  const body = rows.map((row) => `<tr>${cells(row, "td")}</tr>`).join("");
  return `<div class="wide"><table><caption>${escapeText(title)}</caption><thead><tr>${cells(head, "th")}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function plotsOf(summary: Summary): string[] {
  const budgets = summary.budgets.map(falseAlertPlot);
  if (summary.methods.length === 0) return [calibrationPlot(summary), ...budgets];
  return [
    calibrationPlot(summary),
    rocPlot(summary),
    recallPlot(summary),
    timePlot(summary),
    ...budgets,
  ];
}

const calibrationPlot = ({ curve, calibration }: Summary): string => {
  const days = calibration[0]?.n ?? 0;
  // Below one expected day the curve is chance.
  const drawn = curve.filter(({ nominal }) => nominal * days >= 1);
  const share = { from: 1e-4, to: 1, logarithmic: true } as const;
  return curvePlot("Calibration: benign mature days with p at most x (synthetic)", {
    x: { ...share, title: "nominal p" },
    y: { ...share, title: "observed share" },
    curves: [
      { name: "observed", points: drawn.map(({ nominal, observed }) => [nominal, observed]) },
      {
        name: "uniform",
        dashed: true,
        points: [
          [1e-4, 1e-4],
          [1, 1],
        ],
      },
    ],
  });
};

const rocPlot = ({ methods }: Summary): string =>
  curvePlot("A1–A7: account-days found at small false-positive rates (synthetic)", {
    x: { title: "false-positive rate", from: 1e-3, to: 0.1, logarithmic: true },
    y: { title: "true-positive rate", from: 0, to: 1 },
    curves: methods.map(({ method, roc }) => ({
      name: method,
      points: roc.filter(({ fpr }) => fpr >= 9e-4).map(({ fpr, tpr }) => [fpr, tpr]),
    })),
  });

const recallPlot = ({ methods }: Summary): string =>
  barPlot("Attacks among the ten highest account-days of a day (synthetic)", {
    axis: { title: "recall", from: 0, to: 1 },
    series: methods.map(({ method }) => method),
    rows: Object.keys(methods[0]?.recall[10] ?? {}).map((label) => ({
      label,
      values: methods.map(({ recall }) => recall[10]?.[label]?.value ?? Number.NaN),
    })),
  });

const timePlot = ({ budgets }: Summary): string => {
  const noticed = budgets[0]?.byAlerts?.noticed ?? [];
  const most = Math.max(10, ...noticed.map(({ events }) => (Number.isNaN(events) ? 0 : events)));
  return barPlot(
    `Malicious events to the first anomaly at N = ${budgets[0]?.budget}, median (synthetic)`,
    {
      axis: { title: "malicious events", from: 0.5, to: most * 1.1, logarithmic: true },
      series: ["events"],
      rows: noticed.map(({ kind, events }) => ({ label: kind, values: [events] })),
    },
  );
};

function falseAlertPlot({ budget, series }: BudgetSummary): string {
  const length = Math.max(...series.map((days) => days.length));
  const average = (of: "allowed" | "paged") =>
    Array.from({ length }, (_, day) => {
      const counts = series.flatMap((days) => days[day]?.[of] ?? []);
      return [day, counts.reduce((sum, one) => sum + one, 0) / counts.length] as const;
    });
  const most = Math.max(2 * budget, ...average("allowed").map(([, count]) => count));
  return curvePlot(`False alerts a day at N = ${budget}, mean over seeds (synthetic)`, {
    x: { title: "counted day", from: 0, to: Math.max(1, length - 1) },
    y: { title: "false alerts", from: 0, to: most },
    curves: [
      { name: "pages", points: average("paged") },
      { name: "before the cap", points: average("allowed") },
      {
        name: `N = ${budget}`,
        dashed: true,
        points: [
          [0, budget],
          [length - 1, budget],
        ],
      },
    ],
  });
}
