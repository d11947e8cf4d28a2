import type { StoredRecord } from "../../platform/event-log/port.ts";

/** How long a lane that may have more is waited for, ms; gaps at the end of a log look like that. */
export const PATIENCE_MS = 10_000;

/** One partition of a raw topic while it is read. */
export interface Lane {
  readonly topic: string;
  readonly partition: number;
  /** Read and not yet taken, the next one last: taking from the end stays cheap. */
  queue: StoredRecord[];
  /** Next offset to take. */
  next: number;
  /** Next offset to read: `next` plus what is in the queue. */
  fetched: number;
  /** Everything below is durable. */
  durable: number;
  committed: number;
  /** End of the partition as last seen, and when (epoch ms). */
  end: number;
  seenAt: number;
  /** Record time (epoch ms) of the latest record taken; never goes back. */
  time: number;
  /** Since when the queue has been empty, epoch ms. */
  emptySince: number;
}

export const createLane = (topic: string, partition: number, from: number, now: number): Lane => ({
  topic,
  partition,
  queue: [],
  next: from,
  fetched: from,
  durable: from,
  committed: from,
  end: Number.MAX_SAFE_INTEGER,
  seenAt: 0,
  time: 0,
  emptySince: now,
});

/**
 * Record time of the lane's first record: when the log took it, never before the one ahead of it
 * nor after the clock, because a shipper may have written that time.
 */
export const headTime = (lane: Lane, now: number): number =>
  Math.max(lane.time, Math.min(lane.queue.at(-1)?.appendedAt ?? now, now));

/** Nothing more was in it when its end was last looked at. */
export const caughtUp = (lane: Lane): boolean =>
  lane.queue.length === 0 &&
  lane.seenAt > 0 &&
  (lane.next >= lane.end || lane.seenAt - lane.emptySince >= PATIENCE_MS);

/** Everything the lane will still hand over arrived at or after this, epoch ms; 0 while unknown. */
export function positionOf(lane: Lane, now: number): number {
  if (lane.queue.length > 0) return headTime(lane, now);
  if (!caughtUp(lane)) return lane.time;
  return Math.max(lane.time, lane.next >= lane.end ? lane.seenAt : lane.emptySince);
}

export interface Taken {
  readonly lane: Lane;
  readonly record: StoredRecord;
  /** Epoch ms. */
  readonly arrivedAt: number;
}

/** The lane whose record is next; undefined while one that may have an earlier record has none at hand. */
function nextLane(lanes: readonly Lane[], now: number): Lane | undefined {
  const waiting = lanes.some((lane) => lane.queue.length === 0 && !caughtUp(lane));
  if (waiting) return undefined;
  let first: Lane | undefined;
  for (const lane of lanes) {
    if (lane.queue.length === 0) continue;
    if (first === undefined || headTime(lane, now) < headTime(first, now)) first = lane;
  }
  return first;
}

/**
 * Takes the next records of all lanes in the order of their record times, up to `maxBytes` and
 * `maxRecords`. Stops where a lane without records at hand may still have earlier ones, so the
 * result is empty while such a lane is waited for.
 */
export function takeTurn(
  lanes: Iterable<Lane>,
  now: number,
  limits: { readonly maxBytes: number; readonly maxRecords: number },
): Taken[] {
  const all = [...lanes];
  const turn: Taken[] = [];
  let bytes = 0;
  while (turn.length < limits.maxRecords && bytes < limits.maxBytes) {
    const lane = nextLane(all, now);
    const arrivedAt = lane === undefined ? 0 : headTime(lane, now);
    const record = lane?.queue.pop();
    if (lane === undefined || record === undefined) break;
    lane.time = arrivedAt;
    lane.next = record.offset + 1;
    if (lane.queue.length === 0) lane.emptySince = now;
    turn.push({ lane, record, arrivedAt });
    bytes += record.value.length;
  }
  return turn;
}
