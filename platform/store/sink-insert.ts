import { setTimeout as delay } from "node:timers/promises";
import { errorText, MetsukeError } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { Store } from "./port.ts";

export interface SinkRow {
  readonly line: string;
  readonly day: string;
}

/** Each day is a partition and makes a part of its own. */
const MAX_DAYS = 32;
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 30_000;

/** Codes that speak about the rows, not about the server: parsing, ranges, types. */
const ROW_CODES = new Set([
  6, 25, 26, 27, 33, 36, 38, 41, 43, 53, 69, 70, 72, 117, 130, 131, 190, 321, 349, 376, 407, 441,
  467, 569, 675, 676,
]);

export interface InsertReport {
  readonly inserted: number;
  /** Rows that the store will never take, with its words. */
  readonly refused: readonly { readonly line: string; readonly reason: string }[];
}

/**
 * Inserts a batch, however long the store is away: only rows that the store finds wrong are given
 * up, one by one. The same rows under the same `token` are cut and named the same way each time.
 * Rejects only when `signal` aborts while the store is away.
 */
export async function insertBatch(
  to: { readonly store: Store; readonly table: string; readonly logger: Logger },
  rows: readonly SinkRow[],
  token: string,
  signal: AbortSignal,
): Promise<InsertReport> {
  const refused: { line: string; reason: string }[] = [];
  let inserted = 0;
  const insert = async (part: readonly SinkRow[], name: string): Promise<void> => {
    const ndjson = Buffer.from(`${part.map(({ line }) => line).join("\n")}\n`, "utf8");
    const reason = await untilTaken(to, ndjson, name, signal);
    if (reason === undefined) inserted += part.length;
    else if (part.length === 1) refused.push({ line: part[0]?.line ?? "", reason });
    else {
      const half = part.length >> 1;
      await insert(part.slice(0, half), `${name}/a`);
      await insert(part.slice(half), `${name}/b`);
    }
  };
  for (const [index, part] of byDays(rows).entries()) {
    await insert(part, index === 0 ? token : `${token}/${index}`);
  }
  return { inserted, refused };
}

/** Parts of at most 32 days each, days in order of appearance. */
export function byDays(rows: readonly SinkRow[]): SinkRow[][] {
  const partOfDay = new Map<string, number>();
  const parts: SinkRow[][] = [];
  for (const row of rows) {
    const known = partOfDay.get(row.day);
    const part = known ?? Math.floor(partOfDay.size / MAX_DAYS);
    if (known === undefined) partOfDay.set(row.day, part);
    (parts[part] ??= []).push(row);
  }
  return parts;
}

/** Resolves with the store's words when it finds a row wrong, undefined when the rows are in. */
async function untilTaken(
  {
    store,
    table,
    logger,
  }: { readonly store: Store; readonly table: string; readonly logger: Logger },
  ndjson: Buffer,
  token: string,
  signal: AbortSignal,
): Promise<string | undefined> {
  let waitMs = FIRST_WAIT_MS;
  for (let attempt = 1; ; attempt++) {
    try {
      await store.insert(table, ndjson, token);
      if (attempt > 1) logger.info({ table, attempt }, "store takes rows again");
      return undefined;
    } catch (error) {
      if (blamesRow(error)) return errorText(error);
      if (attempt === 1)
        logger.warn({ err: errorText(error), table }, "store takes no rows, waiting");
    }
    // Decorrelated jitter; whoever waits has the log as its buffer.
    await delay(waitMs, undefined, { signal });
    waitMs = Math.min(
      LONGEST_WAIT_MS,
      FIRST_WAIT_MS + Math.random() * (waitMs * 3 - FIRST_WAIT_MS),
    );
  }
}

function blamesRow(error: unknown): boolean {
  if (!(error instanceof MetsukeError) || error.code !== "METSUKE_STORE_REFUSED") return false;
  return ROW_CODES.has(Number(/^Code: (\d+)\./.exec(error.message)?.[1]));
}
