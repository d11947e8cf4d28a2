import type { EntityKind, EntityRef } from "../../schemas/entity.ts";
import type { Detector } from "../detector.ts";

/** Bytes of a detector's state as restored, read only when the entity is touched. */
export interface RawState {
  readonly version: string;
  readonly bytes: Uint8Array;
}

/** Everything a task keeps about one entity: one cell of a checkpoint. */
export interface Slot {
  readonly tenant: string;
  readonly entity: EntityRef;
  /** Per detector of the kind; undefined = none, or still in `raw`. */
  readonly states: unknown[];
  readonly raw: (RawState | undefined)[];
  /** Per detector: event time (epoch ms) of its wake, 0 = none. */
  readonly wakes: number[];
  /** Smallest of `wakes`, Infinity when none is set. */
  nextWake: number;
  /** Number of the last touch in the task: the order of eviction. */
  touched: number;
  /** Last local day (days since 1970) counted as active, −1 = none. */
  day: number;
  gone: boolean;
  /** Whether it changed since the last durable cut. */
  dirty: boolean;
}

/** The entities of one kind in one task. */
export interface SlotTable {
  readonly kind: EntityKind;
  readonly detectors: readonly Detector[];
  /** Indices of the detectors that offer a statistic, and room for their answers: used by every call. */
  readonly offers: readonly number[];
  readonly statistics: readonly [string, number][];
  readonly cap: number;
  readonly tenants: Map<string, Map<string, Slot>>;
  count: number;
  evicted: number;
  readonly dirty: Set<Slot>;
  /** Keys of entities evicted since the last durable cut. */
  readonly removed: Set<string>;
}

export function createSlotTable(
  kind: EntityKind,
  detectors: readonly Detector[],
  cap: number,
): SlotTable {
  const offers = [...detectors.keys()].filter((index) => detectors[index]?.statistic !== undefined);
  return {
    kind,
    detectors,
    offers,
    statistics: offers.map((index) => [detectors[index]?.name ?? "", 0]),
    cap,
    tenants: new Map(),
    count: 0,
    evicted: 0,
    dirty: new Set(),
    removed: new Set(),
  };
}

/** All entities of a table, in order of creation by tenant. */
export function* allSlots(table: SlotTable): Iterable<Slot> {
  for (const ids of table.tenants.values()) yield* ids.values();
}

export const findSlot = (table: SlotTable, tenant: string, id: string): Slot | undefined =>
  table.tenants.get(tenant)?.get(id);

export function createSlot(table: SlotTable, tenant: string, id: string): Slot {
  const slot = detachedSlot(table, tenant, id);
  let ids = table.tenants.get(tenant);
  if (ids === undefined) table.tenants.set(tenant, (ids = new Map()));
  ids.set(id, slot);
  table.count += 1;
  if (table.removed.size > 0) table.removed.delete(cellKey(slot));
  return slot;
}

/** A slot that is in no table: a place for a call that must leave no state behind. */
export const detachedSlot = (table: SlotTable, tenant: string, id: string): Slot => ({
  tenant,
  entity: { type: table.kind, id },
  states: table.detectors.map(() => undefined),
  raw: table.detectors.map(() => undefined),
  wakes: table.detectors.map(() => 0),
  nextWake: Number.POSITIVE_INFINITY,
  touched: 0,
  day: -1,
  gone: false,
  dirty: false,
});

/** Whether a detector keeps state for the entity, decoded or not. */
export const hasState = (slot: Slot, index: number): boolean =>
  slot.states[index] !== undefined || slot.raw[index] !== undefined;

/**
 * Makes room when the kind is over its cap: the least recently touched 1/16 go, so that the sort is
 * paid once per many entities. A function of the task's input alone.
 */
export function evict(table: SlotTable, forget: (slot: Slot) => void): void {
  if (table.count <= table.cap) return;
  const slots = [...allSlots(table)].sort((left, right) => left.touched - right.touched);
  const excess = table.count - table.cap + Math.floor(table.cap / 16);
  for (const slot of slots.slice(0, excess)) {
    table.tenants.get(slot.tenant)?.delete(slot.entity.id);
    table.dirty.delete(slot);
    table.removed.add(cellKey(slot));
    table.count -= 1;
    table.evicted += 1;
    forget(slot);
  }
}

