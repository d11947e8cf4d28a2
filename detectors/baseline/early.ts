import { LAG_MS } from "../../schemas/event-time.ts";
import { hash32 } from "../stats/hash.ts";
import type { Look } from "./feature.ts";
import { FIELDS } from "./fields.ts";
import { isSpraying } from "./spraying.ts";
import type { Window } from "./state.ts";

/**
 * Events of a day's first minutes may come before or after the last ones of the day before, within
 * the lag, and so before or after that day is learned. What they are held against must not depend on
 * it: they wait until every one of them has come.
 */
export interface Early {
  /** Of values and flags: of more than there is room for, those with the smallest stay. */
  readonly rank: number;
  readonly hashes: Uint32Array;
  /** 1 failed, 2 from outside, 4 spraying. */
  readonly flags: number;
  /** Minute since the day began of the first such event. */
  minute: number;
  /** Events alike. */
  weight: number;
  /** Most bytes that one of them sent. */
  sent: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;
export const EARLY = 8;

export const isEarly = ({ elapsed, context }: Look): boolean =>
  elapsed < LAG_MS / MINUTE && !context.late;

/** Epoch ms at which all that is early has come. */
export const settlesAt = (window: Window): number => window.day * DAY - window.offset + 2 * LAG_MS;

const flagsOf = (look: Look): number =>
  (look.failed ? 1 : 0) + (look.fromOutside ? 2 : 0) + (isSpraying(look) ? 4 : 0);

/** Keeps what is to be judged of an event. Events alike are one; which ones stay no order decides. */
export function hold(look: Look): void {
  const { window, elapsed, weight, sent } = look;
  const flags = flagsOf(look);
  const rank = hash32(`${look.hashes.join()} ${flags}`);
  const known = window.early.find((entry) => entry.rank === rank);
  if (known !== undefined) {
    known.minute = Math.min(known.minute, elapsed);
    known.weight = Math.min(1e9, known.weight + weight);
    known.sent = Math.max(known.sent, sent);
    return;
  }
  const hashes = Uint32Array.from(look.hashes);
  window.early.push({ rank, hashes, flags, minute: elapsed, weight, sent });
  window.early.sort((left, right) => left.rank - right.rank);
  if (window.early.length > EARLY) window.early.pop();
}

/** Makes the look say what was kept. */
export function recall(look: Look, kept: Early): void {
  look.hashes.set(kept.hashes);
  for (let field = 0; field < FIELDS; field++) look.values[field] = undefined;
  look.failed = (kept.flags & 1) !== 0;
  look.fromOutside = (kept.flags & 2) !== 0;
  look.spraying = (kept.flags & 4) !== 0;
  look.elapsed = kept.minute;
  look.minute = kept.minute;
  look.hour = 0;
  look.weight = kept.weight;
  look.sent = kept.sent;
}
