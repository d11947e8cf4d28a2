import { hash128 } from "../../schemas/ids.ts";

/** Ids per segment: the unit of checkpoint, expiry and cap. */
const SEGMENT = 4096;
/** 16 bytes of id, 4 of time, and the share of the index at its fullest. */
export const BYTES_PER_ID = 36;
const FUTURE_IDS = 16_384;
const MINUTE = 60_000;

interface Segment {
  readonly number: number;
  readonly ids: Uint32Array;
  readonly minutes: Int32Array;
  count: number;
  latest: number;
}

/**
 * The event ids applied within the horizon. Ids lie in segments in order of arrival, found by an
 * open-addressing index; ids of events dated ahead are kept apart, so that a far date pins nothing.
 */
export interface Dedupe {
  readonly segments: Segment[];
  index: Int32Array;
  /** Bits of an index entry that count ids; those above hold some of the id's own: most other ids differ. */
  readonly ordinals: number;
  /** Segment number that index entries count from. */
  base: number;
  used: number;
  nextSegment: number;
  readonly maxSegments: number;
  /** Hex id → epoch ms until which it counts. */
  readonly future: Map<string, number>;
  /** Event times (epoch ms) below it are no longer covered because the byte cap was reached. */
  floor: number;
  /** How often the byte cap shortened the horizon. */
  shortened: number;
  readonly dirty: Set<number>;
  futureDirty: boolean;
  readonly words: Uint32Array;
  /** Id that `words` holds. */
  loaded: string;
}

export function createDedupe(capBytes: number): Dedupe {
  const maxSegments = Math.max(2, Math.floor(capBytes / (BYTES_PER_ID * SEGMENT)));
  return {
    segments: [],
    index: new Int32Array(2 * SEGMENT),
    ordinals: maskFor(4 * (maxSegments + 1) * SEGMENT),
    base: 0,
    used: 0,
    nextSegment: 0,
    maxSegments,
    future: new Map(),
    floor: Number.NEGATIVE_INFINITY,
    shortened: 0,
    dirty: new Set(),
    futureDirty: false,
    words: new Uint32Array(4),
    loaded: "",
  };
}

/** Low bits that numbers up to `most` need; all of them when it needs them all. */
const maskFor = (most: number): number => (most >= 2 ** 31 ? -1 : 2 ** (32 - Math.clz32(most)) - 1);

/** Value of a lower-case hex digit by its code; −1 for any other code below 128. */
const NIBBLES = Int8Array.from({ length: 128 }, (_, code) =>
  "0123456789abcdef".indexOf(String.fromCharCode(code)),
);

function readWords(id: string, words: Uint32Array): boolean {
  if (id.length !== 32) return false;
  let wrong = 0;
  for (let word = 0; word < 4; word++) {
    let value = 0;
    for (let at = word * 8; at < word * 8 + 8; at++) {
      const digit = NIBBLES[id.charCodeAt(at)] ?? -1;
      wrong |= digit;
      value = (value << 4) | digit;
    }
    words[word] = value;
  }
  return wrong >= 0;
}

function load(dedupe: Dedupe, id: string): Uint32Array {
  if (dedupe.loaded === id) return dedupe.words;
  if (!readWords(id, dedupe.words)) readWords(hash128(id), dedupe.words);
  dedupe.loaded = id;
  return dedupe.words;
}

/** Slot to begin at. All words count: ids that are no hashes may differ in any of them alone. */
function startOf(words: Uint32Array, at: number): number {
  let mixed = 0;
  for (let word = at; word < at + 4; word++) {
    mixed = Math.imul(mixed ^ (words[word] as number), 0x9e3779b1);
    mixed ^= mixed >>> 15;
  }
  return mixed;
}

/** Whether the id was applied and its event time (epoch ms) is at or after `horizon`. */
export function hasId(dedupe: Dedupe, id: string, horizon: number): boolean {
  if (dedupe.future.size > 0 && dedupe.future.has(id)) return true;
  const words = load(dedupe, id);
  const { index, ordinals } = dedupe;
  const mask = index.length - 1;
  const shift = dedupe.base - (dedupe.segments[0]?.number ?? 0);
  const minute = Math.floor(horizon / MINUTE);
  const start = startOf(words, 0);
  for (let slot = start & mask; index[slot] !== 0; slot = (slot + 1) & mask) {
    const found = index[slot] as number;
    if (((found ^ start) & ~ordinals) !== 0) continue;
    const entry = ((found & ordinals) >>> 0) - 1;
    const segment = dedupe.segments[Math.floor(entry / SEGMENT) + shift];
    if (segment !== undefined && sameId(segment, entry % SEGMENT, words)) {
      if ((segment.minutes[entry % SEGMENT] as number) >= minute) return true;
    }
  }
  return false;
}

function sameId(segment: Segment, at: number, words: Uint32Array): boolean {
  const ids = segment.ids;
  const from = at * 4;
  return (
    ids[from] === words[0] &&
    ids[from + 1] === words[1] &&
    ids[from + 2] === words[2] &&
    ids[from + 3] === words[3]
  );
}

