import type { EntityRef } from "../../schemas/entity.ts";
import type { DetectorContext, Finding } from "../detector.ts";
import { versionFor } from "../exchange/boundaries.ts";
import { sharedTable } from "../exchange/tables.ts";
import { anomalyFrom, scoreFrom } from "./anomaly.ts";
import type { Call } from "./call.ts";
import { contribute, type Contribution } from "./contributions.ts";
import { POPULATION, populationOf } from "./population.ts";
import { stateOf } from "./slots.ts";
import { setWake } from "./wakes.ts";

/** The context of a task's calls as the runtime sees it: the same object each time, filled anew. */
export type CallContext = {
  -readonly [Field in keyof DetectorContext<unknown>]: DetectorContext<unknown>[Field];
};

const NOBODY: EntityRef = { type: "user", id: "" };

/**
 * Makes the one context of a task. Making closures for every call would cost more than the detectors
 * do; `call` says what the current one is about.
 */
export function createContext(call: Call): CallContext {
  const { core } = call;
  return {
    params: undefined,
    tenant: "",
    entity: NOBODY,
    at: 0,
    late: false,
    get zoneOffsetMs() {
      return core.around.zone(call.at);
    },
    emit: (finding) => emit(call, finding),
    score: (score) => {
      if (!call.learns) return;
      const { detector, at } = call;
      core.outbox.scores.push(scoreFrom(score, { detector, at, ...about(call) }));
      core.outbox.any = true;
    },
    wakeAt: (time) => wakeAt(call, time),
    contribute: (table, key, amount, at = call.at) =>
      addTo(call, { tenant: call.slot.tenant, table, key, amount, at }),
    shared: (table) =>
      sharedTable(core.around.tables, versionFor(call.asOf), {
        tenant: call.slot.tenant,
        table,
      }),
    statistics: (windowStart) => statisticsOf(call, windowStart),
  };
}

const about = ({ slot }: Call) => ({ tenant: slot.tenant, entity: slot.entity });

function wakeAt(call: Call, time: number): void {
  if (!Number.isFinite(time)) throw new RangeError(`wake at ${time}`);
  if (!call.learns) return;
  // A wake that asks for its own instant again would never end.
  const after = call.event === undefined ? call.at + 1 : 1;
  setWake(call.core.wakes, call.slot, call.index, Math.max(Math.floor(time), after));
}

function addTo(call: Call, what: Contribution): void {
  const { core, detector } = call;
  if (core.around.owns.get(detector)?.has(what.table) !== true) {
    throw new RangeError(`detector ${detector.name} does not declare the table ${what.table}`);
  }
  if (!Number.isFinite(what.at)) throw new RangeError(`contribution at ${what.at}`);
  if (call.learns) contribute(core.contributions, core.nextClose, what);
}

function emit(call: Call, finding: Finding): void {
  const { core, detector, at } = call;
  if (isHistory(call, finding)) {
    core.withheld += 1;
    return;
  }
  const { tenant, entity } = call.slot;
  const { tables, zone } = core.around;
  const table = sharedTable(tables, versionFor(call.asOf), { tenant, table: POPULATION });
  const population = populationOf(table, at, zone(at));
  const origin = { detector, tenant, entity, at, late: call.late || call.future, population };
  core.outbox.anomalies.push(anomalyFrom(finding, origin));
  core.outbox.any = true;
}

// History never acts: not when it is read, nor when the wake of a window that it began comes due.
const isHistory = (call: Call, finding: Finding): boolean =>
  call.historical ||
  (call.event === undefined && finding.windowStart <= call.core.gate.historicalUntil);

function statisticsOf(
  { table, slot }: Call,
  windowStart: number,
): readonly (readonly [string, number])[] {
  const { offers, statistics } = table;
  for (let place = 0; place < offers.length; place++) {
    const index = offers[place] as number;
    const state = stateOf(table, slot, index);
    const value = state === undefined ? 0 : table.detectors[index]?.statistic?.(state, windowStart);
    // What one detector gets wrong must not poison what another learns for good.
    const sound = value !== undefined && value > 0 && value < Number.POSITIVE_INFINITY;
    (statistics[place] as [string, number])[1] = sound ? value : 0;
  }
  return statistics;
}
