import { LAG_MS } from "../../schemas/event-time.ts";
import type { Look } from "./feature.ts";
import { Field } from "./fields.ts";
import { SESSION } from "./model.ts";

/**
 * Sessions by how they began: the first few of each quarter of a local day, watched for a day. Which
 * ones they are is a function of the events alone, whatever order they arrive in within the lag.
 */

const SECONDS = 1000;
const QUARTER = 6 * 3600;
const QUARTERS = 4;
/** Sessions watched of a quarter; five quarters are kept, as two may run at once within the lag. */
const PER_QUARTER = 3;
/** Seconds in which what a session began with may still come after another event of it. */
const LAG = LAG_MS / SECONDS;

/** What a session may be bound to; the numbers of a session are its hash, first second and these. */
export const parts = [Field.network, Field.agent, Field.device] as const;

const secondOf = ({ context }: Look): number => Math.floor(context.at / SECONDS);

const quarterOf = (second: number, { window }: Look): number =>
  Math.floor((second + window.offset / SECONDS) / QUARTER);

/** Order of two beginnings, by second, then by what tells them apart: negative when `left` is first. */
function order(left: ArrayLike<number>, right: ArrayLike<number>): number {
  const second = (left[1] as number) - (right[1] as number);
  if (second !== 0) return second;
  for (let index = 0; index < SESSION; index++) {
    const apart = (left[index] as number) - (right[index] as number);
    if (apart !== 0) return apart;
  }
  return 0;
}

/** What the look adds to the table. */
export interface Entered {
  /** Where the session's numbers are, −1 when it is not watched. */
  readonly at: number;
  /** Sessions watched, more than before. */
  readonly begun: number;
}

/** Finds the session, or takes its beginning into the table. */
export function enterSession(look: Look, hash: number): Entered {
  const { sessions } = look.state;
  const second = secondOf(look);
  const quarter = quarterOf(second, look);
  const dead = quarterOf(second - LAG, look) - QUARTERS;
  const own = [hash, second, ...parts.map((field) => look.hashes[field] as number)];
  let free = -1;
  let last = -1;
  let count = 0;
  let begun = 1;
  for (let at = 0; at < sessions.length; at += SESSION) {
    const ahead = quarterOf(sessions[at + 1] as number, look) - quarter;
    const same = sessions[at] === hash;
    if (same && ahead <= 0 && ahead > -QUARTERS) {
      const began = sessions.subarray(at, at + SESSION);
      if (order(own, began) < 0) sessions.set(own, at);
      return { at, begun: 0 };
    }
    // It had begun before: that was no beginning.
    const overtaken = same && ahead > 0;
    if (overtaken) {
      begun--;
      sessions.fill(0, at, at + SESSION);
    }
    if (overtaken || quarter + ahead <= dead) free = at;
    if (ahead !== 0 || overtaken) continue;
    count++;
    const one = sessions.subarray(at, at + SESSION);
    if (last < 0 || order(sessions.subarray(last, last + SESSION), one) < 0) last = at;
  }
  if (count >= PER_QUARTER) {
    if (order(own, sessions.subarray(last, last + SESSION)) > 0)
      return { at: -1, begun: begun - 1 };
    free = last;
    begun--;
  }
  if (free < 0) return { at: -1, begun: begun - 1 };
  sessions.set(own, free);
  return { at: free, begun };
}

/**
 * Whether what began the session is certain at the event's time: within the lag of it either may have
 * come first.
 */
export const isSettled = (look: Look, at: number): boolean =>
  secondOf(look) - (look.state.sessions[at + 1] as number) > LAG;