/** Remembers the id of an event at `at` (epoch ms). */
export function addId(dedupe: Dedupe, id: string, at: number): void {
  const words = load(dedupe, id);
  let segment = dedupe.segments[dedupe.segments.length - 1];
  if (segment === undefined || segment.count === SEGMENT) {
    segment = newSegment(dedupe.nextSegment++);
    dedupe.segments.push(segment);
    if (dedupe.segments.length > dedupe.maxSegments) shorten(dedupe);
  }
  const minute = Math.floor(at / MINUTE);
  const from = segment.count * 4;
  for (let word = 0; word < 4; word++) segment.ids[from + word] = words[word] as number;
  segment.minutes[segment.count] = minute;
  segment.latest = Math.max(segment.latest, minute);
  segment.count += 1;
  dedupe.dirty.add(segment.number);
  if ((dedupe.used + 1) * 2 > dedupe.index.length) rebuild(dedupe);
  else point(dedupe, segment, segment.count - 1);
}

const newSegment = (number: number): Segment => ({
  number,
  ids: new Uint32Array(SEGMENT * 4),
  minutes: new Int32Array(SEGMENT),
  count: 0,
  latest: Number.NEGATIVE_INFINITY,
});

function point(dedupe: Dedupe, segment: Segment, at: number): void {
  const mask = dedupe.index.length - 1;
  const start = startOf(segment.ids, at * 4);
  let slot = start & mask;
  while (dedupe.index[slot] !== 0) slot = (slot + 1) & mask;
  const ordinal = (segment.number - dedupe.base) * SEGMENT + at + 1;
  dedupe.index[slot] = (start & ~dedupe.ordinals) | ordinal;
  dedupe.used += 1;
}

function rebuild(dedupe: Dedupe): void {
  let live = 0;
  for (const segment of dedupe.segments) live += segment.count;
  let size = 2 * SEGMENT;
  while (size < live * 3) size *= 2;
  dedupe.index = new Int32Array(size);
  dedupe.used = 0;
  dedupe.base = dedupe.segments[0]?.number ?? dedupe.nextSegment;
  for (const segment of dedupe.segments) {
    for (let at = 0; at < segment.count; at++) point(dedupe, segment, at);
  }
}

function drop(dedupe: Dedupe): Segment | undefined {
  const segment = dedupe.segments.shift();
  if (segment !== undefined) dedupe.dirty.add(segment.number);
  return segment;
}

function shorten(dedupe: Dedupe): void {
  const segment = drop(dedupe);
  if (segment === undefined) return;
  dedupe.floor = Math.max(dedupe.floor, (segment.latest + 1) * MINUTE);
  dedupe.shortened += 1;
}

/** Remembers the id of an event dated ahead until `until` (epoch ms) is behind the horizon. */
export function addFutureId(dedupe: Dedupe, id: string, until: number): void {
  dedupe.futureDirty = true;
  dedupe.future.set(id, until);
  if (dedupe.future.size <= FUTURE_IDS) return;
  for (const oldest of dedupe.future.keys()) {
    dedupe.future.delete(oldest);
    dedupe.shortened += 1;
    return;
  }
}

/** Forgets what is behind `horizon` (epoch ms). */
export function expireIds(dedupe: Dedupe, horizon: number): void {
  const minute = Math.floor(horizon / MINUTE);
  while (dedupe.segments.length > 1 && (dedupe.segments[0] as Segment).latest < minute) {
    drop(dedupe);
  }
  for (const [id, until] of dedupe.future) {
    if (until < horizon) {
      dedupe.future.delete(id);
      dedupe.futureDirty = true;
    }
  }
}

const segmentKey = (number: number): string => `d/${number}`;

/** Cells of the set: one per segment, one for ids dated ahead. */
export function* dedupeCells(
  dedupe: Dedupe,
  numbers: Iterable<number>,
  withFuture: boolean,
): Iterable<readonly [string, Uint8Array | null]> {
  const first = dedupe.segments[0]?.number ?? dedupe.nextSegment;
  for (const number of numbers) {
    const segment = dedupe.segments[number - first];
    yield [segmentKey(number), segment === undefined ? null : encodeSegment(segment)];
  }
  if (withFuture) yield ["df", Buffer.from(JSON.stringify([...dedupe.future]))];
}

function encodeSegment(segment: Segment): Uint8Array {
  const ids = segment.ids.subarray(0, segment.count * 4);
  const minutes = segment.minutes.subarray(0, segment.count);
  return Buffer.concat([
    Buffer.from(ids.buffer, ids.byteOffset, ids.byteLength),
    Buffer.from(minutes.buffer, minutes.byteOffset, minutes.byteLength),
  ]);
}

/** Takes a cell back; call {@link indexIds} after the last one. */
export function restoreDedupeCell(dedupe: Dedupe, key: string, bytes: Uint8Array): void {
  if (key === "df") {
    const entries: [string, number][] = JSON.parse(Buffer.from(bytes).toString());
    for (const [id, until] of entries) dedupe.future.set(id, until);
    return;
  }
  const segment = newSegment(Number(key.slice(2)));
  segment.count = bytes.byteLength / 20;
  const copy = Uint8Array.from(bytes);
  segment.ids.set(new Uint32Array(copy.buffer, 0, segment.count * 4));
  segment.minutes.set(new Int32Array(copy.buffer, segment.count * 16, segment.count));
  for (let at = 0; at < segment.count; at++) {
    segment.latest = Math.max(segment.latest, segment.minutes[at] as number);
  }
  dedupe.segments.push(segment);
}

export function indexIds(dedupe: Dedupe): void {
  dedupe.segments.sort((left, right) => left.number - right.number);
  const last = dedupe.segments.at(-1);
  dedupe.nextSegment = last === undefined ? 0 : last.number + 1;
  rebuild(dedupe);
}
