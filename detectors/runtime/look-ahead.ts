import { DAY, LAG } from "../exchange/boundaries.ts";
import type { Event } from "../../schemas/event.ts";

/** Records looked at ahead to tell when a record without arrival time arrived. */
export const LOOK_AHEAD = 10_000;
/** A record this much older than the typical one of its neighbours says nothing about them, in ms. */
const OLDEST_START = 400 * DAY;

interface Waiting {
  readonly event: Event;
  /** Event time, epoch ms; NaN when it cannot be read. */
  readonly time: number;
  readonly number: number;
}

/** Records of a file that wait for those after them to tell when they arrived. */
export interface LookAhead {
  queue: Waiting[];
  head: number;
  /** Binary heap by time of what waits; what left the queue is dropped when it comes to the top. */
  heap: Waiting[];
  count: number;
  /** Epoch ms under which a record counts as late from the start; undefined before the first one left. */
  oldest: number | undefined;
}

export const createLookAhead = (): LookAhead => ({
  queue: [],
  head: 0,
  heap: [],
  count: 0,
  oldest: undefined,
});

export const waiting = (ahead: LookAhead): number => ahead.queue.length - ahead.head;

export function enter(ahead: LookAhead, event: Event, time: number): void {
  const entry: Waiting = { event, time, number: ahead.count++ };
  ahead.queue.push(entry);
  if (Number.isFinite(time)) rise(ahead.heap, entry);
}

/**
 * Takes the oldest record out, with its arrival (epoch ms): the smallest event time among it and
 * the records waiting, plus the lag. Those behind the watermark are late whatever came before
 * them, so they tell nothing: else one old record would make all before it look dated ahead.
 */
export function leave(
  ahead: LookAhead,
  watermark: number,
): { readonly event: Event; readonly arrival: number } {
  const first = ahead.queue[ahead.head] as Waiting;
  ahead.oldest ??= typicalTime(ahead) - OLDEST_START;
  const floor = Math.max(watermark, ahead.oldest);
  const { heap } = ahead;
  const tells = (entry: Waiting): boolean => entry.number >= first.number && entry.time >= floor;
  while (heap[0] !== undefined && !tells(heap[0])) sink(heap);
  const smallest = heap[0]?.time ?? Number.POSITIVE_INFINITY;
  ahead.head += 1;
  if (ahead.head > LOOK_AHEAD) {
    ahead.queue = ahead.queue.slice(ahead.head);
    ahead.head = 0;
  }
  // Records dated far ahead stay at the bottom: without this a hostile file would pile them up.
  if (heap.length > 4 * LOOK_AHEAD) {
    ahead.heap = heap.filter(tells).sort((left, right) => left.time - right.time);
  }
  return { event: first.event, arrival: smallest + LAG };
}

/** Median event time (epoch ms) of what waits; −Infinity when no time can be read. */
function typicalTime({ queue }: LookAhead): number {
  const times = Float64Array.from(queue.map(({ time }) => time).filter(Number.isFinite)).sort();
  return times[times.length >> 1] ?? Number.NEGATIVE_INFINITY;
}

function rise(heap: Waiting[], entry: Waiting): void {
  let at = heap.push(entry) - 1;
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above] as Waiting;
    if (parent.time <= entry.time) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = entry;
}

/** Drops the smallest. */
function sink(heap: Waiting[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (let below = 1; below < heap.length; below = 2 * at + 1) {
    const right = heap[below + 1];
    if (right !== undefined && right.time < (heap[below] as Waiting).time) below++;
    const child = heap[below] as Waiting;
    if (child.time >= last.time) break;
    heap[at] = child;
    at = below;
  }
  heap[at] = last;
}
