import { expect, it } from "vitest";
import { createDueList } from "../../../platform/jobs/due-list.ts";
import { jobQueueContract } from "../../contracts/job-queue.ts";

jobQueueContract("due list", {
  open: ({ concurrency }) => Promise.resolve(createDueList({ concurrency })),
  async lose(queue) {
    await queue.close();
    return createDueList();
  },
});

it("keeps the order of many jobs, ties in the order they came", async () => {
  let clock = 0;
  const queue = createDueList({ concurrency: 1, now: () => clock });
  const times = Array.from({ length: 500 }, (_, index) => (index * 7_919) % 97);
  for (const [index, at] of times.entries()) await queue.enqueue(`${index}-apply-${at + 1}`, at);
  clock = 100;
  const seen: string[] = [];
  await new Promise<void>((resolve) => {
    queue.work((id) => {
      seen.push(id);
      if (seen.length === times.length) resolve();
      return Promise.resolve();
    });
  });
  const expected = times
    .map((at, index) => ({ at, index }))
    .toSorted((left, right) => left.at - right.at || left.index - right.index)
    .map(({ at, index }) => `${index}-apply-${at + 1}`);
  expect(seen).toEqual(expected);
  await queue.close();
});
