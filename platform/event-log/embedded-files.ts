import { mkdirSync } from "node:fs";
import { type Database, open, type RootDatabase } from "lmdb";
import { errorText, MetsukeError } from "../errors.ts";

const MAX_TABLES = 1_024;

export interface TopicEntry {
  /** Number of the topic's first partition; the others follow. */
  readonly id: number;
  readonly partitions: number;
  readonly retentionMs: number;
}

/** Where a partition begins: the first retained offset and the bytes that were before it. */
export interface Start {
  readonly offset: number;
  readonly position: number;
}

export interface TaskEntry {
  readonly epoch: string;
  readonly number: number;
  readonly offset: number;
}

export interface Files {
  readonly root: RootDatabase;
  readonly log: Database<Buffer, Buffer>;
  /** `topic <name>` → TopicEntry, `start <partition>` → Start, `task <name>` → TaskEntry, `group …` → next offset. */
  readonly meta: Database<unknown, string>;
  /** One table per task, so that a full cut replaces by one clear. */
  readonly cells: (task: string) => Database<Buffer, Buffer>;
  /** Runs `write` as part of one durable transaction. @throws METSUKE_LOG_UNAVAILABLE, and then nothing of it is there. */
  readonly commit: (write: () => void) => Promise<void>;
}

/** Opens (or creates) the LMDB environment below `dir`. @throws METSUKE_LOG_UNAVAILABLE */
export function openFiles(dir: string, mapSizeBytes: number): Files {
  const root = openRoot(dir, mapSizeBytes);
  const bytes = { encoding: "binary", keyEncoding: "binary" } as const;
  const log = root.openDB<Buffer, Buffer>({ name: "log", ...bytes });
  const meta = root.openDB<unknown, string>({ name: "meta", encoding: "json" });
  const tables = new Map<string, Database<Buffer, Buffer>>();
  return {
    root,
    log,
    meta,
    cells(task) {
      let table = tables.get(task);
      if (table === undefined) {
        table = root.openDB<Buffer, Buffer>({ name: `cells ${task}`, ...bytes });
        tables.set(task, table);
      }
      return table;
    },
    async commit(write) {
      try {
        await root.batch(write);
      } catch (error) {
        const cause = await causeOf(error);
        throw new MetsukeError(
          "METSUKE_LOG_UNAVAILABLE",
          `cannot write to ${dir}: ${errorText(cause)} (is the disk full?)`,
          { retryable: true, cause },
        );
      }
    },
  };
}

function openRoot(dir: string, mapSize: number): RootDatabase {
  try {
    mkdirSync(dir, { recursive: true });
    // overlappingSync would resolve writes before they are on the disk.
    return open({
      path: dir,
      mapSize,
      maxDbs: MAX_TABLES,
      overlappingSync: false,
      noSubdir: false,
    });
  } catch (cause) {
    throw new MetsukeError("METSUKE_LOG_UNAVAILABLE", `cannot open ${dir}: ${errorText(cause)}`, {
      retryable: true,
      cause,
    });
  }
}

/** lmdb rejects with a promise of the cause, which would otherwise be an unhandled rejection. */
async function causeOf(error: unknown): Promise<unknown> {
  const pending = (error as { commitError?: Promise<unknown> }).commitError;
  if (pending === undefined) return error;
  try {
    await pending;
    return error;
  } catch (cause) {
    return cause;
  }
}
