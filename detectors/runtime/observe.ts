import type { Metrics } from "../../platform/metrics.ts";
import type { Cutting } from "./cells.ts";

type Seen = ReturnType<typeof createSeen>;

/** Moves a task's own counts into the metrics; call it now and then with the same memory. */
export function observe(of: Cutting, metrics: Metrics, seen: Seen): void {
  const { counts, dedupe } = of.gate;
  metrics.repeats.inc({ component: "detect" }, counts.repeats - seen.repeats);
  metrics.late.inc({ component: "detect" }, counts.late - seen.late);
  metrics.future.inc({ component: "detect" }, counts.future - seen.future);
  const refused = of.cores.reduce((sum, core) => sum + core.contributions.refused, 0);
  // A full id set and a full table are limits that an operator should know were reached.
  const limit = (reason: string, more: number) =>
    metrics.errors.inc({ component: "detect", reason }, more);
  limit("dedupe_horizon_shortened", dedupe.shortened - seen.shortened);
  limit("contribution_refused", refused - seen.refused);
  const { shortened } = dedupe;
  const { repeats, late, future } = counts;
  Object.assign(seen, { repeats, late, future, shortened, refused });
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
  shortened: 0,
  refused: 0,
  evicted: new Map<string, number>(),
});
