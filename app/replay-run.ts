import type { Outputs } from "../detectors/runtime/outputs.ts";
import { createReplay, type Replay } from "../detectors/runtime/replay.ts";
import { triageConfig } from "../responders/runtime/config.ts";
import { createTriage, type Triage } from "../responders/runtime/triage.ts";
import type { Policy } from "../responders/policy.ts";
import type { Action } from "../schemas/action.ts";
import type { Anomaly } from "../schemas/anomaly.ts";
import type { Incident } from "../schemas/incident.ts";
import type { Score } from "../schemas/score.ts";
import type { Config } from "./config.ts";
import { detectionChoice } from "./engine-options.ts";

/** Takes what a replay finds, in order. */
export interface ReplaySink {
  score(score: Score): unknown;
  /** `alert`: whether the page budget let it through. An id may come again. */
  anomaly(anomaly: Anomaly, alert: boolean): unknown;
  incident(incident: Incident): unknown;
  action(action: Action): unknown;
}

export interface ReplayRun {
  readonly engine: Replay;
  readonly triage: Triage;
}

/** Detection and triage of the live product over a finite input; nothing is executed. */
export function createReplayRun(of: {
  readonly config: Config;
  /** False alerts a day. */
  readonly budget: number;
  /** IANA zone of the organisation. */
  readonly timezone: string;
  readonly policy: Policy;
  /** Wall clock (epoch ms) at reading: nothing arrived later. */
  readonly readAt: number;
}): ReplayRun {
  const { config, budget, timezone, policy, readAt } = of;
  const { responders: _responders, policy_file: _policyFile, ...respond } = config.respond;
  return {
    engine: createReplay({ ...detectionChoice(config, budget), timezone, readAt }),
    // Nothing is live: whatever no guard holds back ends as planned.
    triage: createTriage(
      triageConfig({ ...respond, live: [], budget_per_day: budget }, { policy, timezone }),
    ),
  };
}

/** Lets triage decide about what the engine gave out and hands all of it on. */
export function takeOutputs({ triage }: ReplayRun, outputs: Outputs, sink: ReplaySink): void {
  for (const score of outputs.scores) sink.score(score);
  for (const anomaly of outputs.anomalies) {
    const decided = triage.apply({
      kind: "anomaly",
      at: Date.parse(anomaly["@timestamp"]),
      anomaly,
    });
    const alert = decided.incidents.some((incident) =>
      incident["paged.anomaly.ids"].includes(anomaly["anomaly.id"]),
    );
    sink.anomaly(anomaly, alert);
    for (const incident of decided.incidents) sink.incident(incident);
    for (const action of decided.actions) sink.action(action);
  }
}
