import { execFileSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { linkSync, readFileSync, unlinkSync, writeFileSync } from "node:fs";
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
      if (link(mine, path)) return () => remove(path);
      const holder = readHolder(path);
      if (holder !== undefined && lives(holder)) throw inUse(dir, holder.pid);
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
    if (other === undefined || !lives(other)) remove(breaker);
    return;
  }
  try {
    const holder = readHolder(path);
    if (holder === undefined || !lives(holder)) remove(path);
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

/** A holder on another host (a shared volume) cannot be looked up: it counts as living. */
function lives(holder: Holder): boolean {
  if (holder.host !== hostname()) return true;
  return startOf(holder.pid) === holder.started;
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
