import { loadConfig } from "../app/config.ts";
import { loadPolicy } from "../app/policy-file.ts";
import { createReplayRun, type ReplaySink, takeOutputs } from "../app/replay-run.ts";
import type { Event } from "../schemas/event.ts";
import { isEvent } from "../schemas/validate.ts";
import { type Company, companyLines, type Lines, lineText } from "./lines.ts";
import { type Bench, type Figure, interleave, micros, speedRatio, sum } from "./measure.ts";

const SLICE = 2_000;
const LEAST = 0.45;

/**
 * Bytes to verdict as `replay` does it: parse, validate, every detector and its runtime, triage, and
 * the lines of what was found; only the disk is left out.
 */
export function createVerdict(): {
  readonly take: (text: string) => void;
  readonly end: () => void;
  readonly found: () => { anomalies: number; scores: number };
} {
  const { config } = loadConfig(undefined);
  const run = createReplayRun({
    config,
    budget: config.respond.budget_per_day,
    timezone: "UTC",
    policy: loadPolicy(undefined),
    readAt: Date.now(),
  });
  const found = { anomalies: 0, scores: 0 };
  let written = 0;
  const write = (value: object): void => {
    written += JSON.stringify(value).length;
  };
  const sink: ReplaySink = {
    score(score) {
      found.scores += 1;
      write(score);
    },
    anomaly(anomaly, alert) {
      found.anomalies += 1;
      write({ ...anomaly, "anomaly.alert": alert });
    },
    incident: write,
    action: write,
  };
  return {
    take(text) {
      const value: unknown = JSON.parse(text);
      if (!isEvent(value)) throw new Error("the bench made a line that is no Event");
      const event: Event = value;
      event["sender.authenticated"] ??= true;
      takeOutputs(run, run.engine.push(event), sink);
    },
    end() {
      for (const outputs of run.engine.end()) takeOutputs(run, outputs, sink);
      if (found.scores > 0 && written === 0)
        throw new Error("nothing of what was found was written");
    },
    found: () => found,
  };
}

function arms(lines: Lines) {
  const verdict = createVerdict();
  let fields = 0;
  const each = (slice: number, take: (text: string) => void): void => {
    const end = Math.min(lines.count, (slice + 1) * SLICE);
    for (let index = slice * SLICE; index < end; index++) take(lineText(lines, index));
  };
  return {
    verdict,
    parsed: () => fields,
    arms: {
      parse: (slice: number) =>
        each(slice, (text) => {
          const value: unknown = JSON.parse(text);
          if (typeof value === "object") fields += 1;
        }),
      verdict: (slice: number) => each(slice, verdict.take),
    },
  };
}

interface Workload {
  readonly name: string;
  readonly company: Company;
}

const PEOPLE = 200;
const company = { seed: 5, people: PEOPLE, days: 20 };

/**
 * The same synthetic company twice. Lean: sign-ins and a few other events a day, in lines of about a
 * kilobyte. Long: beside them what sensors on endpoints and networks send, in lines as Elastic's
 * shippers write them. Both carry the bar. It is easier on long lines, where parsing is dearer and
 * many events a day share the cost of closing it: a bar that only those pass says little.
 */
const workloads: readonly Workload[] = [
  { name: "verdict lean", company: { ...company, telemetry: 0, shipper: false } },
  { name: "verdict long", company: { ...company, telemetry: 40, shipper: true } },
];

async function measure({ name, company: of }: Workload): Promise<Figure> {
  const lines = companyLines(of);
  const slices = Math.ceil(lines.count / SLICE);
  const { verdict, arms: both } = arms(lines);
  // Fifteen of the twenty days are the warm-up: accounts learn for 14 days before they may be judged.
  const warm = Math.floor((slices * 15) / 20);
  const measured = await interleave(both, { slices, warm });
  verdict.end();
  const { ratio, spread } = speedRatio(measured, { yardstick: "parse", arm: "verdict", groups: 7 });
  const events = lines.count - warm * SLICE;
  const [parse, whole] = ["parse", "verdict"].map(
    (arm) => sum(measured.cpu.get(arm) ?? []) / events,
  ) as [number, number];
  const found = verdict.found();
  return {
    name,
    figure:
      `${Math.round(lines.bytes.length / lines.count)} bytes a line: ` +
      `${micros(whole)} CPU per event, parsing alone ${micros(parse)} ` +
      `(${events} events of ${PEOPLE} people, ` +
      `${found.scores} scores, ${found.anomalies} anomalies; ${spread[0].toFixed(2)}–${spread[1].toFixed(2)}×)`,
    ratio,
    bar: { least: LEAST },
  };
}

async function* run(): AsyncIterable<Figure> {
  for (const workload of workloads) yield await measure(workload);
}

export const verdict: Bench = {
  name: "verdict",
  summary: "bytes → verdict against JSON.parse of the same lines",
  run,
};
