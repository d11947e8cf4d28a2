import { MetsukeError } from "../errors.ts";
import type { Files, TaskEntry } from "./embedded-files.ts";
import { cellKey, decodeCell, encodeCell } from "./embedded-records.ts";
import type { EventLog } from "./port.ts";

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
      // An encoder that throws must not leave half a cut in the transaction.
      const changed = Array.from(cut.cells, ([key, value]) => ({
        key: cellKey(key),
        cell: value === null ? undefined : encodeCell(key, value),
      }));
      const cells = files.cells(task);
      const entry: TaskEntry = { epoch: cut.epoch, number: cut.number, offset: cut.offset };
      await files.commit(() => {
        if (cut.full) void cells.clearAsync();
        for (const { key, cell } of changed) {
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
