import { parseArgs } from "node:util";
import { ksUniform, levels, MATURE } from "./calibration.ts";
import { byAccountDay, createClock, type Entry, keyOf, readEntries } from "./public/audit-log.ts";
import { borrowings, borrowSessions } from "./public/borrowed-sessions.ts";
import { noveltySum } from "./public/novelty-sum.ts";
import { areaUnderCurve, type Ranked, recallOfDay, rPrecision } from "./public/ranks.ts";
import { replayed, type ReplayedOptions } from "./public/replayed.ts";

/**
 * Transfer check on a log of a real organisation, as `metsuke normalize` wrote it:
 *
 *   node dist/bench/detection/public.js EVENTS.ndjson [--timezone ZONE] [--seeds 10] [--per-kind N] [--budget 10]
 *
 * SEMI-REAL: the events are real, the attacks are not. Each attack is somebody else's session under
 * the victim's name on a day on which the victim was active (`public/borrowed-sessions.ts`), so it
 * has no value that the log does not hold elsewhere; 1 % of the judged account-days are attacked. The
 * earlier half of the account-days is history; everything printed is about the later half. Nothing is known of real attacks in the log: what is
 * called a false alert is an alert about an account-day that was not tampered with.
 *
 * Printed: calibration and alerts of the untouched log; then for each way of ranking account-days (the
 * score that `replay` writes, and a naive sum of novelties, `public/novelty-sum.ts`) AUC, share of
 * attacks among the ten highest of their day, R-precision, and attacks that were paged. Mean and
 * range over the seeds. `public/xes.ts` says where four such logs are to be had.
 */

/** Share of the judged account-days that is attacked unless `--per-kind` says how many. */
const RATE = 0.01;

interface Figures {
  readonly auc: number;
  readonly recall3: number;
  readonly recall10: number;
  readonly rPrecision: number;
}

/** Days of the later half of the account-days, in order. */
function laterDays(entries: readonly Entry[]): string[] {
  const days = [...byAccountDay(entries).values()].map(([first]) => (first as Entry).day);
  return [...new Set(days.slice(Math.floor(days.length / 2)))];
}

function figures(
  keys: readonly string[],
  scores: ReadonlyMap<string, number>,
  attacked: ReadonlySet<string>,
): Figures {
  const days: Ranked[] = keys.map((key) => ({
    key,
    day: key.slice(0, 10),
    score: scores.get(key) ?? Number.NEGATIVE_INFINITY,
    attacked: attacked.has(key),
  }));
  return {
    auc: areaUnderCurve(days),
    recall3: recallOfDay(days, 3),
    recall10: recallOfDay(days, 10),
    rPrecision: rPrecision(days),
  };
}

function printUntouched(
  entries: readonly Entry[],
  days: readonly string[],
  options: ReplayedOptions,
): void {
  const run = replayed(entries, options);
  const judged = [...run.days.values()].filter(({ day }) => day >= (days[0] as string));
  for (const [name, least] of [
    ["all", 0],
    [`${MATURE} days and older`, MATURE],
  ] as const) {
    const p = judged.flatMap((day) => (day.p === null || day.age < least ? [] : [day.p]));
    const ratios = levels.map((level) => {
      const hits = p.filter((one) => one <= level).length;
      return `${level}: ${(hits / p.length / level).toFixed(2)}× (${hits})`;
    });
    console.log(
      `untouched, ${name}: ${p.length} account-days with a p, KS ${ksUniform(p).toFixed(3)}, observed ÷ nominal ${ratios.join(", ")}`,
    );
  }
  const pages = days.map((day) => run.pageDays.filter((one) => one === day).length);
  const mean = pages.reduce((sum, count) => sum + count, 0) / days.length;
  console.log(
    `untouched: ${mean.toFixed(2)} alerts a day at a budget of ${options.budget}, worst day ${Math.max(...pages)}`,
  );
}

const ofSeeds = (values: readonly number[]): string => {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return `${mean.toFixed(3)} (${Math.min(...values).toFixed(2)}–${Math.max(...values).toFixed(2)})`;
};

interface SeedResult {
  readonly byMethod: ReadonlyMap<string, Figures>;
  /** Share of the attacks that were paged on their day. */
  readonly paged: number;
  /** Share of the judged account-days that the engine gave no score. */
  readonly unscored: number;
}

function runSeed(
  entries: readonly Entry[],
  of: ReplayedOptions & { readonly seed: number; readonly perKind: number; readonly from: string },
): SeedResult {
  const injected = borrowSessions(entries, of);
  const run = replayed(injected.entries, of);
  const own = new Map([...run.days].map(([key, { score }]) => [key, score]));
  const naive = noveltySum(injected.entries);
  const keys = [...naive.keys()].filter((key) => key.slice(0, 10) >= of.from);
  const byMethod = new Map<string, Figures>();
  for (const kind of ["all", ...borrowings] as const) {
    const labels = injected.labels.filter((label) => kind === "all" || label.kind === kind);
    if (labels.length === 0) continue;
    const attacked = new Set(labels.map(keyOf));
    const others = new Set(injected.labels.map(keyOf).filter((key) => !attacked.has(key)));
    const judged = keys.filter((key) => !others.has(key));
    byMethod.set(`${kind} · replay`, figures(judged, own, attacked));
    byMethod.set(`${kind} · naive sum`, figures(judged, naive, attacked));
  }
  const found = injected.labels.filter((label) => run.paged.has(keyOf(label)));
  return {
    byMethod,
    paged: found.length / injected.labels.length,
    unscored: keys.filter((key) => !own.has(key)).length / keys.length,
  };
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      timezone: { type: "string", default: "UTC" },
      seeds: { type: "string", default: "10" },
      "per-kind": { type: "string" },
      budget: { type: "string", default: "10" },
    },
  });
  const [path] = positionals;
  if (path === undefined) throw new Error("usage: public EVENTS.ndjson [--timezone ZONE] …");
  const clock = createClock(values.timezone);
  const entries = await readEntries(path, clock);
  const days = laterDays(entries);
  const accounts = new Set(entries.map(({ account }) => account)).size;
  const judged = [...byAccountDay(entries).keys()].filter((key) => key >= (days[0] as string));
  console.log(
    `SEMI-REAL ${path}: ${entries.length} events of ${accounts} accounts, judged on ${judged.length} account-days of ${days.length} days from ${days[0]}`,
  );
  const perKind = Number(
    values["per-kind"] ?? Math.ceil((RATE * judged.length) / borrowings.length),
  );
  const options = { budget: Number(values.budget), timezone: values.timezone, clock };
  printUntouched(entries, days, options);
  const results = Array.from({ length: Number(values.seeds) }, (_, index) =>
    runSeed(entries, {
      ...options,
      seed: index + 1,
      perKind,
      from: days[0] as string,
    }),
  );
  console.log(
    `attacks paged: ${ofSeeds(results.map(({ paged }) => paged))}, account-days without a score: ${ofSeeds(results.map(({ unscored }) => unscored))}`,
  );
  for (const method of results[0]?.byMethod.keys() ?? []) {
    const of = results.flatMap(({ byMethod }) => byMethod.get(method) ?? []);
    const text = (key: keyof Figures): string => ofSeeds(of.map((figure) => figure[key]));
    console.log(
      `${method.padEnd(30)} AUC ${text("auc")}  recall@3 ${text("recall3")}  recall@10 ${text("recall10")}  R-precision ${text("rPrecision")}`,
    );
  }
}

if (process.argv[1]?.endsWith("detection/public.js") === true) await main();
