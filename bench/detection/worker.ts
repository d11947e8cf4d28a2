import { evaluateSeed } from "./evaluate.ts";
import { organisationNamed } from "./organisations.ts";
import { studyPoisoning } from "./poisoning-study.ts";
import type { Answer, Task } from "./tasks.ts";

/** A process of its own: takes one task, tells how far it is, answers and ends. */
process.once("message", ({ study, plan }: Task) => {
  const onProgress = (share: number): void => {
    process.send?.({ kind: "progress", share } satisfies Answer);
  };
  const organisation = organisationNamed(plan.organisation);
  const result =
    study === "power"
      ? { study, result: evaluateSeed(organisation, plan, onProgress) }
      : { study, result: studyPoisoning(organisation, plan, onProgress) };
  process.send?.({ kind: "done", ...result } satisfies Answer, () => process.disconnect());
});
