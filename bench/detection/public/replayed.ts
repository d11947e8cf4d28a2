import { loadConfig } from "../../../app/config.ts";
import { foldRepeats } from "../../../app/replay-files.ts";
import { createReplayRun, takeOutputs } from "../../../app/replay-run.ts";
import { defaultPolicy } from "../../../responders/policy.ts";
import type { Anomaly } from "../../../schemas/anomaly.ts";
import type { Score } from "../../../schemas/score.ts";
import { type Clock, type Entry, keyOf } from "./audit-log.ts";

export interface ScoredDay {
  readonly account: string;
  readonly day: string;
  /** Null while the engine's tables are too thin. */
  readonly p: number | null;
  readonly score: number;
  /** Active days learned before this one. */
  readonly age: number;
}

export interface Replayed {
  /** By account-day, as the day closed. */
  readonly days: ReadonlyMap<string, ScoredDay>;
  /** Account-days that a page is about, with how many. */
  readonly paged: ReadonlyMap<string, number>;
  /** Local days of all pages, those about hosts and addresses among them. */
  readonly pageDays: readonly string[];
}

export interface ReplayedOptions {
  /** False alerts a day. */
  readonly budget: number;
  /** IANA zone of the organisation. */
  readonly timezone: string;
  readonly clock: Clock;
}

/** The entries through what `metsuke replay` runs: all detectors and triage. */
export function replayed(entries: readonly Entry[], options: ReplayedOptions): Replayed {
  const { budget, timezone, clock } = options;
  const { config } = loadConfig(undefined);
  const policy = defaultPolicy();
  const readAt = Number.MAX_SAFE_INTEGER;
  const run = createReplayRun({ config, budget, timezone, policy, readAt });
  const days = new Map<string, ScoredDay>();
  const paged = new Map<string, number>();
  const pageDays: string[] = [];
  const folded = foldRepeats();
  const sink = {
    score(score: Score): void {
      const account = score["entity.type"] === "user" || score["entity.type"] === "service";
      if (!account || score["detector.name"] !== "baseline") return;
      const day = {
        account: score["entity.id"],
        day: score.day,
        p: score["anomaly.p"],
        score: score["anomaly.score"],
        age: score["baseline.age_days"],
      };
      days.set(keyOf(day), day);
    },
    anomaly(anomaly: Anomaly, alert: boolean): void {
      if (!folded.isNew(anomaly) || !alert) return;
      const { day } = clock.read(Date.parse(anomaly["@timestamp"]));
      pageDays.push(day);
      const key = keyOf({ account: anomaly["entity.id"], day });
      paged.set(key, (paged.get(key) ?? 0) + 1);
    },
    incident: () => {},
    action: () => {},
  };
  for (const { event } of entries) takeOutputs(run, run.engine.push(event), sink);
  for (const outputs of run.engine.end()) takeOutputs(run, outputs, sink);
  return { days, paged, pageDays };
}
