import { pino } from "pino";
import { expect, test, vi } from "vitest";
import { persist } from "../../../ingest/sources/persist.ts";
import type { Accept, RawBatch } from "../../../ingest/source.ts";
import { createMetrics } from "../../../platform/metrics.ts";

const batch: RawBatch = {
  provenance: { tenant: "default", transport: "syslog-tcp", senderId: "s", authenticated: false },
  records: [Buffer.from("x")],
  arrivedAt: 0,
};
const context = (failures: number, stop?: AbortController) => ({
  accept: vi.fn<Accept>(async () => {
    if (failures-- > 0) {
      stop?.abort();
      throw new TypeError("a defect");
    }
    return { events: 1, rejects: 0, reasons: [] };
  }),
  log: pino({ level: "silent" }),
  metrics: createMetrics(),
});

test("any failure is tried again", async () => {
  const once = context(1);
  expect(await persist(once, batch, new AbortController().signal)).toBe(true);
  expect(once.accept).toHaveBeenCalledTimes(2);
});

test("at the end it is tried once more, not for ever", async () => {
  expect(await persist(context(0), batch, AbortSignal.abort())).toBe(true);
  const stop = new AbortController();
  expect(await persist(context(1_000, stop), batch, stop.signal)).toBe(false);
});
