import { closeSync, openSync, writeSync } from "node:fs";
import { errorText, MetsukeError } from "../platform/errors.ts";

const BUFFER_CHARACTERS = 1 << 18;

export interface LineFile {
  write(value: object): void;
  /** Writes what is left and closes. */
  close(): void;
}

/**
 * A new NDJSON file, written in large pieces. It waits for the disk, so that nothing piles up in
 * memory. All calls throw METSUKE_FILE_UNWRITABLE.
 */
export function openLineFile(path: string): LineFile {
  const file = writing(path, () => openSync(path, "w"));
  let text = "";
  const flush = (): void => {
    const bytes = Buffer.from(text);
    text = "";
    writing(path, () => {
      for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
    });
  };
  return {
    write(value) {
      text += `${JSON.stringify(value)}\n`;
      if (text.length >= BUFFER_CHARACTERS) flush();
    },
    close() {
      flush();
      writing(path, () => {
        closeSync(file);
      });
    },
  };
}

/** Names the path in what goes wrong. */
export function writing<T>(path: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    const reason = `cannot write ${path}: ${errorText(cause)}`;
    throw new MetsukeError("METSUKE_FILE_UNWRITABLE", reason, { cause });
  }
}
