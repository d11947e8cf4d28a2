import type { Metrics } from "../../platform/metrics.ts";
import type { Cutting } from "./cells.ts";

/** Moves a task's own counts into the metrics; call it now and then with the same memory. */
export function observe(
  of: Cutting,
  metrics: Metrics,
  seen: { repeats: number; late: number; future: number; readonly evicted: Map<string, number> },
): void {
  const { counts } = of.gate;
  metrics.repeats.inc({ component: "detect" }, counts.repeats - seen.repeats);
  metrics.late.inc({ component: "detect" }, counts.late - seen.late);
  metrics.future.inc({ component: "detect" }, counts.future - seen.future);
  Object.assign(seen, { repeats: counts.repeats, late: counts.late, future: counts.future });
  for (const core of of.cores) {
    const task = `${core.topic}/${core.partition}`;
    if (Number.isFinite(of.gate.watermark))
      metrics.watermark.set({ task }, of.gate.watermark / 1000);
    for (const { kind, evicted } of core.kinds) {
      const key = `${core.topic}/${kind}`;
      metrics.evicted.inc({ component: "detect", kind }, evicted - (seen.evicted.get(key) ?? 0));
      seen.evicted.set(key, evicted);
    }
  }
}

export const createSeen = () => ({
  repeats: 0,
  late: 0,
  future: 0,
  evicted: new Map<string, number>(),
});
