import { access } from "node:fs/promises";
import { join } from "node:path";

const POLL_MS = 250;

/**
 * The stop that works when nothing else does: while `<data folder>/STOP` exists, no effect begins.
 * Looked at four times a second; a folder that cannot be read counts as stopped.
 */
export interface StopFile {
  present(): boolean;
  /** Resolves when the file has been looked at once more. */
  look(): Promise<void>;
  close(): void;
}

export function watchStopFile(dataDir: string): StopFile {
  const path = join(dataDir, "STOP");
  let present = true;
  const look = async () => {
    try {
      await access(path);
      present = true;
    } catch (error) {
      present = (error as NodeJS.ErrnoException).code !== "ENOENT";
    }
  };
  const timer = setInterval(() => void look(), POLL_MS);
  return { present: () => present, look, close: () => clearInterval(timer) };
}
