import { spawn } from "node:child_process";
import { once } from "node:events";
import { freemem } from "node:os";
import { join } from "node:path";
import { type Bench, type Figure, micros } from "./measure.ts";
import type { ScaleRun } from "./scale-run.ts";

const SIZES = [10_000, 100_000, 1_000_000];
/** Most that one event may cost among a million users, as a multiple of one among ten thousand. */
const MOST = 2;
/** Of the memory that is free a process may take so much; others need the rest. */
const SHARE = 0.7;
/** Memory beyond what lives: garbage, and users who come to know more on their second event. */
const SLACK = 1.25;

/** A process of its own for each number of users, so that one leaves no heap to the next. */
async function runOf(users: number, heapBytes: number): Promise<ScaleRun> {
  const child = spawn(
    process.execPath,
    [
      `--max-old-space-size=${Math.floor(heapBytes / 2 ** 20)}`,
      "--max-semi-space-size=64",
      join(import.meta.dirname, "scale-run.js"),
      String(users),
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let said = "";
  child.stdout.on("data", (bytes: Buffer) => (said += bytes.toString()));
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0) throw new Error(`the run of ${users} users ended with ${code}`);
  return JSON.parse(said) as ScaleRun;
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(1)} GB`;

/**
 * What one more event costs, in units of its parsing, while a synthetic crowd has its day: against
 * the cost among the fewest users. Closing the day is told apart, since it is paid once a user. A
 * run that would not fit into memory is left out, and the figure says so.
 */
async function* run(): AsyncIterable<Figure> {
  let first: number | undefined;
  let perUser = 0;
  for (const users of SIZES) {
    const room = SHARE * freemem();
    const name = `scale ${users} users`;
    const needed = SLACK * perUser * users;
    if (needed > room) {
      const figure = `not measured: needs ${gigabytes(needed)}, may take ${gigabytes(room)}`;
      yield { name, figure, bar: { most: MOST } };
      continue;
    }
    const { parse, verdict, close, bytes } = await runOf(users, room);
    perUser = bytes;
    const cost = verdict / parse;
    first ??= cost;
    const closing = close === undefined ? "" : `, closing a user's day ${micros(close)}`;
    yield {
      name,
      figure:
        `${micros(verdict)} CPU per event, parsing alone ${micros(parse)}${closing} ` +
        `(${Math.round(bytes)} bytes live a user, all detectors; ratio: cost against ${SIZES[0]} users)`,
      ratio: cost / first,
      ...(users === SIZES[0] ? {} : { bar: { most: MOST } }),
    };
  }
}

export const scale: Bench = {
  name: "scale",
  summary: "what an event costs among 10 000, 100 000 and 1 000 000 users",
  run,
};
