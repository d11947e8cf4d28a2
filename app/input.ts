import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { basename } from "node:path";
import { createGunzip } from "node:zlib";
import { createLineSplitter, type Line } from "../ingest/lines.ts";
import { errorText, MetsukeError } from "../platform/errors.ts";
import type { Streams } from "./command.ts";
import { progressBar } from "./progress.ts";

/** One input of a command: a file, or standard input under the name `-`. */
export interface Input {
  readonly name: string;
  readonly stream: NodeJS.ReadableStream;
}

const CHUNK_BYTES = 1 << 20;

/** The files named, or standard input for `-` or none. @throws METSUKE_FILE_UNREADABLE */
export function openInputs(paths: readonly string[], streams: Streams): Input[] {
  if (paths.length === 0) return [{ name: "-", stream: streams.in }];
  return paths.map((path) => {
    if (path === "-") return { name: "-", stream: streams.in };
    checkReadable(path);
    return { name: basename(path), stream: openFile(path) };
  });
}

/** Bytes of a file; one that is gzip, as rotated logs are, is unpacked as it is read. */
export function openFile(path: string): NodeJS.ReadableStream {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  if (!isGzip(path)) return file;
  const unpacked = createGunzip({ chunkSize: CHUNK_BYTES });
  file.on("error", (error) => unpacked.destroy(error));
  return file.pipe(unpacked);
}

/** Looks at the first two bytes (RFC 1952); of a pipe nothing is read ahead. */
export function isGzip(path: string): boolean {
  if (!statSync(path).isFile()) return false;
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(2);
    return readSync(file, head, 0, 2, 0) === 2 && head[0] === 0x1f && head[1] === 0x8b;
  } finally {
    closeSync(file);
  }
}

export function checkReadable(path: string): number {
  try {
    const found = statSync(path);
    if (found.isDirectory()) {
      throw new MetsukeError("METSUKE_FILE_UNREADABLE", `${path} is a folder; name a file`);
    }
    return found.size;
  } catch (cause) {
    if (cause instanceof MetsukeError) throw cause;
    throw new MetsukeError("METSUKE_FILE_UNREADABLE", `cannot read ${path}: ${errorText(cause)}`, {
      cause,
    });
  }
}

/** Sum of the sizes of named files; 0 when standard input is among them. */
export const inputBytes = (paths: readonly string[]): number =>
  paths.length === 0 || paths.includes("-")
    ? 0
    : paths.reduce((sum, path) => sum + checkReadable(path), 0);

/** Lines of the inputs in order, in lists as they are read; shows a bar on a terminal. */
export async function* readLines(
  paths: readonly string[],
  streams: Streams,
  options: { readonly title: string; readonly keptBytes?: number },
): AsyncIterable<{
  readonly input: Input;
  readonly lines: readonly Line[];
  readonly first: boolean;
}> {
  const total = inputBytes(paths);
  const bar = progressBar(streams, options.title, Math.ceil(total / 1e6), "MB");
  let read = 0;
  try {
    for (const input of openInputs(paths, streams)) {
      const splitter = createLineSplitter(options.keptBytes);
      let first = true;
      for await (const chunk of input.stream as AsyncIterable<Buffer | string>) {
        const bytes = typeof chunk === "string" ? Buffer.from(chunk) : chunk;
        read += bytes.length;
        bar.update(Math.floor(read / 1e6));
        yield { input, lines: splitter.push(bytes), first };
        first = false;
      }
      yield { input, lines: splitter.end(), first };
    }
  } catch (cause) {
    if (cause instanceof MetsukeError) throw cause;
    throw new MetsukeError("METSUKE_FILE_UNREADABLE", `cannot read on: ${errorText(cause)}`, {
      cause,
    });
  } finally {
    bar.stop();
  }
}

/** Writes and waits while the reader of the stream is slow. */
export function writeTo(stream: NodeJS.WritableStream, text: string): Promise<void> | undefined {
  if (text === "" || stream.write(text)) return undefined;
  return new Promise((resolve) => {
    stream.once("drain", resolve);
  });
}
