import { detectors } from "../../detectors/index.ts";
import type { Detector } from "../../detectors/detector.ts";
import { mergedCells, mergedCovered } from "../../detectors/runtime/merged.ts";
import { createReplay } from "../../detectors/runtime/replay.ts";
import { detectionChoice } from "../../app/engine-options.ts";
import { parseConfig } from "../../app/config.ts";
import type { Event } from "../../schemas/event.ts";

/**
 * Run as a process of its own with --expose-gc: how much memory so many invented user names take.
 * Prints one line of JSON.
 */
const START = Date.UTC(2026, 0, 5);
const NAMES = Number(process.argv[2] ?? "1000000");
const outcome = process.argv[3] === "success" ? "success" : "failure";
/** Addresses that they come from, in turn. */
const SOURCES = Number(process.argv[4] ?? "1000");
/** So many before the first measurement: windows, code and dedupe segments are there then. */
const WARM = 20_000;

const engine = createReplay({
  ...detectionChoice(parseConfig("", "built-in default")),
  timezone: "UTC",
  readAt: START + 400 * 86_400_000,
});

const tried = (index: number): Event => ({
  "@timestamp": new Date(START + index * 40).toISOString(),
  "event.id": index.toString(16).padStart(32, "0"),
  "event.dataset": "linux.sshd",
  "event.category": ["authentication"],
  "event.action": "ssh_login",
  "event.outcome": outcome,
  "user.name": `invented-${index}`,
  "user.entity.id": `invented-${index}`,
  "user.entity.type": "user",
  "source.ip": `2001:db8::${(index % SOURCES).toString(16)}`,
  "host.name": "bastion",
});

function settledMegabytes(): number {
  globalThis.gc?.();
  globalThis.gc?.();
  return process.memoryUsage.rss() / 1_048_576;
}

/** What the live driver does after so many events. */
const CUT = 200_000;
let cells = 0;
function cut(): void {
  for (const _cell of mergedCells(engine.engine, false)) cells += 1;
  mergedCovered(engine.engine);
}

let findings = 0;
for (let index = 0; index < WARM; index++) findings += engine.push(tried(index)).anomalies.length;
const before = settledMegabytes();
for (let index = WARM; index < WARM + NAMES; index++) {
  findings += engine.push(tried(index)).anomalies.length;
  if (index % CUT === 0) cut();
}
cut();
const after = settledMegabytes();
const evicted = engine.engine.cores
  .flatMap((core) => core.kinds)
  .reduce((sum, table) => sum + table.evicted, 0);
process.stdout.write(
  `${JSON.stringify({
    names: NAMES,
    detectors: (detectors as readonly Detector[]).length,
    sources: SOURCES,
    users: engine.users(),
    evicted,
    findings,
    cells,
    grownMb: Math.round(after - before),
  })}\n`,
);
