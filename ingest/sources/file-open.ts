import { type FileHandle, open, readdir, stat } from "node:fs/promises";
import { hash } from "node:crypto";
import { dirname, join } from "node:path";
import type { FilePosition } from "./file-positions.ts";
import { type OrdinalMemory, createOrdinalMemory } from "./ordinals.ts";
import { createLineSplitter } from "./split.ts";

const HEAD_BYTES = 256;
/** So much before the place to go on from is looked through for equal records. */
const LOOK_BACK = 1_048_576;

/** A file under the eye of one reader. */
export interface OpenFile {
  readonly handle: FileHandle;
  readonly dev: number;
  readonly ino: number;
  /** Size when it was opened: what was there before is backlog. */
  backlogTo: number;
  readAt: number;
  splitter: ReturnType<typeof createLineSplitter>;
  memory: OrdinalMemory;
  head: string;
  headBytes: number;
}

async function readExactly(handle: FileHandle, from: number, to: number): Promise<Buffer> {
  const bytes = Buffer.alloc(to - from);
  let got = 0;
  while (got < bytes.length) {
    const { bytesRead } = await handle.read(bytes, got, bytes.length - got, from + got);
    if (bytesRead === 0) break;
    got += bytesRead;
  }
  return bytes.subarray(0, got);
}

const headOf = async (handle: FileHandle, headBytes: number): Promise<string> =>
  hash("sha256", await readExactly(handle, 0, headBytes));

/** False once the file no longer starts with what it started with: it was written anew in place. */
export const sameHead = async (
  handle: FileHandle,
  known: { readonly head: string; readonly headBytes: number },
): Promise<boolean> =>
  known.headBytes === 0 || (await headOf(handle, known.headBytes)) === known.head;

/** Remembers the start of the file, up to 256 bytes of what is read. */
export async function rememberHead(file: OpenFile): Promise<void> {
  if (file.headBytes === HEAD_BYTES) return;
  const headBytes = Math.min(HEAD_BYTES, file.readAt);
  if (headBytes === file.headBytes) return;
  file.head = await headOf(file.handle, headBytes);
  file.headBytes = headBytes;
}

/** The file from its start, as new: everything known of it is forgotten. */
export function rewind(file: OpenFile, maxRecordBytes: number): void {
  file.readAt = 0;
  file.backlogTo = 0;
  file.splitter = createLineSplitter(maxRecordBytes);
  file.memory = createOrdinalMemory();
  file.headBytes = 0;
  file.head = "";
}

/** Counts the records before `offset` again, so that those after it get the ordinals they had. */
async function lookBack(file: OpenFile, offset: number, maxRecordBytes: number): Promise<void> {
  const from = Math.max(0, offset - LOOK_BACK);
  const splitter = createLineSplitter(maxRecordBytes);
  const bytes = await readExactly(file.handle, from, offset);
  const start = from === 0 ? 0 : bytes.indexOf(10) + 1;
  file.memory.take(splitter.push(bytes.subarray(start)).records);
}

/** Opens a regular file, to go on from `saved` where it is the same file. @throws what the system says. */
export async function openFile(
  path: string,
  saved: FilePosition | undefined,
  maxRecordBytes: number,
): Promise<OpenFile> {
  const handle = await open(path, "r");
  try {
    const { dev, ino, size } = await handle.stat();
    const file: OpenFile = {
      handle,
      dev,
      ino,
      backlogTo: size,
      readAt: 0,
      splitter: createLineSplitter(maxRecordBytes),
      memory: createOrdinalMemory(),
      head: "",
      headBytes: 0,
    };
    const same = saved?.dev === dev && saved.ino === ino && saved.offset <= size;
    if (saved === undefined || !same || !(await sameHead(handle, saved))) return file;
    await lookBack(file, saved.offset, maxRecordBytes);
    return Object.assign(file, {
      readAt: saved.offset,
      head: saved.head,
      headBytes: saved.headBytes,
    });
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** Where a file that was rotated away while nobody read now is: same folder, same inode and start. */
export async function findRotated(path: string, saved: FilePosition): Promise<string | undefined> {
  const folder = dirname(path);
  for (const entry of await readdir(folder)) {
    const candidate = join(folder, entry);
    const found = await stat(candidate).catch(() => undefined);
    if (found?.isFile() !== true || found.ino !== saved.ino || found.dev !== saved.dev) continue;
    const handle = await open(candidate, "r");
    const same = await sameHead(handle, saved);
    await handle.close();
    if (same) return candidate;
  }
  return undefined;
}
