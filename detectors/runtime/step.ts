import { errorText, MetsukeError } from "../../platform/errors.ts";
import type { Event } from "../../schemas/event.ts";
import { entityOf } from "../../schemas/topics.ts";
import type { Detector } from "../detector.ts";
import { DAY } from "../exchange/boundaries.ts";
import type { Call } from "./call.ts";
import { type CallContext, createContext } from "./context.ts";
import { contribute } from "./contributions.ts";
import { type Core, wakeAsOf } from "./core.ts";
import type { Verdict } from "./gate.ts";
import { activeKey, ENTITY_DAYS, POPULATION } from "./population.ts";
import {
  createSlot,
  detachedSlot,
  evict,
  findSlot,
  hasState,
  type Slot,
  type SlotTable,
  stateOf,
} from "./slots.ts";
import { forgetWakes, setWake } from "./wakes.ts";

/** A task's call and its context, made at the first use. */
export interface Caller {
  readonly call: Call;
  readonly context: CallContext;
}

function callerOf(core: Core): Caller {
  if (core.caller !== undefined) return core.caller;
  const table = core.kinds[0];
  const detector = table?.detectors[0];
  if (table === undefined || detector === undefined) {
    throw new MetsukeError("METSUKE_INTERNAL", `task ${core.topic} runs no detector`);
  }
  const call: Call = {
    core,
    table,
    slot: detachedSlot(table, "", ""),
    detector,
    index: 0,
    at: 0,
    late: false,
    future: false,
    asOf: 0,
    event: undefined,
    historical: false,
    learns: false,
  };
  core.caller = { call, context: createContext(call) };
  return core.caller;
}

/**
 * Applies an event to every entity it names. Everything due before it has run and the version of its
 * time is there.
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
    const detector = table.detectors[index] as Detector;
    if (!detector.accepts(event, table.kind)) continue;
    const has = slot !== undefined && hasState(slot, index);
    if (!has && !detector.admits(event, table.kind)) continue;
    if (slot === undefined && !verdict.stale) slot = createSlot(table, tenant, id);
    const { call } = callerOf(core);
    call.table = table;
    call.slot = slot ?? detachedSlot(table, tenant, id);
    call.index = index;
    call.at = verdict.at;
    call.late = verdict.late;
    call.future = verdict.future;
    call.asOf = verdict.asOf;
    call.event = event;
    call.historical = verdict.historical;
    call.learns = !verdict.stale;
    make(core, detector);
  }
  if (slot === undefined || verdict.stale) return;
  core.touches += 1;
  slot.touched = core.touches;
  soil(table, slot);
  if (table.kind === "user") countDay(core, slot, applied, table);
  if (known === undefined) evict(table, (gone) => forgetWakes(core.wakes, gone));
}

function soil(table: SlotTable, slot: Slot): void {
  if (slot.dirty) return;
  slot.dirty = true;
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
    contribute(core.contributions, core.nextClose, { at, tenant, table: POPULATION, key, amount });
  };
  add(ENTITY_DAYS, 1);
  add(activeKey(day), 1);
  if (slot.day >= 0) add(activeKey(slot.day), -1);
  slot.day = day;
}

/** Runs the wakes of one entity due up to `until`, in time order. */
function runDue(core: Core, slot: Slot, until: number): void {
  while (slot.nextWake <= until) {
    runWake(core, slot, slot.wakes.indexOf(slot.nextWake), slot.nextWake);
  }
}

/** Runs one wake of a detector about an entity. */
export function runWake(core: Core, slot: Slot, index: number, at: number): void {
  const table = core.kinds.find((one) => one.kind === slot.entity.type);
  setWake(core.wakes, slot, index, 0);
  const detector = table?.detectors[index];
  if (table === undefined || detector === undefined || !hasState(slot, index)) return;
  const { call } = callerOf(core);
  call.table = table;
  call.slot = slot;
  call.index = index;
  call.at = at;
  call.late = false;
  call.future = false;
  call.asOf = wakeAsOf(core, at);
  call.event = undefined;
  call.historical = false;
  call.learns = true;
  make(core, detector);
  soil(table, slot);
}

/** Makes the call that is filled in. A detector that throws loses this event, and nobody else does. */
function make(core: Core, detector: Detector): void {
  const { call, context } = callerOf(core);
  call.detector = detector;
  context.params = core.around.params[detector.name];
  context.tenant = call.slot.tenant;
  context.entity = call.slot.entity;
  context.at = call.at;
  context.late = call.late;
  try {
    const state = call.learns ? ownState(call) : copyOfState(call);
    if (call.event === undefined) detector.wake?.(state, context);
    else detector.step(state, call.event, context);
  } catch (error) {
    core.outbox.failures.push({
      detector: detector.name,
      entity: call.slot.entity.id,
      event: call.event?.["event.id"] ?? "wake",
      error: errorText(error),
    });
    core.outbox.any = true;
  }
}

function ownState(call: Call): unknown {
  const state = stateOf(call.table, call.slot, call.index);
  if (state !== undefined) return state;
  const fresh = call.detector.init();
  call.slot.states[call.index] = fresh;
  return fresh;
}

function copyOfState(call: Call): unknown {
  const { detector } = call;
  const state = stateOf(call.table, call.slot, call.index);
  return state === undefined ? detector.init() : detector.decode(detector.encode(state));
}
