import { afterEach, describe, expect, it, vi } from "vitest";
import type { JobQueue } from "../../platform/jobs/port.ts";

export interface JobQueueUnderTest {
  /** A queue over the same place as the ones before it; `fresh` = over an empty, new place. */
  open(options: { readonly concurrency: number; readonly fresh: boolean }): Promise<JobQueue>;
  /** Loses every job, as FLUSHALL or a restart of the process would. */
  lose(queue: JobQueue): Promise<JobQueue>;
}

/** What every job queue promises; each adapter runs it on the real component. */
export function jobQueueContract(name: string, under: JobQueueUnderTest): void {
  describe(`job queue: ${name}`, () => {
    const queues: JobQueue[] = [];
    const open = async (concurrency = 8) => {
      const queue = await under.open({ concurrency, fresh: true });
      queues.push(queue);
      return queue;
    };
    afterEach(async () => {
      await Promise.all(queues.splice(0).map((queue) => queue.close()));
    });
    const until = (check: () => void) => vi.waitFor(check, { timeout: 20_000, interval: 20 });

    it("hands out jobs in the order of notBefore, none of them early", async () => {
      const queue = await open(1);
      const begin = Date.now();
      const seen: [string, number][] = [];
      await queue.enqueue("c-apply-3", begin + 900);
      await queue.enqueue("a-apply-1", begin + 300);
      await queue.enqueue("b-apply-2", begin + 600);
      queue.work((id) => {
        seen.push([id, Date.now() - begin]);
        return Promise.resolve();
      });
      await until(() => expect(seen).toHaveLength(3));
      expect(seen.map(([id]) => id)).toEqual(["a-apply-1", "b-apply-2", "c-apply-3"]);
      for (const [index, [, after]] of seen.entries()) {
        expect(after).toBeGreaterThanOrEqual((index + 1) * 300 - 5);
      }
    });

    it("runs an id once, however often it is enqueued, also after it ended", async () => {
      const queue = await open();
      const seen: string[] = [];
      queue.work((id) => {
        seen.push(id);
        return Promise.resolve();
      });
      await Promise.all(Array.from({ length: 10 }, () => queue.enqueue("x-apply-1", 0)));
      await until(() => expect(seen).toEqual(["x-apply-1"]));
      await queue.enqueue("x-apply-1", 0);
      await queue.enqueue("y-apply-1", 0);
      await until(() => expect(seen).toContain("y-apply-1"));
      expect(seen).toEqual(["x-apply-1", "y-apply-1"]);
    });

    it("runs as many at once as allowed, not more", async () => {
      const queue = await open(3);
      let running = 0;
      let most = 0;
      let ended = 0;
      const gates: (() => void)[] = [];
      for (let job = 0; job < 9; job++) await queue.enqueue(`j${job}-apply-1`, 0);
      queue.work(async () => {
        running += 1;
        most = Math.max(most, running);
        await new Promise<void>((resolve) => gates.push(resolve));
        running -= 1;
        ended += 1;
      });
      await until(() => expect(gates).toHaveLength(3));
      for (let opened = 0; opened < 9; opened++) {
        await until(() => expect(gates.length).toBeGreaterThan(opened));
        gates[opened]?.();
      }
      await until(() => expect(ended).toBe(9));
      expect(most).toBe(3);
    });

    it("ends a job whose handler rejects, and goes on", async () => {
      const queue = await open(1);
      const seen: string[] = [];
      queue.work((id) => {
        seen.push(id);
        return id === "bad-apply-1" ? Promise.reject(new Error("refused")) : Promise.resolve();
      });
      await queue.enqueue("bad-apply-1", 0);
      await queue.enqueue("good-apply-1", 0);
      await until(() => expect(seen).toContain("good-apply-1"));
      expect(seen.filter((id) => id === "bad-apply-1")).toHaveLength(1);
    });

    it("waits on close for what runs", async () => {
      const queue = await under.open({ concurrency: 8, fresh: true });
      let begun = false;
      let ended = false;
      let release = () => {};
      queue.work(async () => {
        begun = true;
        await new Promise<void>((resolve) => {
          release = resolve;
        });
        ended = true;
      });
      await queue.enqueue("slow-apply-1", 0);
      await until(() => expect(begun).toBe(true));
      const closing = queue.close();
      release();
      await closing;
      expect(ended).toBe(true);
    });

    it("takes an id again after everything was lost", async () => {
      const queue = await open();
      await queue.enqueue("lost-apply-1", Date.now() + 3_600_000);
      const after = await under.lose(queue);
      queues.push(after);
      const seen: string[] = [];
      after.work((id) => {
        seen.push(id);
        return Promise.resolve();
      });
      await after.enqueue("lost-apply-1", 0);
      await until(() => expect(seen).toEqual(["lost-apply-1"]));
    });
  });
}
