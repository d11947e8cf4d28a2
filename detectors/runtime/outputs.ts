import type { Anomaly } from "../../schemas/anomaly.ts";
import type { Delta, Table } from "../../schemas/exchange.ts";
import type { Score } from "../../schemas/score.ts";

/** A detector threw: the event was skipped for it and for nothing else. */
export interface Failure {
  readonly detector: string;
  readonly entity: string;
  /** Event id, or `wake`. */
  readonly event: string;
  readonly error: string;
}

/** What a task gives out; the driver makes it durable before it checkpoints past the input. */
export interface Outputs {
  readonly anomalies: readonly Anomaly[];
  readonly scores: readonly Score[];
  readonly deltas: readonly Delta[];
  readonly tables: readonly Table[];
  readonly failures: readonly Failure[];
}

/** Outputs while they are collected. */
export interface Outbox {
  anomalies: Anomaly[];
  scores: Score[];
  deltas: Delta[];
  tables: Table[];
  failures: Failure[];
  /** Whether anything is in it. */
  any: boolean;
}

export const createOutbox = (): Outbox => ({
  anomalies: [],
  scores: [],
  deltas: [],
  tables: [],
  failures: [],
  any: false,
});

const NOTHING: Outputs = Object.freeze({
  anomalies: Object.freeze([]),
  scores: Object.freeze([]),
  deltas: Object.freeze([]),
  tables: Object.freeze([]),
  failures: Object.freeze([]),
});

/** Takes everything out. */
export function drain(outbox: Outbox): Outputs {
  if (!outbox.any) return NOTHING;
  const taken: Outputs = {
    anomalies: outbox.anomalies,
    scores: outbox.scores,
    deltas: outbox.deltas,
    tables: outbox.tables,
    failures: outbox.failures,
  };
  Object.assign(outbox, createOutbox());
  return taken;
}
