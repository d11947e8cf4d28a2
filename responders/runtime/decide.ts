import type { Action } from "../../schemas/action.ts";
import type { Anomaly } from "../../schemas/anomaly.ts";
import type { EntityRef } from "../../schemas/entity.ts";
import { caps } from "../guards/caps.ts";
import { corroboration } from "../guards/corroboration.ts";
import { globalStop } from "../guards/global-stop.ts";
import { protectedAccounts } from "../guards/protected-accounts.ts";
import { contains, type Candidate } from "../guards/guard.ts";
import { ableTo, executorOf } from "../guards/identity-link.ts";
import { guards } from "../guards/registry.ts";
import { matchPolicy, type PolicyAction, type PolicyLine } from "../policy.ts";
import type { TriageConfig } from "./config.ts";
import { planAction, startAction, suppressAction } from "./make-action.ts";
import { extended, isUndoing, type Lease } from "./life.ts";
import { countReservations } from "./reservations.ts";
import { actionKey, type IncidentState, isStopped, tenantOf, type TriageState } from "./state.ts";

const DAY = 86_400_000;
const MAX_TARGETS = 4;
/** What a detector itself calls usual is not a second piece of evidence. */
const MIN_SUPPORT_SEVERITY = 20;

/** What the policy calls for about one target, with every anomaly that calls for it. */
export interface Demand {
  readonly key: string;
  readonly action: PolicyAction;
  readonly line: string;
  readonly target: EntityRef;
  readonly decisive: Anomaly[];
}

export interface Situation {
  readonly state: TriageState;
  readonly config: TriageConfig;
  readonly incident: IncidentState;
  readonly newest: Anomaly;
  readonly paged: boolean;
  /** Time of the casework record, epoch ms. */
  readonly at: number;
}

/** Evaluates an incident anew: every anomaly of its last 24 hours may call for an action. */
export function decide(situation: Situation): Action[] {
  return demandsOf(situation).flatMap((demand) => meet(situation, demand));
}

function demandsOf(situation: Situation): Demand[] {
  const { incident, newest, config, paged } = situation;
  const recent = recentEvidence(incident);
  const families = new Set(recent.filter(counts).flatMap((anomaly) => anomaly["anomaly.families"]));
  const demands = new Map<string, Demand>();
  for (const anomaly of recent.toSorted(byWeight)) {
    const line = matchPolicy(config.policy, anomaly, families);
    const pages = paged && anomaly["anomaly.id"] === newest["anomaly.id"];
    const called = (line?.actions ?? []).filter(({ type }) => contains(type) || pages);
    for (const action of called) addDemands(demands, incident, anomaly, { line, action });
  }
  return [...demands.values()];
}

function addDemands(
  demands: Map<string, Demand>,
  incident: IncidentState,
  anomaly: Anomaly,
  { line, action }: { readonly line: PolicyLine | undefined; readonly action: PolicyAction },
): void {
  for (const target of targetsOf(action, anomaly)) {
    const key = actionKey(anomaly["organization.id"], action.type, target);
    if (incident.spent[key]?.includes(anomaly["anomaly.id"])) continue;
    const demand = demands.get(key);
    if (demand === undefined) {
      demands.set(key, { key, action, line: line?.name ?? "", target, decisive: [anomaly] });
    } else demand.decisive.push(anomaly);
  }
}

const recentEvidence = ({ evidence, record }: IncidentState): Anomaly[] => {
  const last = Date.parse(record["incident.last"]);
  return evidence.filter((anomaly) => Date.parse(anomaly["@timestamp"]) > last - DAY);
};

/** Only evidence from a known sender that came in time supports an action. */
const counts = (anomaly: Anomaly): boolean =>
  anomaly["evidence.authenticated"] && !anomaly["anomaly.late"];

const byWeight = (left: Anomaly, right: Anomaly): number =>
  Number(counts(right)) - Number(counts(left)) ||
  Number(right["anomaly.certain"]) - Number(left["anomaly.certain"]) ||
  compare(right["@timestamp"], left["@timestamp"]) ||
  compare(left["anomaly.id"], right["anomaly.id"]);

const compare = (left: string, right: string): number => (left < right ? -1 : left > right ? 1 : 0);

const isAccount = ({ type }: EntityRef): boolean => type === "user" || type === "service";

/** Whom an action is about; an account named beside others is never the target. */
function targetsOf({ type }: PolicyAction, anomaly: Anomaly): readonly EntityRef[] {
  const own = { type: anomaly["entity.type"], id: anomaly["entity.id"] };
  const related = anomaly["related.entities"];
  if (type === "notify") return [own];
  if (type === "block_device") {
    if (own.type === "device") return [own];
    return related.filter((entity) => entity.type === "device").slice(0, MAX_TARGETS);
  }
  if (isAccount(own)) return [own];
  const accounts = related.filter(isAccount);
  return accounts.length === 1 ? accounts : [];
}

