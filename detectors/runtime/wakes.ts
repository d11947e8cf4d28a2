import type { Slot } from "./slots.ts";

/** One wake that was asked for; stale when the slot's own time for that detector differs. */
export interface Wake {
  readonly at: number;
  readonly slot: Slot;
  /** Index of the detector among those of the slot's kind. */
  readonly detector: number;
}

/** A binary heap by time, then entity, then detector: the order in which wakes run. */
export interface WakeQueue {
  heap: Wake[];
  /** Wakes that are set; what the heap holds beyond them is stale. */
  set: number;
}

export const createWakeQueue = (): WakeQueue => ({ heap: [], set: 0 });

function compareText(left: string, right: string): number {
  if (left === right) return 0;
  return left < right ? -1 : 1;
}

function before(left: Wake, right: Wake): boolean {
  if (left.at !== right.at) return left.at < right.at;
  const order =
    compareText(left.slot.entity.type, right.slot.entity.type) ||
    compareText(left.slot.tenant, right.slot.tenant) ||
    compareText(left.slot.entity.id, right.slot.entity.id);
  return order === 0 ? left.detector < right.detector : order < 0;
}

const isSet = (wake: Wake): boolean =>
  !wake.slot.gone && wake.slot.wakes[wake.detector] === wake.at;

/** Sets a detector's wake for an entity; 0 takes it back. */
export function setWake(queue: WakeQueue, slot: Slot, detector: number, at: number): void {
  const old = slot.wakes[detector] ?? 0;
  if (old === at) return;
  if (old !== 0) queue.set -= 1;
  slot.wakes[detector] = at;
  if (at !== 0) {
    queue.set += 1;
    push(queue.heap, { at, slot, detector });
  }
  let next = Number.POSITIVE_INFINITY;
  for (const wake of slot.wakes) if (wake !== 0 && wake < next) next = wake;
  slot.nextWake = next;
  if (queue.heap.length > 2 * queue.set + 1024) compact(queue);
}

/** Takes back all wakes of an entity that is evicted. */
export function forgetWakes(queue: WakeQueue, slot: Slot): void {
  for (const wake of slot.wakes) if (wake !== 0) queue.set -= 1;
  slot.gone = true;
}

function compact(queue: WakeQueue): void {
  const live = queue.heap.filter(isSet);
  queue.heap = [];
  const seen = new Map<Slot, number>();
  for (const wake of live) {
    const mask = seen.get(wake.slot) ?? 0;
    if ((mask & (1 << wake.detector)) !== 0) continue;
    seen.set(wake.slot, mask | (1 << wake.detector));
    push(queue.heap, wake);
  }
}

/** The wake that is due first; it stays in the queue. */
export function nextWake(queue: WakeQueue): Wake | undefined {
  for (;;) {
    const first = queue.heap[0];
    if (first === undefined || isSet(first)) return first;
    pop(queue.heap);
  }
}

function push(heap: Wake[], wake: Wake): void {
  let at = heap.length;
  heap.push(wake);
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(wake, heap[parent] as Wake)) break;
    heap[at] = heap[parent] as Wake;
    at = parent;
  }
  heap[at] = wake;
}

function pop(heap: Wake[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    const right = child + 1;
    if (right < heap.length && before(heap[right] as Wake, heap[child] as Wake)) child = right;
    if (!before(heap[child] as Wake, last)) break;
    heap[at] = heap[child] as Wake;
    at = child;
  }
  heap[at] = last;
}
