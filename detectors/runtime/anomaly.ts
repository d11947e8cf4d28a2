import type { Anomaly } from "../../schemas/anomaly.ts";
import type { EntityRef } from "../../schemas/entity.ts";
import { anomalyId } from "../../schemas/ids.ts";
import type { Score } from "../../schemas/score.ts";
import type { DayScore, Detector, Finding } from "../detector.ts";
import { isoTime } from "./event-time.ts";
import type { Population } from "./population.ts";

const EVIDENCE = 32;

/** Where a finding arose. */
export interface Origin {
  readonly detector: Detector;
  readonly tenant: string;
  readonly entity: EntityRef;
  readonly at: number;
  readonly late: boolean;
  readonly population: Population;
}

const finite = (value: number): number => (Number.isFinite(value) ? value : 0);
const percent = (value: number): number => Math.min(100, Math.max(0, Math.round(finite(value))));

/** Makes the record of a finding; its id holds no evidence, offset or partition. */
export function anomalyFrom(finding: Finding, origin: Origin): Anomaly {
  const { detector, tenant, entity } = origin;
  const evidence = finding.evidence.slice(-EVIDENCE);
  const id = anomalyId({
    tenant,
    detector: detector.name,
    version: detector.version,
    entity,
    windowStart: finding.windowStart,
    discriminator: finding.discriminator ?? "",
  });
  return {
    "anomaly.id": id,
    "@timestamp": isoTime(origin.at),
    "organization.id": tenant,
    "detector.name": detector.name,
    "detector.version": detector.version,
    "threat.technique.id": [...detector.attack],
    "entity.type": entity.type,
    "entity.id": entity.id,
    "related.entities": [...(finding.related ?? [])],
    "anomaly.p": finding.p === null ? null : finite(finding.p),
    "anomaly.score": finite(finding.score),
    "anomaly.severity": percent(finding.severity),
    "anomaly.certain": finding.certain,
    "anomaly.families": [...finding.families],
    "anomaly.window.start": isoTime(finding.windowStart),
    "anomaly.late": origin.late,
    "event.ids": evidence.map((one) => one.id),
    "evidence.authenticated": evidence.length > 0 && evidence.every((one) => one.authenticated),
    "evidence.success": evidence.some((one) => one.success),
    "evidence.datasets": [...new Set(evidence.map((one) => one.dataset))],
    ...(finding.sourceIp === undefined ? {} : { "source.ip": finding.sourceIp }),
    "baseline.age_days": finding.baselineAgeDays ?? -1,
    "population.entity_days": origin.population.entityDays,
    "population.active_users": origin.population.activeUsers,
    message: finding.message,
    explanation: [...finding.explanation],
  };
}

export function scoreFrom(score: DayScore, origin: Omit<Origin, "late" | "population">): Score {
  const { detector, tenant, entity } = origin;
  return {
    "organization.id": tenant,
    "@timestamp": isoTime(origin.at),
    "detector.name": detector.name,
    "detector.version": detector.version,
    "entity.type": entity.type,
    "entity.id": entity.id,
    day: score.day,
    "anomaly.p": score.p === null ? null : finite(score.p),
    "anomaly.score": finite(score.score),
    "baseline.age_days": score.ageDays,
    "score.closed": score.closed,
  };
}
