import type { Detector } from "../detector.ts";
import { boundaryAtOrBefore, INTERVAL, versionFor } from "../exchange/boundaries.ts";
import { hasVersion, type Tables } from "../exchange/tables.ts";
import { closeInterval, type Contributions, createContributions } from "./contributions.ts";
import type { Gate } from "./gate.ts";
import { createOutbox, type Outbox } from "./outputs.ts";
import type { TopicPlan } from "./plan.ts";
import type { Caller } from "./step.ts";
import { createSlotTable, type Slot, type SlotTable } from "./slots.ts";
import { createWakeQueue, nextWake, type WakeQueue } from "./wakes.ts";

/** Entities of one kind that one task keeps state for; beyond it the least recently active go. */
export const ENTITIES_PER_KIND = 1_000_000;
/** Of addresses fewer are kept: strangers have as many as they like, and each takes kilobytes. */
export const SOURCES = 100_000;

/** What all tasks of a process share. */
export interface Surroundings {
  readonly tables: Tables;
  /** Offset in ms of the organisation's zone at an epoch ms. */
  readonly zone: (at: number) => number;
  /** Parameters by detector name. */
  readonly params: Readonly<Record<string, unknown>>;
  /** Tables that each detector may contribute to. */
  readonly owns: ReadonlyMap<Detector, ReadonlySet<string>>;
  readonly entitiesPerKind: number;
}

/** State of one task: everything about the entities of one topic's partition. */
export interface Core {
  readonly topic: string;
  readonly partition: number;
  readonly around: Surroundings;
  /** Shared by all cores of one input order; it moves before they do. */
  readonly gate: Gate;
  readonly kinds: readonly SlotTable[];
  readonly wakes: WakeQueue;
  readonly contributions: Contributions;
  readonly outbox: Outbox;
  /** Next boundary (epoch ms) to close; NaN before the first accepted event. */
  nextClose: number;
  /** Watermark up to which wakes and closes have run. */
  reached: number;
  /** Number of the last touch of an entity. */
  touches: number;
  /** Findings that history raised, kept from acting. */
  withheld: number;
  /** Made at the first call of a detector. */
  caller: Caller | undefined;
}

export interface CoreOptions {
  readonly plan: TopicPlan;
  readonly partition: number;
  readonly gate: Gate;
  readonly around: Surroundings;
}

export const createCore = ({ plan, partition, gate, around }: CoreOptions): Core => ({
  topic: plan.topic,
  partition,
  around,
  gate,
  kinds: plan.kinds.map(({ kind, detectors }) =>
    createSlotTable(
      kind,
      detectors,
      kind === "source" ? Math.min(SOURCES, around.entitiesPerKind) : around.entitiesPerKind,
    ),
  ),
  wakes: createWakeQueue(),
  contributions: createContributions(),
  outbox: createOutbox(),
  nextClose: Number.NaN,
  reached: Number.NEGATIVE_INFINITY,
  touches: 0,
  withheld: 0,
  caller: undefined,
});

/** Runs one wake; part of the core's step, passed in so that the order of time stays readable here. */
export type RunWake = (core: Core, slot: Slot, detector: number, at: number) => void;

/**
 * Runs all wakes and closes due up to `watermark` (epoch ms) in time order, a close before a wake at
 * the same instant. Returns the boundary of a table version that has not come and is needed first;
 * call again when it has. Undefined = done.
 */
export function advance(core: Core, watermark: number, runWake: RunWake): number | undefined {
  if (!(watermark > core.reached)) return undefined;
  if (Number.isNaN(core.nextClose)) core.nextClose = boundaryAtOrBefore(watermark);
  for (;;) {
    const wake = nextWake(core.wakes);
    const wakeAt = wake?.at ?? Number.POSITIVE_INFINITY;
    if (core.nextClose <= watermark && core.nextClose <= wakeAt) {
      close(core);
    } else if (wake !== undefined && wakeAt <= watermark) {
      const needed = versionFor(wakeAsOf(core, wakeAt));
      if (Number.isFinite(needed) && !hasVersion(core.around.tables, needed)) return needed;
      runWake(core, wake.slot, wake.detector, wakeAt);
    } else {
      core.reached = watermark;
      return undefined;
    }
  }
}

/** Event time that selects a wake's table version; −Infinity (empty tables) before the clock started. */
export const wakeAsOf = (core: Core, at: number): number =>
  core.reached === Number.NEGATIVE_INFINITY ? core.reached : Math.max(at, core.reached);

function close(core: Core): void {
  const { topic, partition, nextClose: boundary } = core;
  for (const delta of closeInterval(core.contributions, { topic, partition, boundary })) {
    core.outbox.deltas.push(delta);
  }
  core.outbox.any = true;
  core.nextClose = boundary + INTERVAL;
}
