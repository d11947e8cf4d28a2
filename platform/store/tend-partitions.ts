import { setTimeout as delay } from "node:timers/promises";
import { errorText } from "../errors.ts";
import type { Logger } from "../logger.ts";
import type { Store } from "./port.ts";

const EVERY_MS = 15 * 60_000;

interface OpenPartition {
  readonly table: string;
  readonly partition: string;
}

/**
 * Merges days that are over and quiet for 15 minutes to one part each, on which folding costs
 * nothing, and once a day counts repeats that came to different partitions (one of them `odd`),
 * which no view folds. Ends when `signal` aborts.
 */
export async function tendPartitions(
  store: Store,
  logger: Logger,
  signal: AbortSignal,
): Promise<void> {
  let checkedDay = "";
  for (;;) {
    await delay(EVERY_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) return;
    try {
      await mergeClosedDays(store, signal);
      const today = new Date().toISOString().slice(0, 10);
      if (today !== checkedDay) {
        await reportOddRepeats(store, logger);
        checkedDay = today;
      }
    } catch (error) {
      logger.warn({ err: errorText(error) }, "tending partitions failed, later again");
    }
  }
}

/** @returns the number of days merged; days that changed in the last `quietSeconds` are left alone. */
export async function mergeClosedDays(
  store: Store,
  signal: AbortSignal,
  quietSeconds = 900,
): Promise<number> {
  const open = await store.query<OpenPartition>(
    `
    SELECT concat(database, '.', table) AS table, partition
    FROM system.parts
    WHERE active AND database = currentDatabase() AND table LIKE '%\\_raw'
    GROUP BY database, table, partition
    HAVING count() > 1 AND max(modification_time) <= now() - {quietSeconds:UInt32}
      AND partition < toString(today())`,
    { quietSeconds },
  );
  let merged = 0;
  for (const { table, partition } of open) {
    if (signal.aborted) break;
    if (!/^\d{4}-\d\d-\d\d$/.test(partition)) continue;
    await store.command(`OPTIMIZE TABLE ${table} PARTITION '${partition}' FINAL`);
    merged++;
  }
  return merged;
}

async function reportOddRepeats(store: Store, logger: Logger): Promise<void> {
  const repeats = await oddRepeats(store);
  if (repeats > 0) logger.warn({ repeats }, "events repeated across the odd partition");
}

/** Number of event ids that a view counts twice. */
export async function oddRepeats(store: Store): Promise<number> {
  const [row] = await store.query<{ repeats: number }>(`
    SELECT count() AS repeats FROM (
      SELECT \`event.id\` FROM events
      WHERE \`event.id\` IN (SELECT \`event.id\` FROM events_raw WHERE _partition_value.1 = 'odd')
      GROUP BY \`event.id\` HAVING count() > 1)`);
  return row?.repeats ?? 0;
}
