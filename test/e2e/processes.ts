import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../../app/version.ts";
import { until } from "../services/provision.ts";

const main = join(packageRoot, "dist", "app", "main.js");

export interface Metsuke {
  readonly child: ChildProcess;
  /** Everything it wrote so far. */
  output(): string;
  /** Resolves with the exit code; SIGTERM unless another signal is named. */
  end(signal?: NodeJS.Signals): Promise<number | null>;
}

interface Spawned extends Metsuke {
  readonly exit: Promise<number | null>;
}

function spawnMetsuke(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Spawned {
  if (!existsSync(main)) throw new Error(`${main} is not built; run npx tsc first`);
  const child = spawn(process.execPath, ["--enable-source-maps", main, ...args], {
    env: { ...process.env, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let text = "";
  const take = (chunk: Buffer) => {
    text += chunk.toString("utf8");
  };
  child.stdout.on("data", take);
  child.stderr.on("data", take);
  const exit = new Promise<number | null>((resolve) => {
    child.once("close", (code) => {
      resolve(code);
    });
  });
  return {
    child,
    exit,
    output: () => text,
    async end(signal = "SIGTERM") {
      if (child.exitCode === null && child.signalCode === null) child.kill(signal);
      return exit;
    },
  };
}

/** Starts `metsuke run` in a process of its own and resolves when it says that it runs. */
export async function startMetsuke(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<Metsuke> {
  const started = spawnMetsuke(["run", ...args], environment);
  let ended = false;
  void started.exit.then(() => {
    ended = true;
  });
  await until(async () => {
    if (started.output().includes("Metsuke runs")) return;
    if (ended) throw new Error(`metsuke run ${args.join(" ")} ended:\n${started.output()}`);
    throw new Error(`metsuke run ${args.join(" ")} does not run yet:\n${started.output()}`);
  }, 60_000);
  return started;
}

/** Runs a command to its end. */
export async function metsuke(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = {},
): Promise<{ readonly code: number | null; readonly output: string }> {
  const started = spawnMetsuke(args, environment);
  return { code: await started.exit, output: started.output() };
}