function meet(situation: Situation, demand: Demand): Action[] {
  const { state, incident } = situation;
  const open = state.open.get(demand.key);
  const verdict = judge(situation, demand);
  const { held, candidate } = verdict;
  if (open !== undefined) {
    if (held !== undefined && held.name !== caps.name) return [];
    if (isUndoing(open)) {
      const reason = `An earlier ${demand.action.type} of ${demand.target.id} is being undone; the next finding is judged anew.`;
      return suppressAction(situation, demand, {
        candidate,
        held: { name: "undo-in-progress", reason },
      });
    }
    spend(incident, demand, candidate);
    return [extendLease(situation, open, demand.action, candidate.decisive)];
  }
  if (held !== undefined) return suppressAction(situation, demand, verdict);
  const live =
    situation.config.live.includes(demand.action.type) && candidate.executor !== undefined;
  spend(incident, demand, candidate);
  return (live ? startAction : planAction)(situation, demand, verdict);
}

export interface Verdict {
  readonly candidate: Candidate;
  readonly held: { readonly name: string; readonly reason: string } | undefined;
}

/** Guards whose answer is the same for every anomaly, or that other evidence must not get round. */
const FINAL = new Set([globalStop.name, protectedAccounts.name, corroboration.name, caps.name]);

/** The first anomaly that no guard holds decides; when none does, the newest one's reason is shown. */
function judge(situation: Situation, demand: Demand): Verdict {
  const support = supportOf(situation, demand);
  const ofNewest = demand.decisive.find(
    (anomaly) => anomaly["anomaly.id"] === situation.newest["anomaly.id"],
  );
  let last: Verdict | undefined;
  for (const decisive of demand.decisive) {
    last = judgeBy(situation, demand, decisive, support);
    if (last.held === undefined || last.held.name === caps.name) return last;
    if (FINAL.has(last.held.name)) break;
  }
  if (last === undefined) throw new Error("a demand without an anomaly");
  return ofNewest === undefined ? last : judgeBy(situation, demand, ofNewest, support);
}

type Support = Pick<Candidate, "evidence" | "families" | "fresh">;

function supportOf({ incident }: Situation, { key, target }: Demand): Support {
  const evidence = recentEvidence(incident).filter(
    (anomaly) =>
      counts(anomaly) &&
      anomaly["anomaly.severity"] >= MIN_SUPPORT_SEVERITY &&
      names(anomaly, target),
  );
  const spent = new Set(incident.spent[key]);
  return {
    evidence,
    families: [...new Set(evidence.flatMap((anomaly) => anomaly["anomaly.families"]))].toSorted(),
    fresh: evidence.filter((anomaly) => !spent.has(anomaly["anomaly.id"])),
  };
}

function judgeBy(
  { state, config }: Situation,
  { action: { type }, target }: Demand,
  decisive: Anomaly,
  support: Support,
): Verdict {
  const able = ableTo(config.responders, type);
  const tenant = tenantOf(state, decisive["organization.id"]);
  const candidate: Candidate = {
    ...support,
    type,
    target,
    decisive,
    params: config,
    able,
    executor: executorOf(able, config, { type, target, decisive }),
    counts: countReservations(state, tenant, { type, decisive }),
    stopped: isStopped(state),
  };
  for (const guard of guards) {
    const reason = guard.check(candidate);
    if (reason !== undefined) return { candidate, held: { name: guard.name, reason } };
  }
  return { candidate, held: undefined };
}

const names = (anomaly: Anomaly, target: EntityRef): boolean =>
  (anomaly["entity.type"] === target.type && anomaly["entity.id"] === target.id) ||
  anomaly["related.entities"].some(({ type, id }) => type === target.type && id === target.id);

/** What an action rests on has had its effect, or an undone lock would come back by itself. */
function spend(incident: IncidentState, { key, decisive }: Demand, { evidence }: Candidate): void {
  const ids = [...decisive, ...evidence].map((anomaly) => anomaly["anomaly.id"]);
  incident.spent[key] = [...new Set([...(incident.spent[key] ?? []), ...ids])].slice(-256);
}

function extendLease(
  { at }: Situation,
  lease: Lease,
  { lease_minutes }: PolicyAction,
  decisive: Anomaly,
): Action {
  const planned = lease.action["action.status"] === "planned";
  const from = planned ? Date.parse(decisive["@timestamp"]) : at;
  const endsAt = from + lease_minutes * 60_000;
  return extended(lease, { id: decisive["anomaly.id"], endsAt }, at);
}
