import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../../app/config.ts";
import type { EventLog } from "../../platform/event-log/port.ts";
import { jsonLines, readToEnd } from "../../platform/event-log/read-to-end.ts";
import { triageConfig } from "../../responders/runtime/config.ts";
import { createTriage } from "../../responders/runtime/triage.ts";
import type { Action } from "../../schemas/action.ts";
import type { Casework } from "../../schemas/casework.ts";
import type { Incident } from "../../schemas/incident.ts";
import { topics } from "../../schemas/topics.ts";

/** What a run found and decided, comparable: every list sorted and without repeats. */
export interface Outcome {
  readonly anomalies: readonly string[];
  /** Which findings they are, for a reader of a difference: id → detector, entity, message. */
  readonly about: ReadonlyMap<string, string>;
  readonly incidents: readonly string[];
  /** `id type status guard` each. */
  readonly actions: readonly string[];
  /** Anomalies that reached a person. */
  readonly pages: readonly string[];
}

interface Anomalous {
  readonly "anomaly.id": string;
  readonly "@timestamp": string;
  readonly "detector.name": string;
  readonly "entity.id": string;
  readonly "anomaly.late": boolean;
  readonly message: string;
}

const sorted = (values: Iterable<string>): string[] => [...new Set(values)].toSorted();

export const actionText = (action: Action): string =>
  [
    action["action.id"],
    action["action.type"],
    action["action.status"],
    action["guard.name"] ?? "",
  ].join(" ");

function outcomeOf(parts: {
  readonly anomalies: readonly Anomalous[];
  readonly incidents: Iterable<Incident>;
  readonly actions: Iterable<Action>;
}): Outcome {
  const incidents = [...parts.incidents];
  return {
    anomalies: sorted(parts.anomalies.map((one) => one["anomaly.id"])),
    about: new Map(
      parts.anomalies.map((one) => [
        one["anomaly.id"],
        `${one["@timestamp"]} ${one["detector.name"]} ${one["entity.id"]}${one["anomaly.late"] ? " late" : ""}: ${one.message}`,
      ]),
    ),
    incidents: sorted(incidents.map((incident) => incident["incident.id"])),
    actions: sorted([...parts.actions].map(actionText)),
    pages: sorted(incidents.flatMap((incident) => incident["paged.anomaly.ids"])),
  };
}

async function rows<Row>(log: EventLog, topic: string): Promise<Row[]> {
  const found: Row[] = [];
  for await (const records of readToEnd(log, topic, 0)) {
    for (const record of records) found.push(...([...jsonLines(record)] as Row[]));
  }
  return found;
}

function newest<Row>(all: readonly Row[], key: (row: Row) => readonly [string, number]): Row[] {
  const kept = new Map<string, Row>();
  for (const row of all) {
    const [id, revision] = key(row);
    const known = kept.get(id);
    if (known === undefined || key(known)[1] < revision) kept.set(id, row);
  }
  return [...kept.values()];
}

export const caseworkOf = (log: EventLog): Promise<Casework[]> =>
  rows<Casework>(log, topics.casework.name);

/** What a live run left in its log. */
export async function liveOutcome(log: EventLog): Promise<Outcome> {
  const casework = await caseworkOf(log);
  return outcomeOf({
    anomalies: casework.flatMap((row) => (row.kind === "anomaly" ? [row.anomaly] : [])),
    incidents: newest(await rows<Incident>(log, topics.incidents.name), (row) => [
      row["incident.id"],
      row["incident.revision"],
    ]),
    actions: newest(await rows<Action>(log, topics.actions.name), (row) => [
      row["action.id"],
      row["action.revision"],
    ]),
  });
}

/** What triage decides from this casework alone. */
export function triageOutcome(casework: readonly Casework[], config: Config): Outcome {
  const { responders: _responders, policy_file: _policy, ...respond } = config.respond;
  const triage = createTriage(triageConfig(respond));
  const incidents = new Map<string, Incident>();
  const actions = new Map<string, Action>();
  for (const row of casework) {
    const decided = triage.apply(row);
    for (const one of decided.incidents) incidents.set(one["incident.id"], one);
    for (const one of decided.actions) actions.set(one["action.id"], one);
  }
  return outcomeOf({
    anomalies: casework.flatMap((row) => (row.kind === "anomaly" ? [row.anomaly] : [])),
    incidents: incidents.values(),
    actions: actions.values(),
  });
}

/** What `metsuke replay` wrote into a folder. */
export async function replayOutcome(folder: string): Promise<Outcome> {
  const read = async <Row>(name: string): Promise<Row[]> =>
    (await readFile(join(folder, `${name}.ndjson`), "utf8"))
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Row);
  return outcomeOf({
    anomalies: await read<Anomalous>("anomalies"),
    incidents: await read<Incident>("incidents"),
    actions: await read<Action>("actions"),
  });
}

/** Findings that only one of two runs has, in words; empty when they are equal. */
export function differences(left: Outcome, right: Outcome): string[] {
  const only = (one: Outcome, other: Outcome, sign: string): string[] => {
    const known = new Set(other.anomalies);
    return one.anomalies
      .filter((id) => !known.has(id))
      .map((id) => `${sign} ${one.about.get(id) ?? id}`);
  };
  return [...only(left, right, "-"), ...only(right, left, "+")].toSorted((a, b) =>
    a.slice(2) < b.slice(2) ? -1 : 1,
  );
}
