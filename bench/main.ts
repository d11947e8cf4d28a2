import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { detection } from "./detection.bench.ts";
import { kafka } from "./kafka.bench.ts";
import { type Bench, type Figure, passes } from "./measure.ts";
import { normalize } from "./normalize.bench.ts";
import { restore } from "./restore.bench.ts";
import { scale } from "./scale.bench.ts";
import { store } from "./store.bench.ts";
import { verdict } from "./verdict.bench.ts";

const benches: readonly Bench[] = [verdict, kafka, restore, scale, normalize, store, detection];
const baselineFile = join(import.meta.dirname, "..", "..", "bench", "baseline.json");

/** Ratios of an earlier run: what this one is compared with. */
type Baseline = Readonly<Record<string, number>>;

const readBaseline = (): Baseline =>
  existsSync(baselineFile) ? (JSON.parse(readFileSync(baselineFile, "utf8")) as Baseline) : {};

function barText({ bar }: Figure): string {
  if (bar === undefined) return "no bar";
  const unit = bar.unit === undefined ? "×" : ` ${bar.unit}`;
  return [
    ...(bar.least === undefined ? [] : [`at least ${bar.least}${unit}`]),
    ...(bar.most === undefined ? [] : [`at most ${bar.most}${unit}`]),
  ].join(", ");
}

function line(figure: Figure, baseline: Baseline): string {
  const passed = passes(figure);
  const verdictText = passed === undefined ? "    " : passed ? "pass" : "FAIL";
  const before = baseline[figure.name];
  const ratio =
    figure.ratio === undefined
      ? ""
      : `${figure.ratio.toFixed(2)}× ${before === undefined ? "" : `(was ${before.toFixed(2)}×) `}`;
  return `${verdictText}  ${figure.name.padEnd(22)} ${ratio}[${barText(figure)}]  ${figure.figure}`;
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { json: { type: "boolean" }, keep: { type: "boolean" }, help: { type: "boolean" } },
  });
  const unknown = positionals.filter((name) => !benches.some((bench) => bench.name === name));
  if (values.help === true || unknown.length > 0) {
    process.stderr.write(
      `usage: npm run bench -- [--json] [--keep] [name …]\n` +
        benches.map(({ name, summary }) => `  ${name.padEnd(10)} ${summary}\n`).join("") +
        "  --keep     write this run's ratios to bench/baseline.json\n",
    );
    return unknown.length > 0 ? 2 : 0;
  }
  const chosen = benches.filter(
    ({ name }) => positionals.length === 0 || positionals.includes(name),
  );
  const { figures, failed } = await runAll(chosen, values.json === true);
  if (values.json === true) process.stdout.write(`${JSON.stringify(figures, undefined, 2)}\n`);
  if (values.keep === true) keep(figures);
  return failed || figures.some((figure) => passes(figure) === false) ? 1 : 0;
}

async function runAll(chosen: readonly Bench[], quiet: boolean) {
  const baseline = readBaseline();
  const print = (figure: Figure): void => {
    if (!quiet) process.stdout.write(`${line(figure, baseline)}\n`);
  };
  const figures: (Figure & { readonly pass: boolean | null })[] = [];
  let failed = false;
  for (const bench of chosen) {
    try {
      for await (const figure of bench.run()) {
        figures.push({ ...figure, pass: passes(figure) ?? null });
        print(figure);
      }
    } catch (error) {
      failed = true;
      process.stderr.write(`FAIL  ${bench.name}: ${(error as Error).stack ?? String(error)}\n`);
    }
  }
  return { figures, failed };
}

function keep(figures: readonly Figure[]): void {
  const ratios = figures.flatMap(({ name, ratio }) =>
    ratio === undefined ? [] : [[name, Math.round(ratio * 1000) / 1000] as const],
  );
  const kept = { ...readBaseline(), ...Object.fromEntries(ratios) };
  writeFileSync(baselineFile, `${JSON.stringify(kept, undefined, 2)}\n`);
}

process.exitCode = await main();
