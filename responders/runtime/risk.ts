import type { Anomaly } from "../../schemas/anomaly.ts";

const DECAY_MS = 72 * 3_600_000;
/** ζ(1.5): what the weights 1/i^1.5 sum to without end. */
const WEIGHT_SUM = 2.612375348685488;

/**
 * Risk 0–100 of a set of anomalies: severities fade with e^(−age / 72 h), are sorted downwards and
 * summed with weights 1/i^1.5, divided by the sum that the weights approach (the risk score of
 * Elastic's entity analytics has this shape). For ordering and display; no decision reads it.
 */
export function riskOf(evidence: readonly Anomaly[]): number {
  const times = evidence.map((anomaly) => Date.parse(anomaly["@timestamp"]));
  const last = times.reduce((greatest, at) => Math.max(greatest, at), 0);
  const faded = evidence
    .map((anomaly, index) => {
      const age = last - (times[index] ?? last);
      return anomaly["anomaly.severity"] * Math.exp(-age / DECAY_MS);
    })
    .toSorted((left, right) => right - left);
  const sum = faded.reduce((total, value, index) => total + value / (index + 1) ** 1.5, 0);
  return Math.round((sum / WEIGHT_SUM) * 100) / 100;
}
