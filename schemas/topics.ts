import type { EntityKind } from "./entity.ts";
import { entityId } from "./ids.ts";
import type { Event } from "./event.ts";

/**
 * The pipeline as one table: topic → how it is keyed, who writes it, how long it is kept and which
 * ClickHouse table it becomes. Topic creation, sink and reference pages derive from it.
 */
export interface TopicSpec {
  readonly name: string;
  /** `configured`: as many as the installation says; a number: always that many. */
  readonly partitions: "configured" | number;
  readonly writtenBy: string;
  /** Milliseconds a record is kept at least; 0 = until the checkpointer deletes it. */
  readonly retentionMs: number;
  readonly compacted: boolean;
  /** View name in the store; undefined = not stored. */
  readonly view?: string;
  /** Entity kinds whose state meets in one partition of this topic. */
  readonly serves: readonly EntityKind[];
  readonly description: string;
}

const DAY = 86_400_000;
const YEAR = 365 * DAY;

const topic = (
  spec: Partial<TopicSpec> & Pick<TopicSpec, "name" | "writtenBy" | "description">,
): TopicSpec => ({
  partitions: 1,
  retentionMs: YEAR,
  compacted: false,
  serves: [],
  ...spec,
});

export const topics = {
  events: topic({
    name: "events",
    partitions: "configured",
    writtenBy: "ingest",
    retentionMs: 7 * DAY,
    view: "events",
    serves: ["user", "service", "session"],
    description: "Events, keyed by tenant and resolved user (else host, else source).",
  }),
  bySource: topic({
    name: "events.by-source",
    partitions: "configured",
    writtenBy: "ingest",
    retentionMs: 7 * DAY,
    serves: ["source"],
    description: "Small projection of events keyed by tenant and source address.",
  }),
  byHost: topic({
    name: "events.by-host",
    partitions: "configured",
    writtenBy: "ingest",
    retentionMs: 7 * DAY,
    serves: ["host"],
    description: "Small projection of events keyed by tenant and host.",
  }),
  byDevice: topic({
    name: "events.by-device",
    partitions: "configured",
    writtenBy: "ingest",
    retentionMs: 7 * DAY,
    serves: ["device"],
    description: "Small projection of events keyed by tenant and device.",
  }),
  rejects: topic({
    name: "rejects",
    writtenBy: "ingest",
    retentionMs: 30 * DAY,
    view: "rejects",
    description: "Records that could not become events, with reason and bytes.",
  }),
  deltas: topic({
    name: "deltas",
    writtenBy: "detectors",
    retentionMs: 7 * DAY,
    description: "What each detector task adds to the shared tables in one interval.",
  }),
  tables: topic({
    name: "tables",
    writtenBy: "exchange",
    retentionMs: 30 * DAY,
    description: "Versions of the shared tables; outlives events, never compacted.",
  }),
  control: topic({
    name: "control",
    writtenBy: "operators",
    view: "control",
    description: "Verdicts, directory entries and lists that operators decide.",
  }),
  checkpoints: topic({
    name: "checkpoints",
    writtenBy: "detectors, triage",
    retentionMs: 0,
    description: "Consistent cuts of state; the last two whole full ones are kept.",
  }),
  scores: topic({
    name: "scores",
    writtenBy: "detectors",
    retentionMs: 7 * DAY,
    view: "scores",
    description: "How odd each entity's day was.",
  }),
  casework: topic({
    name: "casework",
    writtenBy: "detectors, workers, operators, the respond role",
    view: "anomalies",
    description: "Everything triage decides from, in one order.",
  }),
  incidents: topic({
    name: "incidents",
    writtenBy: "triage",
    view: "incidents",
    description: "What people work on.",
  }),
  actions: topic({
    name: "actions",
    writtenBy: "triage",
    view: "actions",
    description: "What responders do, state by state.",
  }),
} as const;

/** Header of a record whose events are history: learned from, never acted on. */
export const HISTORICAL = "historical";

export type TopicKey = keyof typeof topics;

/** `tenant` and entity as one routing key; the separator cannot occur in a tenant name. */
export const routingKey = (tenant: string, id: string): string => `${tenant}\u0000${id}`;

/** Which entity of this kind an event belongs to; undefined when it names none. */
export function entityOf(event: Event, kind: EntityKind): string | undefined {
  const tenant = event["organization.id"] ?? "default";
  const name = entityName(event, kind);
  return name === undefined ? undefined : entityId(tenant, kind, name);
}

function entityName(event: Event, kind: EntityKind): string | undefined {
  switch (kind) {
    case "user":
      return event["user.entity.type"] === "service" ? undefined : event["user.entity.id"];
    case "service":
      return event["user.entity.type"] === "service" ? event["user.entity.id"] : undefined;
    case "device":
      return event["device.id"];
    case "host":
      return event["host.name"]?.toLowerCase();
    case "source":
      return event["source.ip"];
    case "session":
      return event["session.id"];
    case "organization":
      return event["organization.id"] ?? "default";
  }
}

/** Routing key of the `events` topic: resolved user, else host, else source. */
export function eventKey(event: Event): string {
  const id =
    event["user.entity.id"] ?? event["host.name"]?.toLowerCase() ?? event["source.ip"] ?? "";
  return routingKey(event["organization.id"] ?? "default", id);
}
