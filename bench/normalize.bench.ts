import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createNormaliser } from "../ingest/normalise.ts";
import { companyLines } from "./lines.ts";
import { type Bench, type Figure, interleave, median, micros, speedRatio, sum } from "./measure.ts";

const root = join(import.meta.dirname, "..", "..");
const SLICE = 1_000;
const SLICES = 16;
const WARM = 6;

async function formatFigure(file: string): Promise<Figure> {
  const name = file.replace(/\.\w+$/, "");
  const text = readFileSync(join(root, "test", "fixtures", "ingest", file), "utf8");
  const records = text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => Buffer.from(line));
  const slice = Array.from({ length: SLICE }, (_, at) => records[at % records.length] as Buffer);
  const normalise = createNormaliser({ geo: () => undefined });
  const batch = {
    provenance: { tenant: "default", transport: "file", senderId: "bench", authenticated: true },
    dataset: name,
    records: slice,
  } as const;
  const made = normalise({ ...batch, arrivedAt: Date.now() });
  const lines = made.events.map((event) => Buffer.from(JSON.stringify(event)));
  let events = 0;
  const measured = await interleave(
    {
      parse: () => {
        for (const line of lines) if (JSON.parse(line.toString("utf8")) !== null) events += 1;
      },
      normalize: (at) => {
        events += normalise({ ...batch, arrivedAt: Date.now() + at }).events.length;
      },
    },
    { slices: SLICES, warm: WARM },
  );
  const each = sum(measured.cpu.get("normalize") ?? []) / ((SLICES - WARM) * SLICE);
  return {
    name: `normalize ${name}`,
    figure:
      `${Math.round(1e6 / each)} lines/s of CPU, ${micros(each)} a line of ${Math.round(slice.reduce((bytes, one) => bytes + one.length, 0) / SLICE)} bytes ` +
      `(${made.events.length} events and ${made.rejects.length} rejects of ${SLICE} lines; yardstick: parsing the events made)`,
    ratio: speedRatio(measured, { yardstick: "parse", arm: "normalize", groups: 5 }).ratio,
  };
}

async function seconds(args: readonly string[]): Promise<number> {
  const started = performance.now();
  const child = spawn(process.execPath, args, { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`${args.join(" ")} ended with ${code}: ${said}`);
  return (performance.now() - started) / 1000;
}

const PARSE = `const bytes = require("fs").readFileSync(process.argv[1]);
let from = 0, count = 0;
for (let to = bytes.indexOf(10); to >= 0; to = bytes.indexOf(10, from)) {
  if (JSON.parse(bytes.toString("utf8", from, to)) !== null) count++;
  from = to + 1;
}
process.exitCode = count > 0 ? 0 : 1;`;

/** The whole command, its start included, against a process that reads and parses the same file. */
async function replayFigure(): Promise<Figure> {
  const dir = await mkdtemp(join(tmpdir(), "metsuke-bench-"));
  try {
    const lines = companyLines({ seed: 7, people: 100, days: 20, telemetry: 20, shipper: true });
    const file = join(dir, "events.ndjson");
    await writeFile(file, lines.bytes);
    const parse: number[] = [];
    const replay: number[] = [];
    const main = join(root, "dist", "app", "main.js");
    for (let round = 0; round < 3; round++) {
      parse.push(await seconds(["-e", PARSE, file]));
      replay.push(await seconds([main, "replay", file, "--out", join(dir, "out")]));
    }
    return {
      name: "replay command",
      figure: `${Math.round(lines.count / median(replay))} events/s, start, files and triage included (${lines.count} events; parsing alone ${Math.round(lines.count / median(parse))}/s)`,
      ratio: median(replay.map((one, at) => (parse[at] as number) / one)),
    };
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

async function* run(): AsyncIterable<Figure> {
  const files = readdirSync(join(root, "test", "fixtures", "ingest")).toSorted();
  for (const file of files) yield await formatFigure(file);
  yield await replayFigure();
}

export const normalize: Bench = {
  name: "normalize",
  summary: "lines a second by format, and replay as a whole command",
  run,
};
