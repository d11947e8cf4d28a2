import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "rolldown";

const repo = fileURLToPath(new URL("../../..", import.meta.url));

/** Bundles a TypeScript entry of this repository into a file that plain node runs. */
export async function bundle(entry: string): Promise<string> {
  const dir = join(repo, ".cache", "children");
  mkdirSync(dir, { recursive: true });
  const file = join(dir, `${entry.replaceAll(/[^a-z]/g, "-")}-${process.pid}.mjs`);
  await build({
    input: join(repo, entry),
    platform: "node",
    external: [/^[^./]/],
    output: { file, format: "esm" },
    logLevel: "silent",
  });
  return file;
}

export interface Child {
  readonly process: ChildProcess;
  /** Lines written to standard output so far. */
  readonly lines: readonly string[];
  kill(): Promise<void>;
  exit(): Promise<number | null>;
}

/** Runs a shell line (`"$@"` is node, the file and its arguments). */
export function run(file: string, args: readonly string[], shell = 'exec "$@"'): Child {
  const child = spawn("/bin/sh", ["-c", shell, "sh", process.execPath, file, ...args], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const lines: string[] = [];
  createInterface({ input: child.stdout }).on("line", (text) => lines.push(text));
  const closed = once(child, "close");
  return {
    process: child,
    lines,
    async kill() {
      child.kill("SIGKILL");
      await closed;
    },
    async exit() {
      await closed;
      return child.exitCode;
    },
  };
}