/** Cell of an entity: `e/<kind>/<tenant> NUL <id>`. */
export const cellKey = (slot: Slot): string =>
  `e/${slot.entity.type}/${slot.tenant}\u0000${slot.entity.id}`;

const HEADER = 13;
const NUMBERS = 12;

/** version u8, touched f64, day i32; per state: name, version (u8 length + text), wake f64, u32 length, bytes. */
export function encodeSlot(table: SlotTable, slot: Slot): Uint8Array {
  const states = table.detectors.map(
    (detector, index) => slot.raw[index] ?? encodeState(detector, slot.states[index]),
  );
  let size = HEADER;
  for (const [index, state] of states.entries()) {
    if (state === undefined) continue;
    const name = (table.detectors[index] as Detector).name;
    size += 2 + Buffer.byteLength(name) + Buffer.byteLength(state.version);
    size += NUMBERS + state.bytes.byteLength;
  }
  const cell = Buffer.allocUnsafe(size);
  cell.writeUInt8(1, 0);
  cell.writeDoubleLE(slot.touched, 1);
  cell.writeInt32LE(slot.day, 9);
  let at = HEADER;
  for (const [index, state] of states.entries()) {
    if (state === undefined) continue;
    at = writeText(cell, at, (table.detectors[index] as Detector).name);
    at = writeText(cell, at, state.version);
    cell.writeDoubleLE(slot.wakes[index] ?? 0, at);
    cell.writeUInt32LE(state.bytes.byteLength, at + 8);
    cell.set(state.bytes, at + NUMBERS);
    at += NUMBERS + state.bytes.byteLength;
  }
  return cell;
}

function encodeState(detector: Detector, state: unknown): RawState | undefined {
  if (state === undefined) return undefined;
  return { version: detector.version, bytes: detector.encode(state) };
}

/** A text of at most 255 bytes: names and versions are ours. */
function writeText(cell: Buffer, at: number, text: string): number {
  const length = cell.write(text, at + 1);
  cell.writeUInt8(length, at);
  return at + 1 + length;
}

/** Puts a cell back; the states stay bytes until touched. Wakes are returned in `slot.wakes`, unset. */
export function restoreSlot(table: SlotTable, key: string, cell: Uint8Array): Slot {
  const split = key.indexOf("\u0000");
  const tenant = key.slice(`e/${table.kind}/`.length, split);
  const slot = createSlot(table, tenant, key.slice(split + 1));
  const bytes = Buffer.from(cell.buffer, cell.byteOffset, cell.byteLength);
  slot.touched = bytes.readDoubleLE(1);
  slot.day = bytes.readInt32LE(9);
  let at = HEADER;
  const text = (): string => {
    const end = at + 1 + bytes.readUInt8(at);
    const value = bytes.toString("utf8", at + 1, end);
    at = end;
    return value;
  };
  while (at < bytes.length) {
    const name = text();
    const version = text();
    const wake = bytes.readDoubleLE(at);
    const from = at + 12;
    at = from + bytes.readUInt32LE(at + 8);
    const index = table.detectors.findIndex((detector) => detector.name === name);
    if (index < 0) continue;
    slot.raw[index] = { version, bytes: bytes.subarray(from, at) };
    slot.wakes[index] = wake;
  }
  return slot;
}

/** State of a detector for an entity, decoded on first use; undefined when it has none. */
export function stateOf(table: SlotTable, slot: Slot, index: number): unknown {
  const raw = slot.raw[index];
  if (raw === undefined) return slot.states[index];
  const detector = table.detectors[index] as Detector;
  slot.raw[index] = undefined;
  const state =
    raw.version === detector.version
      ? detector.decode(raw.bytes)
      : detector.migrate(raw.bytes, raw.version);
  slot.states[index] = state ?? detector.init();
  return slot.states[index];
}
