import { Compile } from "typebox/compile";
import type { AppendBatch, LogRecord, StoredRecord } from "../../platform/event-log/port.ts";
import { Action } from "../../schemas/action.ts";
import { Casework } from "../../schemas/casework.ts";
import type { Incident } from "../../schemas/incident.ts";
import { topics } from "../../schemas/topics.ts";
import type { Decisions } from "./triage.ts";

const casework = Compile(Casework);
const action = Compile(Action);

/** A line of the log that is not what its topic holds. */
export interface BadLine {
  readonly offset: number;
  readonly reason: string;
}

export interface Decoded<T> {
  readonly records: readonly T[];
  readonly bad: readonly BadLine[];
}

export const decodeCasework = (stored: StoredRecord): Decoded<Casework> =>
  decode(stored, (value): value is Casework => casework.Check(value));

export const decodeActions = (stored: StoredRecord): Decoded<Action> =>
  decode(stored, (value): value is Action => action.Check(value));

function decode<T>(stored: StoredRecord, is: (value: unknown) => value is T): Decoded<T> {
  const records: T[] = [];
  const bad: BadLine[] = [];
  for (const line of stored.value.toString("utf8").split("\n")) {
    if (line === "") continue;
    try {
      const value: unknown = JSON.parse(line);
      if (is(value)) records.push(value);
      else bad.push({ offset: stored.offset, reason: "does not match the schema of its topic" });
    } catch {
      bad.push({ offset: stored.offset, reason: "is not JSON" });
    }
  }
  return { records, bad };
}

const CASEWORK = { schema: "casework/1" };
const INCIDENT = { schema: "incident/1" };
const ACTION = { schema: "action/1" };

/** One casework record as something to append; keyed by tenant where it names one. */
export function caseworkBatch(record: Casework): AppendBatch {
  const key = record.kind === "anomaly" ? record.anomaly["organization.id"] : "default";
  return {
    topic: topics.casework.name,
    partition: 0,
    records: [{ key, value: line(record), headers: CASEWORK }],
  };
}

/** What a batch of casework led to: the last revision of each incident, every one of an action. */
export function decisionBatches(decisions: readonly Decisions[]): AppendBatch[] {
  const incidents = new Map<string, Incident>();
  for (const incident of decisions.flatMap((each) => each.incidents)) {
    incidents.set(incident["incident.id"], incident);
  }
  const batches = [
    batch(topics.incidents.name, [...incidents.values()], INCIDENT),
    batch(
      topics.actions.name,
      decisions.flatMap((each) => each.actions),
      ACTION,
    ),
  ];
  return batches.filter(({ records }) => records.length > 0);
}

const batch = (
  topic: string,
  values: readonly { readonly "organization.id": string }[],
  headers: Readonly<Record<string, string>>,
): AppendBatch => ({
  topic,
  partition: 0,
  records: values.map((value): LogRecord => ({
    key: value["organization.id"],
    value: line(value),
    headers,
  })),
});

const line = (value: unknown): Buffer => Buffer.from(`${JSON.stringify(value)}\n`);
