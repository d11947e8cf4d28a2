import { fork } from "node:child_process";
import { join } from "node:path";
import type { Plan, SeedResult } from "./evaluate.ts";
import type { PoisoningResult } from "./poisoning-study.ts";

/** `power`: calibration, false alerts and attacks; `poisoning`: slow ramps and colluders. */
export const studies = ["power", "poisoning"] as const;
export type Study = (typeof studies)[number];

export interface Task {
  readonly study: Study;
  readonly plan: Plan;
}

export type Done =
  | { readonly study: "power"; readonly result: SeedResult }
  | { readonly study: "poisoning"; readonly result: PoisoningResult };
export type Answer =
  | { readonly kind: "progress"; readonly share: number }
  | ({ readonly kind: "done" } & Done);

/** Seeds at a time: each holds an organisation's engines in memory and one core. */
export const WORKERS = 2;

/**
 * Runs every task in a process of its own, `workers` at a time, results in the order of the tasks.
 * `onProgress` is told the tasks done, in fractions. Rejects when a worker ends without a result.
 */
export async function runTasks(
  tasks: readonly Task[],
  of: { readonly workers: number; readonly onProgress: (done: number) => void },
): Promise<Done[]> {
  const results: Done[] = [];
  const shares = tasks.map(() => 0);
  let next = 0;
  const takeTurns = async (): Promise<void> => {
    for (let index = next++; index < tasks.length; index = next++) {
      results[index] = await runTask(tasks[index] as Task, (share) => {
        shares[index] = share;
        of.onProgress(shares.reduce((sum, one) => sum + one, 0));
      });
    }
  };
  await Promise.all(Array.from({ length: of.workers }, takeTurns));
  return results;
}

function runTask(task: Task, onProgress: (share: number) => void): Promise<Done> {
  return new Promise((resolve, reject) => {
    const worker = fork(join(import.meta.dirname, "worker.js"), { serialization: "advanced" });
    let done: Done | undefined;
    worker.on("message", (answer: Answer) => {
      if (answer.kind === "progress") return onProgress(answer.share);
      onProgress(1);
      done = answer;
    });
    worker.on("error", reject);
    worker.on("exit", (code) => {
      if (done !== undefined) return resolve(done);
      reject(
        new Error(
          `${task.plan.organisation}, seed ${task.plan.seed}: the worker ended with ${code}`,
        ),
      );
    });
    worker.send(task);
  });
}
