import { stat } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { errorText } from "../../platform/errors.ts";
import type { RawBatch, SourceContext } from "../source.ts";
import {
  type OpenFile,
  findRotated,
  openFile,
  rememberHead,
  rewind,
  sameHead,
} from "./file-open.ts";
import type { FileParams } from "./file-params.ts";
import type { FilePositions } from "./file-positions.ts";
import { persist } from "./persist.ts";
import type { Split } from "./split.ts";

const READ_BYTES = 262_144;
const BACKLOG_RECORDS = 10_000;
const BACKLOG_BYTES = 4_194_304;
/** A rotated file may still be written until its writer opens the new one. */
const LAST_LOOKS = 3;

export interface Tail {
  readonly context: SourceContext<FileParams>;
  readonly positions: FilePositions;
  readonly path: string;
  readonly stop: AbortSignal;
}

const keyOf = (path: string): string => `file:${path}`;

const pause = (tail: Tail, ms: number): Promise<void> =>
  delay(ms, undefined, { signal: tail.stop }).catch(() => undefined);

function trouble({ context, path }: Tail, reason: string, error: unknown): void {
  context.metrics.errors.inc({ component: "ingest.file", reason });
  context.log.warn({ path, err: errorText(error), step: reason }, "file: failed, tried again");
}

/** Hands records over until they are durable; the position moves only then. */
async function deliver(tail: Tail, file: OpenFile, split: Split, backlog: boolean): Promise<void> {
  const { params, now } = tail.context;
  const batch: RawBatch = {
    provenance: {
      tenant: params.tenant,
      transport: "file",
      senderId: tail.path,
      authenticated: params.authenticated,
    },
    ...(params.dataset === undefined ? {} : { dataset: params.dataset }),
    ...(params.timezone === undefined ? {} : { timezone: params.timezone }),
    ...split,
    ordinals: file.memory.take(split.records),
    arrivedAt: now(),
    ...(backlog ? { backlog: keyOf(tail.path) } : {}),
    ...(params.historical ? { historical: true } : {}),
  };
  const offset = file.readAt - file.splitter.rest();
  if (!(await persist(tail.context, batch, tail.stop))) return;
  await rememberHead(file);
  const { dev, ino, head, headBytes } = file;
  tail.positions.set(tail.path, { dev, ino, offset, head, headBytes });
}

/** Reads what is there; true when something was. */
async function readOn(tail: Tail, file: OpenFile): Promise<boolean> {
  const backlog = file.readAt < file.backlogTo;
  const limit = backlog ? BACKLOG_BYTES : READ_BYTES;
  const split: Split = { records: [], refused: [] };
  const from = file.readAt;
  while (split.records.length < BACKLOG_RECORDS && file.readAt - from < limit) {
    const buffer = Buffer.alloc(READ_BYTES);
    const { bytesRead } = await file.handle.read(buffer, 0, READ_BYTES, file.readAt);
    if (bytesRead === 0) break;
    file.readAt += bytesRead;
    const more = file.splitter.push(buffer.subarray(0, bytesRead));
    for (const record of more.records) split.records.push(record);
    for (const refused of more.refused) split.refused.push(refused);
  }
  if (file.readAt === from) return false;
  await deliver(tail, file, split, backlog);
  tail.context.progress?.(tail.path, file.readAt, Math.max(file.backlogTo, file.readAt));
  return true;
}

/** Reads to the end of what is there now. */
async function drain(tail: Tail, file: OpenFile): Promise<void> {
  while (!tail.stop.aborted && (await readOn(tail, file)));
}

/** A file that is over: its last line counts although no line feed ends it. */
async function finish(tail: Tail, file: OpenFile): Promise<void> {
  await drain(tail, file);
  if (tail.stop.aborted) return;
  const last = file.splitter.end();
  await deliver(tail, file, last, file.readAt <= file.backlogTo);
}

/** Starts again at the start; a line that was not whole yet never will be, and is kept as a reject. */
async function restart(tail: Tail, file: OpenFile): Promise<void> {
  trouble(tail, "restarted", new Error("the file was truncated or written anew"));
  const cut = file.splitter.end();
  rewind(file, tail.context.params.max_record_bytes);
  const reason = "the file was truncated before the line ended";
  const refused = cut.records.map((bytes) => ({ bytes, code: "line_cut", reason }));
  await deliver(tail, file, { records: [], refused: [...refused, ...cut.refused] }, false);
}

/** Written anew in place (copytruncate, `>`): smaller than what was read, or with another start. */
async function restarted(file: OpenFile): Promise<boolean> {
  const { size } = await file.handle.stat();
  return size < file.readAt || !(await sameHead(file.handle, file));
}

/** Whether the path now names another file. */
async function replaced(tail: Tail, file: OpenFile): Promise<boolean> {
  const found = await stat(tail.path).catch(() => undefined);
  return found !== undefined && (found.ino !== file.ino || found.dev !== file.dev);
}

/** Follows one file until it is rotated away or `stop`. */
async function follow(tail: Tail, file: OpenFile): Promise<void> {
  const { params } = tail.context;
  let looks = 0;
  while (!tail.stop.aborted) {
    if (await restarted(file)) await restart(tail, file);
    const before = file.readAt;
    await drain(tail, file);
    if (!tail.stop.aborted) tail.context.position(keyOf(tail.path), undefined);
    if (!(await replaced(tail, file)) || file.readAt > before) looks = 0;
    else if (++looks > LAST_LOOKS) return finish(tail, file);
    await pause(tail, params.poll_ms);
  }
}

/** Reads the rest of a file that was rotated away while nobody was reading. */
async function catchUp(tail: Tail): Promise<void> {
  const saved = tail.positions.get(tail.path);
  if (saved === undefined) return;
  const current = await stat(tail.path).catch(() => undefined);
  if (current?.ino === saved.ino && current.dev === saved.dev) return;
  const rotated = await findRotated(tail.path, saved);
  if (rotated === undefined) return;
  const file = await openFile(rotated, saved, tail.context.params.max_record_bytes);
  try {
    await finish(tail, file);
  } finally {
    await file.handle.close();
  }
}

async function readCurrent(tail: Tail): Promise<void> {
  const { params } = tail.context;
  const saved = tail.positions.get(tail.path);
  const file = await openFile(tail.path, saved, params.max_record_bytes);
  try {
    await (params.follow ? follow(tail, file) : finish(tail, file));
  } finally {
    await file.handle.close();
  }
}

/** Reads one path: to its end once, or over all its rotations until `stop`. */
export async function tailPath(tail: Tail): Promise<void> {
  const { params, position } = tail.context;
  while (!tail.stop.aborted) {
    position(keyOf(tail.path), 0);
    try {
      await catchUp(tail);
      await readCurrent(tail);
    } catch (error) {
      if (!params.follow) throw error;
      // Not there yet, or not readable for now: others go on meanwhile.
      trouble(tail, "open", error);
      position(keyOf(tail.path), undefined);
      await pause(tail, params.poll_ms);
    }
    if (params.follow) continue;
    position(keyOf(tail.path), undefined);
    return;
  }
}
