import { once } from "node:events";
import { createWriteStream, writeFileSync, type WriteStream } from "node:fs";
import { join } from "node:path";
import type { Action } from "../schemas/action.ts";
import type { Anomaly } from "../schemas/anomaly.ts";
import type { Incident } from "../schemas/incident.ts";
import type { Reject } from "../schemas/reject.ts";
import type { Score } from "../schemas/score.ts";

export interface Summary {
  readonly events: number;
  readonly rejected: number;
  readonly anomalies: number;
  readonly alerts: number;
  readonly actions: number;
  readonly users: number;
  readonly seconds: number;
  readonly events_per_second: number;
  readonly bytes_per_user: number;
}

export type ReplayFiles = ReturnType<typeof openReplayFiles>;

/** What a replay writes: NDJSON as it comes, incidents and actions as they stood at the end. */
export function openReplayFiles(folder: string) {
  const open = (name: string): WriteStream => createWriteStream(join(folder, `${name}.ndjson`));
  const anomalies = open("anomalies");
  const scores = open("scores");
  const rejects = open("rejects");
  const incidents = new Map<string, Incident>();
  const actions = new Map<string, Action>();
  const counts = { events: 0, rejected: 0, anomalies: 0, alerts: 0 };
  const line = (stream: WriteStream, value: object): void => {
    stream.write(`${JSON.stringify(value)}\n`);
  };
  return {
    count(events: number, refused: readonly Reject[]): void {
      counts.events += events;
      counts.rejected += refused.length;
      for (const reject of refused) line(rejects, reject);
    },
    score: (score: Score): void => line(scores, score),
    anomaly(anomaly: Anomaly, alert: boolean): void {
      counts.anomalies += 1;
      if (alert) counts.alerts += 1;
      line(anomalies, { ...anomaly, "anomaly.alert": alert });
    },
    incident: (incident: Incident): unknown => incidents.set(incident["incident.id"], incident),
    action: (action: Action): unknown => actions.set(action["action.id"], action),
    /** Resolves when no file is behind by more than its buffer. */
    async drained(): Promise<void> {
      for (const stream of [anomalies, scores, rejects]) {
        if (stream.writableNeedDrain) await once(stream, "drain");
      }
    },
    async close(of: {
      readonly users: number;
      readonly bytes_per_user: number;
      readonly seconds: number;
    }) {
      const last = open("incidents");
      for (const incident of incidents.values()) {
        line(last, { ...incident, "incident.first": incident["@timestamp"] });
      }
      const taken = open("actions");
      for (const action of actions.values()) line(taken, action);
      for (const stream of [anomalies, scores, rejects, last, taken]) {
        stream.end();
        await once(stream, "finish");
      }
      const summary: Summary = {
        ...counts,
        actions: actions.size,
        users: of.users,
        seconds: Math.round(of.seconds * 1000) / 1000,
        events_per_second: Math.round(counts.events / Math.max(of.seconds, 1e-9)),
        bytes_per_user: of.bytes_per_user,
      };
      writeFileSync(join(folder, "summary.json"), `${JSON.stringify(summary, undefined, 2)}\n`);
      return summary;
    },
  };
}
