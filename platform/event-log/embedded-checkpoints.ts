import type { Database } from "lmdb";
import { MetsukeError } from "../errors.ts";
import type { Files, TaskEntry } from "./embedded-files.ts";
import { cellKey, decodeCell, encodeCell } from "./embedded-records.ts";
import type { Cut, EventLog } from "./port.ts";

/** Cells compared before others get their turn. */
const SLICE = 1_000;

interface Change {
  readonly key: Buffer;
  /** Undefined: the cell is gone. */
  readonly cell: Buffer | undefined;
}

/** Cuts of tasks: cells in a table of their own, and one entry that says what they reflect. */
export function openCheckpoints(files: Files): Pick<EventLog, "checkpoint" | "restore"> {
  const entryOf = (task: string) => files.meta.get(`task ${task}`) as TaskEntry | undefined;
  return {
    async checkpoint(task, cut) {
      const before = entryOf(task);
      if (!cut.full && (before?.epoch !== cut.epoch || before.number >= cut.number)) {
        throw new MetsukeError(
          "METSUKE_INTERNAL",
          `cut ${cut.number} of ${task} does not continue what is stored; a full one is needed`,
        );
      }
      const cells = files.cells(task);
      const given = changesOf(cut);
      const changes = cut.full ? await differences(cells, given) : given;
      const entry: TaskEntry = { epoch: cut.epoch, number: cut.number, offset: cut.offset };
      await files.commit(() => {
        for (const { key, cell } of changes) {
          if (cell === undefined) void cells.remove(key);
          else void cells.put(key, cell);
        }
        void files.meta.put(`task ${task}`, entry);
      });
    },
    async restore(task) {
      files.root.resetReadTxn();
      const entry = entryOf(task);
      if (entry === undefined) return undefined;
      const cells = new Map<string, Uint8Array>();
      for (const { value } of files.cells(task).getRange()) {
        const [key, bytes] = decodeCell(value);
        cells.set(key, bytes);
      }
      return { offset: entry.offset, cells };
    },
  };
}

/** Runs through the cells at once, so that the cut is one moment and a failing encoder leaves nothing. */
const changesOf = (cut: Cut): Change[] =>
  Array.from(cut.cells, ([key, value]) => ({
    key: cellKey(key),
    cell: value === null ? undefined : encodeCell(key, value),
  }));

/**
 * What must change for the table to hold `given` alone. After a restart that is little, and writing
 * all of it anew would hold up every append for seconds.
 */
async function differences(
  cells: Database<Buffer, Buffer>,
  given: readonly Change[],
): Promise<Change[]> {
  const changes: Change[] = [];
  const kept = new Set<string>();
  for (const [index, change] of given.entries()) {
    if (index % SLICE === 0) await otherTurns(cells);
    if (change.cell === undefined) continue;
    kept.add(change.key.toString("latin1"));
    const stored = cells.getBinary(change.key);
    if (stored === undefined || !stored.equals(change.cell)) changes.push(change);
  }
  await otherTurns(cells);
  for (const key of cells.getKeys()) {
    if (!kept.has(key.toString("latin1"))) changes.push({ key, cell: undefined });
  }
  return changes;
}

async function otherTurns(cells: Database<Buffer, Buffer>): Promise<void> {
  await new Promise((resolve) => {
    setImmediate(resolve);
  });
  cells.resetReadTxn();
}
