import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Action } from "../schemas/action.ts";
import type { Anomaly } from "../schemas/anomaly.ts";
import type { Incident } from "../schemas/incident.ts";
import type { Reject } from "../schemas/reject.ts";
import type { Score } from "../schemas/score.ts";
import { type LineFile, openLineFile, writing } from "./line-file.ts";

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

interface Figures {
  readonly users: number;
  readonly bytes_per_user: number;
  readonly seconds: number;
}

/**
 * What a replay writes: NDJSON as it comes, incidents and actions as they stood at the end. All
 * calls throw METSUKE_FILE_UNWRITABLE.
 */
export function openReplayFiles(folder: string) {
  writing(folder, () => mkdirSync(folder, { recursive: true }));
  const open = (name: string): LineFile => openLineFile(join(folder, `${name}.ndjson`));
  const lines = {
    anomalies: open("anomalies"),
    scores: open("scores"),
    rejects: open("rejects"),
    incidents: open("incidents"),
    actions: open("actions"),
  };
  const incidents = new Map<string, Incident>();
  const actions = new Map<string, Action>();
  const counts = { events: 0, rejected: 0, anomalies: 0, alerts: 0 };
  const folded = foldRepeats();
  const tell = (anomaly: Anomaly, alert: boolean): void => {
    counts.anomalies += 1;
    if (alert) counts.alerts += 1;
    lines.anomalies.write({ ...anomaly, "anomaly.alert": alert });
  };
  return {
    count(events: number, refused: readonly Reject[]): void {
      counts.events += events;
      counts.rejected += refused.length;
      for (const reject of refused) lines.rejects.write(reject);
    },
    score: (score: Score): void => lines.scores.write(score),
    anomaly(anomaly: Anomaly, alert: boolean): void {
      if (folded.isNew(anomaly)) tell(anomaly, alert);
    },
    incident: (incident: Incident): unknown => incidents.set(incident["incident.id"], incident),
    action: (action: Action): unknown => actions.set(action["action.id"], action),
    close(of: Figures): Summary {
      for (const anomaly of folded.late()) tell(anomaly, false);
      for (const incident of incidents.values()) {
        lines.incidents.write({ ...incident, "incident.first": incident["@timestamp"] });
      }
      for (const action of actions.values()) lines.actions.write(action);
      for (const file of Object.values(lines)) file.close();
      const summary = { ...counts, actions: actions.size, ...figures(of, counts.events) };
      const path = join(folder, "summary.json");
      writing(path, () => {
        writeFileSync(path, `${JSON.stringify(summary, undefined, 2)}\n`);
      });
      return summary;
    },
  };
}

const figures = ({ users, seconds, bytes_per_user }: Figures, events: number) => ({
  users,
  seconds: Math.round(seconds * 1000) / 1000,
  events_per_second: Math.round(events / Math.max(seconds, 1e-9)),
  bytes_per_user,
});

/** Repeats of an id fold as in the store; one raised by late events alone waits for one that may act. */
export function foldRepeats() {
  const seen = new Set<string>();
  const late = new Map<string, Anomaly>();
  return {
    isNew(anomaly: Anomaly): boolean {
      const id = anomaly["anomaly.id"];
      if (seen.has(id)) return false;
      if (anomaly["anomaly.late"]) {
        if (!late.has(id)) late.set(id, anomaly);
        return false;
      }
      late.delete(id);
      seen.add(id);
      return true;
    },
    late: (): Iterable<Anomaly> => late.values(),
  };
}
