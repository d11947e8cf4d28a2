import {
  type Contributions,
  contributionCells,
  contributionsCovered,
  restoreContributions,
} from "./contributions.ts";
import type { Core } from "./core.ts";
import { type Gate, gateCells, gateCovered, restoreGate } from "./gate.ts";
import { allSlots, cellKey, encodeSlot, restoreSlot } from "./slots.ts";
import { setWake } from "./wakes.ts";

type Cell = readonly [key: string, value: Uint8Array | null];

/** What one checkpoint covers: the gate of an input order and the cores that follow it. */
export interface Cutting {
  readonly gate: Gate;
  readonly cores: readonly Core[];
}

const SEPARATOR = "|";

/** Cells that changed since the last durable cut, or all; read them before the state moves on. */
export function* cutCells(of: Cutting, full: boolean): Iterable<Cell> {
  yield* gateCells(of.gate, full);
  for (const core of of.cores) {
    for (const [key, value] of coreCells(core, full)) yield [core.topic + SEPARATOR + key, value];
  }
}

function* coreCells(core: Core, full: boolean): Iterable<Cell> {
  const { nextClose, reached, touches } = core;
  // Infinity and NaN have no JSON: an absent value means "not started".
  const started = Number.isNaN(nextClose) ? { touches } : { nextClose, reached, touches };
  yield ["m", Buffer.from(JSON.stringify(started))];
  yield* contributionCells(core.contributions, boundariesOf(core.contributions, full));
  for (const table of core.kinds) {
    for (const key of table.removed) yield [key, null];
    for (const slot of full ? allSlots(table) : table.dirty) {
      yield [cellKey(slot), encodeSlot(table, slot)];
    }
  }
}

const boundariesOf = (of: Contributions, full: boolean): Iterable<number> =>
  full ? new Set([...of.open.keys(), ...of.dirty]) : of.dirty;

/** To be called once the marker of a cut is durable, before the state moved on: nothing is dirty. */
export function cutCovered(of: Cutting): void {
  gateCovered(of.gate);
  for (const core of of.cores) {
    contributionsCovered(core.contributions);
    for (const table of core.kinds) {
      for (const slot of table.dirty) slot.dirty = false;
      table.dirty.clear();
      table.removed.clear();
    }
  }
}

/** Puts a cut back into a fresh gate and its cores. */
export function restoreCut(of: Cutting, cells: ReadonlyMap<string, Uint8Array>): void {
  restoreGate(of.gate, cells);
  for (const core of of.cores) {
    const prefix = core.topic + SEPARATOR;
    for (const [key, bytes] of cells) {
      if (key.startsWith(prefix)) restoreCell(core, key.slice(prefix.length), bytes);
    }
  }
}

function restoreCell(core: Core, key: string, bytes: Uint8Array): void {
  if (key === "m") restoreMeta(core, bytes);
  else if (key.startsWith("c/")) restoreContributions(core.contributions, key, bytes);
  else if (key.startsWith("e/")) restoreEntity(core, key, bytes);
}

function restoreMeta(core: Core, bytes: Uint8Array): void {
  const meta: Record<string, number | undefined> = JSON.parse(Buffer.from(bytes).toString());
  core.nextClose = meta["nextClose"] ?? Number.NaN;
  core.reached = meta["reached"] ?? Number.NEGATIVE_INFINITY;
  core.touches = meta["touches"] ?? 0;
}

function restoreEntity(core: Core, key: string, bytes: Uint8Array): void {
  const kind = key.slice(2, key.indexOf("/", 2));
  const table = core.kinds.find((one) => one.kind === kind);
  // The kind's last detector was switched off: its state goes with the next full cut.
  if (table === undefined) return;
  const slot = restoreSlot(table, key, bytes);
  for (const [detector, at] of [...slot.wakes].entries()) {
    slot.wakes[detector] = 0;
    setWake(core.wakes, slot, detector, at);
  }
}
