import { Worker } from "bullmq";
import { Redis } from "ioredis";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createBullmqQueue } from "../../../platform/jobs/bullmq.ts";
import { jobQueueContract } from "../../contracts/job-queue.ts";
import { freePort } from "../../services/provision.ts";
import { type RedisService, startRedis } from "../../services/redis.ts";

let redis: RedisService;
let number = 0;
const nextName = () => `contract-${process.pid}-${number++}`;
let name = nextName();

beforeAll(async () => {
  redis = await startRedis();
});
afterAll(async () => {
  await redis.stop();
});

jobQueueContract("BullMQ on Redis", {
  open({ concurrency, fresh }) {
    if (fresh) name = nextName();
    return Promise.resolve(createBullmqQueue({ url: redis.url, name, concurrency }));
  },
  async lose() {
    await redis.flush();
    return createBullmqQueue({ url: redis.url, name });
  },
});

describe("BullMQ after a worker was killed", () => {
  it("fails its job and never runs it again", { timeout: 60_000 }, async () => {
    const queueName = nextName();
    const client = new Redis(redis.url, { maxRetriesPerRequest: null });
    const queue = createBullmqQueue({ url: redis.url, name: queueName, stalledMs: 500 });
    await queue.enqueue("killed-apply-1", 0);
    const killed = new Worker(queueName, null, { connection: client, lockDuration: 500 });
    const taken = await killed.getNextJob("token");
    expect(taken?.id).toBe("killed-apply-1");
    const seen: string[] = [];
    queue.work((id) => {
      seen.push(id);
      return Promise.resolve();
    });
    await vi.waitFor(async () => expect(await taken?.getState()).toBe("failed"), {
      timeout: 30_000,
      interval: 100,
    });
    await queue.enqueue("killed-apply-1", 0);
    await queue.enqueue("next-apply-1", 0);
    await vi.waitFor(() => expect(seen).toContain("next-apply-1"), { timeout: 10_000 });
    expect(seen).toEqual(["next-apply-1"]);
    await queue.close();
    await killed.close(true);
    client.disconnect();
  });

  it("keeps waiting jobs for the next process", async () => {
    const queueName = nextName();
    const before = createBullmqQueue({ url: redis.url, name: queueName });
    await before.enqueue("kept-apply-1", 0);
    await before.close();
    const after = createBullmqQueue({ url: redis.url, name: queueName });
    const seen: string[] = [];
    after.work((id) => {
      seen.push(id);
      return Promise.resolve();
    });
    await vi.waitFor(() => expect(seen).toEqual(["kept-apply-1"]), { timeout: 10_000 });
    await after.close();
  });
});

describe("BullMQ when Redis goes away", () => {
  it("says so in time, and works again when it is back", { timeout: 60_000 }, async () => {
    const port = await freePort();
    const before = await startRedis({ port });
    const errors: unknown[] = [];
    const queue = createBullmqQueue({
      url: before.url,
      name: nextName(),
      onError: (error) => errors.push(error),
    });
    const seen: string[] = [];
    queue.work((id) => {
      seen.push(id);
      return Promise.resolve();
    });
    await queue.enqueue("first-apply-1", 0);
    await vi.waitFor(() => expect(seen).toEqual(["first-apply-1"]), { timeout: 10_000 });
    await before.stop();
    await expect(queue.enqueue("away-apply-1", 0)).rejects.toMatchObject({
      code: "METSUKE_JOBS_UNAVAILABLE",
      retryable: true,
    });
    const after = await startRedis({ port });
    await vi.waitFor(
      async () => {
        await queue.enqueue("back-apply-1", 0);
        expect(seen).toContain("back-apply-1");
      },
      { timeout: 30_000, interval: 500 },
    );
    expect(seen.filter((id) => id === "back-apply-1")).toHaveLength(1);
    expect(errors.length).toBeGreaterThan(0);
    await queue.close();
    await after.stop();
  });

  it("closes although Redis is away", { timeout: 50_000 }, async () => {
    const port = await freePort();
    const queue = createBullmqQueue({ url: `redis://127.0.0.1:${port}`, name: nextName() });
    queue.work(() => Promise.resolve());
    const begin = Date.now();
    await queue.close();
    expect(Date.now() - begin).toBeLessThan(10_000);
  });
});
