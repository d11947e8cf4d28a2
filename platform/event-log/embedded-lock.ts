import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, statSync, unlinkSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { MetsukeError } from "../errors.ts";

interface Holder {
  readonly pid: number;
  /** When that process started, in the system's words: a number used again is another process. */
  readonly started: string;
  readonly host: string;
}

const ATTEMPTS = 20;
/** How often the holder touches its lock, for those who cannot look its process up. */
const TOUCH_MS = 10_000;
const UNTOUCHED_MS = 60_000;

/**
 * Takes the data folder for this process. The lock dies with its holder: a file that names a
 * process which is gone is taken over.
 * @returns a function that gives the folder back
 * @throws METSUKE_DATA_IN_USE when a living process holds it
 */
export function lockFolder(dir: string): () => void {
  const path = join(dir, "lock");
  const mine = join(dir, `lock.${process.pid}.${randomUUID()}`);
  const me = { pid: process.pid, started: startOf(process.pid) ?? "", host: hostname() };
  writeFileSync(mine, JSON.stringify(me));
  try {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (link(mine, path)) return hold(path);
      const holder = readHolder(path);
      if (holder !== undefined && lives(holder, path)) throw inUse(dir, holder.pid);
      takeAway(path, mine);
    }
    throw inUse(dir, undefined);
  } finally {
    remove(mine);
  }
}

const inUse = (dir: string, pid: number | undefined) =>
  new MetsukeError(
    "METSUKE_DATA_IN_USE",
    `${dir} is in use by ${pid === undefined ? "another process" : `process ${pid}`}`,
  );

/** Removes a dead holder's lock. A second lock keeps a slower process from removing a new one. */
function takeAway(path: string, mine: string): void {
  const breaker = `${path}.takeover`;
  if (!link(mine, breaker)) {
    const other = readHolder(breaker);
    if (other === undefined || !lives(other, breaker)) remove(breaker);
    return;
  }
  try {
    const holder = readHolder(path);
    if (holder === undefined || !lives(holder, path)) remove(path);
  } finally {
    remove(breaker);
  }
}

function link(from: string, to: string): boolean {
  try {
    linkSync(from, to);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  }
}

function remove(path: string): void {
  try {
    unlinkSync(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  }
}

function readHolder(path: string): Holder | undefined {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const holder = JSON.parse(text) as Partial<Holder>;
    return typeof holder.pid === "number" &&
      typeof holder.started === "string" &&
      typeof holder.host === "string"
      ? { pid: holder.pid, started: holder.started, host: holder.host }
      : undefined;
  } catch (error) {
    // A power cut can leave an empty file; whoever wrote it is gone.
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function hold(path: string): () => void {
  const timer = setInterval(() => {
    const now = new Date();
    try {
      utimesSync(path, now, now);
    } catch {
      // Whoever removed the lock took the folder; writes go on failing or working as before.
    }
  }, TOUCH_MS);
  timer.unref();
  return () => {
    clearInterval(timer);
    remove(path);
  };
}

/**
 * A holder on another host, or in another container, cannot be looked up: it lives as long as it
 * touches its lock.
 */
function lives(holder: Holder, path: string): boolean {
  if (holder.host !== hostname()) return ageOf(path) < UNTOUCHED_MS;
  return startOf(holder.pid) === holder.started;
}

function ageOf(path: string): number {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats === undefined ? Infinity : Date.now() - stats.mtimeMs;
}

function startOf(pid: number): string | undefined {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      if (fields[0] === "Z" || fields[0] === "X") return undefined;
      const boot = readFileSync("/proc/sys/kernel/random/boot_id", "latin1").trim();
      return `${boot} ${fields[19] ?? ""}`;
    }
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    // No such process: both ways fail only then.
    return undefined;
  }
}
