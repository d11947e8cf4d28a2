import type { Anomaly } from "../../schemas/anomaly.ts";
import type { EntityRef } from "../../schemas/entity.ts";
import type { PageDecision } from "../../schemas/incident.ts";
import { incidentId } from "../../schemas/ids.ts";
import { entityKey, type IncidentState, type TriageState } from "./state.ts";
import { riskOf } from "./risk.ts";

const DAY = 86_400_000;
const MAX_IDS = 256;
const MAX_EVIDENCE = 64;
const MAX_LINKS = 8;
const MAX_ENTITIES = 32;

/**
 * Entities by which an anomaly finds its incident, users first. An address that tries fifty
 * accounts must not make one incident of fifty people: what is not about a user links to one only
 * when it names exactly one.
 */
export function linksOf(anomaly: Anomaly): EntityRef[] {
  const own = { type: anomaly["entity.type"], id: anomaly["entity.id"] };
  const related = anomaly["related.entities"];
  const users = related.filter(({ type }) => type === "user" || type === "service");
  const devices = related.filter(({ type }) => type === "device");
  const isUser = own.type === "user" || own.type === "service";
  const links = isUser
    ? [own, ...users, ...devices]
    : [...(users.length === 1 ? users : []), own, ...(own.type === "source" ? [] : devices)];
  return links.slice(0, MAX_LINKS);
}

/** What the page budget said of an anomaly. */
export interface PageVerdict {
  readonly decision: PageDecision;
  /** Day of the organisation's zone, YYYY-MM-DD. */
  readonly day: string;
  /** Pages a day that were promised then. */
  readonly promise: number;
}

/** The incident that a new anomaly belongs to, made or grown by it. */
export function joinIncident(
  state: TriageState,
  anomaly: Anomaly,
  page: PageVerdict,
): IncidentState {
  const tenant = anomaly["organization.id"];
  const at = Date.parse(anomaly["@timestamp"]);
  const keys = linksOf(anomaly).map((link) => entityKey(tenant, link));
  const found = keys
    .map((key) => state.incidents.get(state.byEntity.get(key) ?? ""))
    .find((incident) => incident !== undefined && isNear(incident, at));
  const incident = found ?? createIncident(state, anomaly);
  for (const key of keys) {
    const owner = state.incidents.get(state.byEntity.get(key) ?? "");
    if (owner === incident || (owner !== undefined && isNear(owner, at))) continue;
    if (owner !== undefined) owner.keys = owner.keys.filter((other) => other !== key);
    state.byEntity.set(key, incident.record["incident.id"]);
    incident.keys.push(key);
  }
  addEvidence(incident, anomaly);
  describe(incident, anomaly, page);
  return incident;
}

const isNear = ({ record }: IncidentState, at: number): boolean =>
  at >= Date.parse(record["@timestamp"]) - DAY && at <= Date.parse(record["incident.last"]) + DAY;

function createIncident(state: TriageState, anomaly: Anomaly): IncidentState {
  const id = incidentId(anomaly["organization.id"], anomaly["anomaly.id"]);
  const incident: IncidentState = {
    order: state.nextOrder++,
    record: {
      "incident.id": id,
      "incident.revision": 0,
      "organization.id": anomaly["organization.id"],
      "@timestamp": anomaly["@timestamp"],
      "incident.last": anomaly["@timestamp"],
      "incident.entities": [],
      "anomaly.ids": [],
      "paged.anomaly.ids": [],
      "page.decisions": [],
      "page.days": [],
      "page.promise": 0,
      "incident.families": [],
      "incident.risk": 0,
      message: "",
    },
    count: 0,
    evidence: [],
    keys: [],
    leases: {},
    suppressed: [],
    spent: {},
  };
  state.incidents.set(id, incident);
  return incident;
}

