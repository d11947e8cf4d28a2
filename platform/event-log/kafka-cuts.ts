import type { LogRecord, StoredRecord } from "./port.ts";

/**
 * Records of `checkpoints`: chunks, each naming its task, epoch, number and try in headers, and
 * then a marker. A try is one attempt to write a cut: what a failed attempt left behind, even late,
 * is never taken for part of another.
 */
export interface Marker {
  readonly task: string;
  readonly epoch: string;
  readonly number: number;
  readonly full: boolean;
  /** Number of the full cut that this chain builds on. */
  readonly base: number;
  /** Input offset that the cut reflects. */
  readonly offset: number;
  readonly try: string;
  readonly chunks: number;
  /** CRC-32 of the chunks in order. */
  readonly checksum: number;
}

export interface CutInLog extends Marker {
  /** Offsets in `checkpoints`. */
  readonly firstAt: number;
  readonly markerAt: number;
}

const SCHEMA = "checkpoint/1";

export const chunkRecord = (
  of: Pick<Marker, "task" | "epoch" | "number" | "try">,
  chunk: number,
  value: Buffer,
): LogRecord => ({
  key: of.task,
  value,
  headers: {
    schema: SCHEMA,
    epoch: of.epoch,
    number: String(of.number),
    try: of.try,
    chunk: String(chunk),
  },
});

export const markerRecord = (marker: Marker): LogRecord => ({
  key: marker.task,
  value: Buffer.from(`${JSON.stringify(marker)}\n`),
  headers: { schema: SCHEMA, try: marker.try, marker: "1" },
});

export const chunkOf = (
  record: StoredRecord,
): { readonly try: string; readonly chunk: number } | undefined => {
  const { try: attempt, chunk } = record.headers;
  return attempt === undefined || chunk === undefined
    ? undefined
    : { try: attempt, chunk: Number(chunk) };
};

interface Attempt {
  readonly firstAt: number;
  readonly seen: Set<number>;
  /** When its first chunk was taken, epoch ms. */
  readonly at: number;
}

interface State {
  /** By try; those without a marker yet. */
  readonly attempts: Map<string, Attempt>;
  /** By task, in log order. */
  readonly cuts: Map<string, CutInLog[]>;
  /** By task: when its last record was taken, epoch ms. */
  readonly latest: Map<string, number>;
  /** Tries whose bytes are not what their marker says. */
  readonly damaged: Set<string>;
}

/** What one partition of `checkpoints` holds, built up from its records in order. */
export function indexCuts() {
  const state: State = {
    attempts: new Map(),
    cuts: new Map(),
    latest: new Map(),
    damaged: new Set(),
  };
  return {
    add: (record: StoredRecord): void => addRecord(state, record),
    /** Leaves a cut whose bytes are not what its marker says, and all that builds on it, out. */
    discard: (cut: CutInLog): void => {
      state.damaged.add(cut.try);
    },
    chain: (task: string): readonly CutInLog[] | undefined =>
      lastChain(state.cuts.get(task) ?? [], state.damaged),
    /** Offset before which no task needs anything, `now` in epoch ms; infinite when nothing is there. */
    neededFrom: (now: number): number => neededFrom(state, now),
    /** Forgets what is before `offset`, because it was deleted. */
    forget(offset: number): void {
      for (const [task, cuts] of state.cuts) {
        const kept = cuts.filter((cut) => cut.firstAt >= offset);
        if (kept.length > 0) state.cuts.set(task, kept);
        else state.cuts.delete(task);
      }
      for (const [name, attempt] of state.attempts) {
        if (attempt.firstAt < offset) state.attempts.delete(name);
      }
    },
  };
}

function addRecord(state: State, record: StoredRecord): void {
  const task = record.key ?? "";
  state.latest.set(task, Math.max(state.latest.get(task) ?? 0, record.appendedAt));
  if (record.headers["marker"] !== undefined) {
    addMarker(state, record, JSON.parse(record.value.toString("utf8")) as Marker);
    return;
  }
  const of = chunkOf(record);
  if (of === undefined) return;
  const attempt = state.attempts.get(of.try) ?? {
    firstAt: record.offset,
    seen: new Set(),
    at: record.appendedAt,
  };
  attempt.seen.add(of.chunk);
  state.attempts.set(of.try, attempt);
}

function addMarker(state: State, record: StoredRecord, marker: Marker): void {
  const attempt = state.attempts.get(marker.try);
  state.attempts.delete(marker.try);
  if ((attempt?.seen.size ?? 0) !== marker.chunks) state.damaged.add(marker.try);
  const cuts = state.cuts.get(marker.task) ?? [];
  const firstAt = attempt?.firstAt ?? record.offset;
  cuts.push({ ...marker, firstAt, markerAt: record.offset });
  state.cuts.set(marker.task, cuts);
}

function neededFrom(state: State, now: number): number {
  let needed = Infinity;
  for (const { firstAt, at } of state.attempts.values()) {
    if (now - at < ABANDONED_MS) needed = Math.min(needed, firstAt);
  }
  for (const [task, cuts] of state.cuts) {
    if (now - (state.latest.get(task) ?? 0) >= ABANDONED_MS) continue;
    const full = cuts.filter((cut) => cut.full && !state.damaged.has(cut.try));
    needed = Math.min(needed, (full.at(-2) ?? cuts[0])?.firstAt ?? Infinity);
  }
  return needed;
}

/** A task that has written nothing for so long (its name is not used any more) keeps nothing. */
const ABANDONED_MS = 30 * 86_400_000;

/** The chain whose last whole marker is the last in the log. A chain never crosses epochs. */
function lastChain(
  cuts: readonly CutInLog[],
  damaged: ReadonlySet<string>,
): readonly CutInLog[] | undefined {
  const chains = new Map<string, CutInLog[]>();
  let last: CutInLog[] | undefined;
  for (const cut of cuts) {
    const chain = chains.get(cut.epoch);
    if (damaged.has(cut.try)) {
      chains.delete(cut.epoch);
      continue;
    }
    if (cut.full) {
      last = [cut];
      chains.set(cut.epoch, last);
      continue;
    }
    const before = chain?.at(-1);
    if (chain === undefined || before === undefined) continue;
    if (cut.base !== chain[0]?.number || cut.number <= before.number) continue;
    chain.push(cut);
    last = chain;
  }
  return last;
}

export type CutIndex = ReturnType<typeof indexCuts>;
