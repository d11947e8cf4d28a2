import { LAG_MS } from "../schemas/event-time.ts";
import type { Event } from "../schemas/event.ts";

const DAY = 86_400_000;
/** Records looked at ahead to tell when a record without arrival time arrived. */
export const LOOK_AHEAD = 10_000;
/** Records that tell where a file begins: the middle one of them is taken for honest. */
const BEGINNING = 64;

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
  /** Of what waits, in order, each that is not before the one before it; `runHead` is its first. */
  run: Waiting[];
  runHead: number;
  /** Binary heap by time of the others; what left the queue is dropped when it comes to the top. */
  heap: Waiting[];
  count: number;
  /** Epoch ms: older records are from before the file; undefined until the first one left. */
  begins: number | undefined;
}

export const createLookAhead = (): LookAhead => ({
  queue: [],
  head: 0,
  run: [],
  runHead: 0,
  heap: [],
  count: 0,
  begins: undefined,
});

export const waiting = (ahead: LookAhead): number => ahead.queue.length - ahead.head;

export function enter(ahead: LookAhead, event: Event, time: number): void {
  const entry: Waiting = { event, time, number: ahead.count++ };
  ahead.queue.push(entry);
  if (!Number.isFinite(time)) return;
  const { run } = ahead;
  // Files are in order for the most part: a heap of everything would cost more than the records' parsing.
  if (ahead.runHead === run.length || (run.at(-1) as Waiting).time <= time) run.push(entry);
  else rise(ahead.heap, entry);
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
  ahead.begins ??= beginning(ahead);
  const floor = Math.max(watermark, ahead.begins);
  const { heap, run } = ahead;
  const tells = (entry: Waiting): boolean => entry.number >= first.number && entry.time >= floor;
  while (heap[0] !== undefined && !tells(heap[0])) sink(heap);
  while (ahead.runHead < run.length && !tells(run[ahead.runHead] as Waiting)) ahead.runHead += 1;
  const smallest = Math.min(
    heap[0]?.time ?? Number.POSITIVE_INFINITY,
    run[ahead.runHead]?.time ?? Number.POSITIVE_INFINITY,
  );
  ahead.head += 1;
  if (ahead.head > LOOK_AHEAD) {
    ahead.queue = ahead.queue.slice(ahead.head);
    ahead.head = 0;
    ahead.run = run.slice(ahead.runHead);
    ahead.runHead = 0;
  }
  // Records dated far ahead stay at the bottom: without this a hostile file would pile them up.
  if (heap.length > 4 * LOOK_AHEAD) {
    ahead.heap = heap.filter(tells).sort((left, right) => left.time - right.time);
  }
  return { event: first.event, arrival: smallest + LAG_MS };
}

/** Smallest event time (epoch ms) at the beginning, odd ones left out, less the lag. */
function beginning({ queue }: LookAhead): number {
  const first = queue.slice(0, BEGINNING).map(({ time }) => time);
  const times = Float64Array.from(first.filter(Number.isFinite)).toSorted();
  const typical = times[times.length >> 1] ?? Number.NEGATIVE_INFINITY;
  return (times.find((time) => time >= typical - DAY) ?? typical) - LAG_MS;
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
