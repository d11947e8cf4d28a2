import { hostname } from "node:os";
import { randomUUID } from "node:crypto";
import type { EventLog } from "../../platform/event-log/port.ts";

/** Where a file is read to, and by what it is known again. */
export interface FilePosition {
  readonly dev: number;
  readonly ino: number;
  /** Bytes read and durable; always the start of a record. */
  readonly offset: number;
  /** Hash of the first `headBytes` bytes: an inode may be used again, a file written anew. */
  readonly head: string;
  readonly headBytes: number;
}

/**
 * Positions of all files of one source, kept in the log as a cut of cells (path → position).
 * They are of this machine: paths and inodes mean nothing elsewhere.
 */
export async function openPositions(log: EventLog, name: string) {
  const task = `ingest/file/${name}@${hostname()}`;
  const epoch = randomUUID();
  const positions = new Map<string, FilePosition>();
  const restored = await log.restore(task);
  for (const [path, bytes] of restored?.cells ?? []) {
    positions.set(path, JSON.parse(Buffer.from(bytes).toString()) as FilePosition);
  }
  let number = 0;
  let changed = false;
  let saving: Promise<void> = Promise.resolve();

  const write = async (): Promise<void> => {
    if (!changed) return;
    changed = false;
    const cells = [...positions].map(
      ([path, position]) => [path, Buffer.from(JSON.stringify(position))] as const,
    );
    try {
      await log.checkpoint(task, { epoch, number, full: true, offset: number, cells });
      number++;
    } catch (error) {
      changed = true;
      throw error;
    }
  };

  return {
    get: (path: string): FilePosition | undefined => positions.get(path),
    set(path: string, position: FilePosition): void {
      positions.set(path, position);
      changed = true;
    },
    /** Saves all, one save after the other. @throws METSUKE_LOG_UNAVAILABLE; nothing is forgotten. */
    save(): Promise<void> {
      saving = saving.then(write, write);
      return saving;
    },
  };
}

export type FilePositions = Awaited<ReturnType<typeof openPositions>>;
