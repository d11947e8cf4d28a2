import { evaluateSeed } from "./evaluate.ts";
import { organisationNamed } from "./organisations.ts";
import type { Answer, Task } from "./tasks.ts";

/** A process of its own: takes one task, tells how far it is, answers and ends. */
process.once("message", (task: Task) => {
  const say = (answer: Answer): void => {
    process.send?.(answer);
  };
  const onProgress = (share: number): void => say({ kind: "progress", share });
  const result = evaluateSeed(organisationNamed(task.organisation), task, onProgress);
  process.send?.({ kind: "result", result } satisfies Answer, () => process.disconnect());
});
