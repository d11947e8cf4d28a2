import { errorText } from "../../platform/errors.ts";
import { entityOf } from "../../schemas/topics.ts";
import type { Event } from "../../schemas/event.ts";
import type { DetectorContext, Finding } from "../detector.ts";
import { DAY, versionFor } from "../exchange/boundaries.ts";
import { sharedTable } from "../exchange/tables.ts";
import { anomalyFrom, scoreFrom } from "./anomaly.ts";
import { contribute } from "./contributions.ts";
import { type Core, wakeAsOf } from "./core.ts";
import type { Verdict } from "./gate.ts";
import { activeKey, ENTITY_DAYS, POPULATION, populationOf } from "./population.ts";
import { createSlot, evict, findSlot, type Slot, type SlotTable, stateOf } from "./slots.ts";
import { forgetWakes, setWake } from "./wakes.ts";

/** One call of a detector. */
interface Call {
  readonly core: Core;
  readonly table: SlotTable;
  readonly slot: Slot;
  readonly detector: number;
  readonly at: number;
  readonly late: boolean;
  /** Event time that selects the table version. */
  readonly asOf: number;
  /** The event, undefined for a wake. */
  readonly event: Event | undefined;
  readonly historical: boolean;
  /** False: on a copy, nothing but findings leaves the call. */
  readonly learns: boolean;
}

const detectorOf = (call: Call) => {
  const detector = call.table.detectors[call.detector];
  if (detector === undefined) throw new RangeError(`no detector ${call.detector}`);
  return detector;
};

/**
 * Applies an event to every entity it names. Everything due before it has run ({@link advance}) and
 * the version of its time is there.
 */
export function apply(core: Core, event: Event, verdict: Verdict): void {
  for (const table of core.kinds) {
    const id = entityOf(event, table.kind);
    if (id !== undefined) applyTo(core, table, { event, verdict, id });
  }
}

interface Applied {
  readonly event: Event;
  readonly verdict: Verdict;
  readonly id: string;
}

function applyTo(core: Core, table: SlotTable, applied: Applied): void {
  const { event, verdict, id } = applied;
  const tenant = event["organization.id"] ?? "default";
  const known = findSlot(table, tenant, id);
  if (known !== undefined && known.nextWake <= verdict.at) runDue(core, known, verdict.at);
  let slot = known;
  for (let index = 0; index < table.detectors.length; index++) {
    const detector = table.detectors[index];
    if (detector === undefined || !detector.accepts(event, table.kind)) continue;
    const has = slot !== undefined && hasState(slot, index);
    if (!has && !detector.admits(event, table.kind)) continue;
    if (slot === undefined && !verdict.stale) slot = createSlot(table, tenant, id);
    call({
      core,
      table,
      slot: slot ?? detached(table, tenant, id),
      detector: index,
      at: verdict.at,
      late: verdict.late,
      asOf: verdict.asOf,
      event,
      historical: verdict.historical,
      learns: !verdict.stale,
    });
  }
  if (slot === undefined || verdict.stale) return;
  touch(core, table, slot);
  if (table.kind === "user") countDay(core, slot, applied, table);
  if (known === undefined) evict(table, (gone) => forgetWakes(core.wakes, gone));
}

const hasState = (slot: Slot, index: number): boolean =>
  slot.states[index] !== undefined || slot.raw[index] !== undefined;

// A place for a call about an entity without state that must leave none behind.
const detached = (table: SlotTable, tenant: string, id: string): Slot => ({
  tenant,
  entity: { type: table.kind, id },
  states: [],
  raw: [],
  wakes: [],
  nextWake: Number.POSITIVE_INFINITY,
  touched: 0,
  day: -1,
  gone: true,
});

function touch(core: Core, table: SlotTable, slot: Slot): void {
  core.touches += 1;
  slot.touched = core.touches;
  table.dirty.add(slot);
}

/** One entity-day per user and local day; a user counts as active on his last day only. */
function countDay(core: Core, slot: Slot, { event, verdict }: Applied, table: SlotTable): void {
  const { at } = verdict;
  const day = Math.floor((at + core.around.zone(at)) / DAY);
  if (day <= slot.day) return;
  const admitted = table.detectors.some(
    (detector) => detector.accepts(event, "user") && detector.admits(event, "user"),
  );
  if (!admitted) return;
  const add = (key: string, amount: number): void => {
    const { tenant } = slot;
    contribute(core.contributions, openFrom(core), { at, tenant, table: POPULATION, key, amount });
  };
  add(ENTITY_DAYS, 1);
  add(activeKey(day), 1);
  if (slot.day >= 0) add(activeKey(slot.day), -1);
  slot.day = day;
}

const openFrom = (core: Core): number =>
  Number.isNaN(core.nextClose) ? Number.NEGATIVE_INFINITY : core.nextClose;

