import { type Readable, pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import type { Accept, RawBatch } from "../source.ts";
import { createOrdinalMemory } from "./ordinals.ts";
import type { Split } from "./split.ts";
import { createBodySplitter } from "./split-json.ts";

const SLICE_BYTES = 262_144;
const SLICE_RECORDS = 2_000;
const RATIO_FLOOR = 4 * 1024 * 1024;
/** Equal records of one request are told apart over this many records. */
const ORDINAL_MEMORY = 65_536;

export interface BodyLimits {
  readonly maxRecordBytes: number;
  readonly maxInflatedBytes: number;
  readonly maxRatio: number;
}

/** What a body came to; `problem` says why the rest of it was not taken. */
export interface BodyOutcome {
  accepted: number;
  rejected: number;
  readonly rejects: string[];
  problem?: { readonly status: 400 | 413; readonly message: string };
}

/** Inflates, and ends with an error before a small body becomes a large one. */
async function* inflate(body: Readable, limits: BodyLimits): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  // Errors of either end surface in the iteration below.
  pipeline(body, gunzip, () => undefined);
  let inflated = 0;
  for await (const chunk of gunzip as AsyncIterable<Buffer>) {
    inflated += chunk.length;
    if (inflated > limits.maxInflatedBytes) {
      throw new RangeError(`the body inflates to more than ${limits.maxInflatedBytes} bytes`);
    }
    if (inflated > RATIO_FLOOR && inflated > gunzip.bytesWritten * limits.maxRatio) {
      throw new RangeError(`the body inflates by more than ${limits.maxRatio} times`);
    }
    yield chunk;
  }
}

/** Whether the client spoke wrongly (and still listens), as opposed to having gone away. */
function problemOf(error: unknown, body: Readable): BodyOutcome["problem"] {
  if (error instanceof RangeError) return { status: 413, message: error.message };
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  if (!code.startsWith("Z_") || body.errored !== null) return undefined;
  return { status: 400, message: "the body is not whole gzip" };
}

/**
 * Takes a body slice by slice, each durable before the next is read. @throws what `accept` throws,
 * and when the client goes away.
 */
export async function takeBody(
  body: Readable,
  gzip: boolean,
  limits: BodyLimits,
  hand: { readonly accept: Accept; readonly patienceMs: number; batch(): RawBatch },
): Promise<BodyOutcome> {
  const splitter = createBodySplitter(limits.maxRecordBytes);
  const memory = createOrdinalMemory(ORDINAL_MEMORY);
  const outcome: BodyOutcome = { accepted: 0, rejected: 0, rejects: [] };

  const send = async (slice: Split): Promise<void> => {
    if (slice.records.length + slice.refused.length === 0) return;
    const batch = { ...hand.batch(), ...slice, ordinals: memory.take(slice.records) };
    const done = await hand.accept(batch, { patienceMs: hand.patienceMs });
    outcome.accepted += done.events;
    outcome.rejected += done.rejects;
    outcome.rejects.push(...done.reasons.slice(0, 5 - outcome.rejects.length));
  };

  const chunks: AsyncIterable<Buffer> = gzip ? inflate(body, limits) : body;
  try {
    for await (const slice of slices(chunks, splitter)) await send(slice);
  } catch (error) {
    const problem = problemOf(error, body);
    if (problem === undefined) throw error;
    outcome.problem = problem;
    return outcome;
  }
  return outcome;
}

async function* slices(
  chunks: AsyncIterable<Buffer>,
  splitter: ReturnType<typeof createBodySplitter>,
): AsyncGenerator<Split> {
  let slice: Split = { records: [], refused: [] };
  let bytes = 0;
  const add = (split: Split): void => {
    for (const record of split.records) slice.records.push(record);
    for (const refused of split.refused) slice.refused.push(refused);
  };
  for await (const chunk of chunks) {
    add(splitter.push(chunk));
    bytes += chunk.length;
    if (bytes < SLICE_BYTES && slice.records.length < SLICE_RECORDS) continue;
    yield slice;
    slice = { records: [], refused: [] };
    bytes = 0;
  }
  add(splitter.end());
  yield slice;
}
