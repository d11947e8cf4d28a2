import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** Prometheus metrics. Every component has the same four counters; labels are bounded. */
export function createMetrics() {
  const registry = new Registry();
  const counter = (name: string, help: string, labelNames: string[]) =>
    new Counter({ name, help, labelNames, registers: [registry] });
  const gauge = (name: string, help: string, labelNames: string[]) =>
    new Gauge({ name, help, labelNames, registers: [registry] });
  return {
    registry,
    received: counter("metsuke_received_total", "Records taken in.", ["component"]),
    sent: counter("metsuke_sent_total", "Records handed on durably.", ["component"]),
    rejected: counter("metsuke_rejected_total", "Records kept as rejects.", [
      "component",
      "reason",
    ]),
    errors: counter("metsuke_errors_total", "Errors by reason.", ["component", "reason"]),
    latency: new Histogram({
      name: "metsuke_latency_seconds",
      help: "Time to handle one batch.",
      labelNames: ["component"],
      buckets: [0.001, 0.005, 0.02, 0.1, 0.5, 2, 10],
      registers: [registry],
    }),
    repeats: counter("metsuke_repeats_total", "Events already applied.", ["component"]),
    late: counter("metsuke_late_total", "Events behind the watermark.", ["component"]),
    future: counter("metsuke_future_total", "Events more than 5 minutes ahead.", ["component"]),
    evicted: counter("metsuke_evicted_total", "Entities whose state was evicted.", [
      "component",
      "kind",
    ]),
    watermark: gauge("metsuke_watermark_seconds", "Watermark, epoch seconds.", ["task"]),
    lag: gauge("metsuke_lag_records", "Records not yet read.", ["task"]),
    actions: counter("metsuke_actions_total", "Actions by type and state.", ["type", "status"]),
  };
}

export type Metrics = ReturnType<typeof createMetrics>;