/** A flood of slight findings must not push out the one that counts. */
function addEvidence(incident: IncidentState, anomaly: Anomaly): void {
  const others = incident.evidence.filter((held) => held["anomaly.id"] !== anomaly["anomaly.id"]);
  incident.evidence = [...others, { ...anomaly, explanation: [] }];
  if (incident.evidence.length <= MAX_EVIDENCE) return;
  let weakest = 0;
  for (let index = 1; index < incident.evidence.length; index++) {
    if (strength(incident.evidence[index]) < strength(incident.evidence[weakest])) weakest = index;
  }
  incident.evidence.splice(weakest, 1);
}

const strength = (anomaly: Anomaly | undefined): number =>
  anomaly === undefined
    ? 0
    : anomaly["anomaly.severity"] +
      (anomaly["anomaly.certain"] ? 1_000 : 0) +
      (anomaly["evidence.success"] ? 200 : 0) -
      (anomaly["anomaly.late"] ? 2_000 : 0);

function describe(incident: IncidentState, anomaly: Anomaly, page: PageVerdict): void {
  const { record } = incident;
  const id = anomaly["anomaly.id"];
  const known = record["anomaly.ids"].includes(id);
  const ids = known ? record["anomaly.ids"] : [...record["anomaly.ids"], id].slice(0, MAX_IDS);
  if (!known) incident.count += 1;
  const entities = mergeEntities(record["incident.entities"], anomaly);
  const families = [
    ...new Set([...record["incident.families"], ...anomaly["anomaly.families"]]),
  ].toSorted();
  const first = entities[0]?.id ?? "";
  incident.record = {
    ...record,
    "incident.revision": record["incident.revision"] + 1,
    "@timestamp": earlier(record["@timestamp"], anomaly["@timestamp"]),
    "incident.last": later(record["incident.last"], anomaly["@timestamp"]),
    "incident.entities": entities,
    "anomaly.ids": ids,
    "paged.anomaly.ids":
      page.decision === "paged"
        ? [...record["paged.anomaly.ids"], id].slice(0, MAX_IDS)
        : record["paged.anomaly.ids"],
    "page.decisions": beside(ids, record["page.decisions"], { id, value: page.decision }),
    "page.days": beside(ids, record["page.days"], { id, value: page.day }),
    "page.promise": page.promise,
    "incident.families": families,
    "incident.risk": riskOf(incident.evidence),
    message: `${incident.count} finding${incident.count === 1 ? "" : "s"} about ${first} (${families.join(", ")}); latest: ${anomaly.message}`,
  };
}

function mergeEntities(known: readonly EntityRef[], anomaly: Anomaly): EntityRef[] {
  const merged = [...known];
  const own = { type: anomaly["entity.type"], id: anomaly["entity.id"] };
  for (const entity of [own, ...anomaly["related.entities"]]) {
    const there = merged.some(({ type, id }) => type === entity.type && id === entity.id);
    if (!there && merged.length < MAX_ENTITIES) merged.push({ type: entity.type, id: entity.id });
  }
  return merged;
}

/** One value per id, in their order; a record of a former version has none for the ids it holds. */
const beside = <T extends string>(
  ids: readonly string[],
  before: readonly (T | "")[] | undefined,
  newest: { readonly id: string; readonly value: T },
): (T | "")[] => ids.map((id, at) => (id === newest.id ? newest.value : (before?.[at] ?? "")));

const earlier = (left: string, right: string): string =>
  Date.parse(right) < Date.parse(left) ? right : left;
const later = (left: string, right: string): string =>
  Date.parse(right) > Date.parse(left) ? right : left;

/** Forgets incidents that nothing can join any more. */
export function pruneIncidents(state: TriageState, tenant: string, clock: number): void {
  for (const [id, incident] of state.incidents) {
    if (incident.record["organization.id"] !== tenant) continue;
    if (Date.parse(incident.record["incident.last"]) + 2 * DAY >= clock) continue;
    state.incidents.delete(id);
    for (const key of incident.keys) {
      if (state.byEntity.get(key) === id) state.byEntity.delete(key);
    }
  }
}