/** Runs the wakes of one entity due up to `until`, in time order. */
function runDue(core: Core, slot: Slot, until: number): void {
  while (slot.nextWake <= until) {
    runWake(core, slot, slot.wakes.indexOf(slot.nextWake), slot.nextWake);
  }
}

/** Runs one wake of a detector about an entity. */
export function runWake(core: Core, slot: Slot, detector: number, at: number): void {
  const table = core.kinds.find((one) => one.kind === slot.entity.type);
  setWake(core.wakes, slot, detector, 0);
  if (table === undefined || !hasState(slot, detector)) return;
  call({
    core,
    table,
    slot,
    detector,
    at,
    late: false,
    asOf: wakeAsOf(core, at),
    event: undefined,
    historical: false,
    learns: true,
  });
  table.dirty.add(slot);
}

function call(of: Call): void {
  const { core, slot, event } = of;
  const detector = detectorOf(of);
  try {
    const state = of.learns ? ownState(of) : copyOfState(of);
    if (event === undefined) detector.wake?.(state, contextOf(of));
    else detector.step(state, event, contextOf(of));
  } catch (error) {
    core.outbox.failures.push({
      detector: detector.name,
      entity: slot.entity.id,
      event: event?.["event.id"] ?? "wake",
      error: errorText(error),
    });
    core.outbox.any = true;
  }
}

function ownState(of: Call): unknown {
  const state = stateOf(of.table, of.slot, of.detector);
  if (state !== undefined) return state;
  const fresh = detectorOf(of).init();
  of.slot.states[of.detector] = fresh;
  return fresh;
}

function copyOfState(of: Call): unknown {
  const detector = detectorOf(of);
  const state = stateOf(of.table, of.slot, of.detector);
  return state === undefined ? detector.init() : detector.decode(detector.encode(state));
}

function contextOf(of: Call): DetectorContext<unknown> {
  const { core, slot, at, asOf } = of;
  const { tables, zone } = core.around;
  const { tenant, entity } = slot;
  const detector = detectorOf(of);
  const boundary = versionFor(asOf);
  return {
    params: core.around.params[detector.name],
    tenant,
    entity,
    at,
    late: of.late,
    get zoneOffsetMs() {
      return zone(at);
    },
    emit: (finding) => emit(of, finding),
    score: (score) => {
      if (!of.learns) return;
      core.outbox.scores.push(scoreFrom(score, { detector, tenant, entity, at }));
      core.outbox.any = true;
    },
    wakeAt: (time) => {
      if (!Number.isFinite(time)) throw new RangeError(`wake at ${time}`);
      // A wake that asks for its own instant again would never end.
      const after = of.event === undefined ? at + 1 : 1;
      if (of.learns) setWake(core.wakes, slot, of.detector, Math.max(Math.floor(time), after));
    },
    contribute: (table, key, amount) => addTo(of, table, key, amount),
    shared: (table) => sharedTable(tables, boundary, { tenant, table }),
    statistics: (windowStart) => statisticsOf(of, windowStart),
  };
}

function addTo(of: Call, table: string, key: string, amount: number): void {
  const { core, slot, at } = of;
  const detector = detectorOf(of);
  if (core.around.owns.get(detector)?.has(table) !== true) {
    throw new RangeError(`detector ${detector.name} does not declare the table ${table}`);
  }
  if (!of.learns) return;
  const { tenant } = slot;
  contribute(core.contributions, openFrom(core), { at, tenant, table, key, amount });
}

function emit(of: Call, finding: Finding): void {
  const { core, slot, at } = of;
  if (isHistory(of, finding)) {
    core.withheld += 1;
    return;
  }
  const { tenant, entity } = slot;
  const shared = sharedTable(core.around.tables, versionFor(of.asOf), {
    tenant,
    table: POPULATION,
  });
  const population = populationOf(shared, at, core.around.zone(at));
  const origin = { detector: detectorOf(of), tenant, entity, at, late: of.late, population };
  core.outbox.anomalies.push(anomalyFrom(finding, origin));
  core.outbox.any = true;
}

// History never acts: not when it is read, nor when the wake of a window that it began comes due.
const isHistory = (of: Call, finding: Finding): boolean =>
  of.historical || (of.event === undefined && finding.windowStart <= of.core.gate.historicalUntil);

function statisticsOf(of: Call, windowStart: number): readonly (readonly [string, number])[] {
  const found: (readonly [string, number])[] = [];
  for (const [index, other] of of.table.detectors.entries()) {
    if (index === of.detector || other.statistic === undefined) continue;
    const state = stateOf(of.table, of.slot, index);
    if (state !== undefined) found.push([other.name, other.statistic(state, windowStart)]);
  }
  return found;
}
