import type { Event } from "../../schemas/event.ts";
import type { DetectorContext } from "../detector.ts";
import type { Knowledge, Peers } from "./knowledge.ts";
import type { BaselineParams } from "./params.ts";
import type { BaselineState, Window } from "./state.ts";
import type { StreamName } from "./streams.ts";

export type Context = DetectorContext<BaselineParams>;

/** One event, looked up once for all features. The object is filled anew for every event. */
export interface Look {
  state: BaselineState;
  window: Window;
  event: Event;
  context: Context;
  know: Knowledge;
  /** Value of each field, undefined where the event says nothing. */
  readonly values: (string | undefined)[];
  /** 0 where there is no value. */
  readonly hashes: Uint32Array;
  /** Slot of each value, −1 when it is not known. */
  readonly slots: Int32Array;
  /** Class of activity (`classes`). */
  activity: number;
  /** Number of events it stands for. */
  weight: number;
  failed: boolean;
  /** Minute of the local clock, 0–1439. */
  minute: number;
  /** Minutes since the local day began, whatever the clocks did meanwhile. */
  elapsed: number;
  /** Local hour 0–23. */
  hour: number;
  /** A successful sign-in from a public address. */
  fromOutside: boolean;
  /** Bytes sent away. */
  sent: number;
  /** Whether the address was spraying, where it was asked before; undefined: ask now. */
  spraying: boolean | undefined;
}

/** A local day as it stands, for scoring and learning. The object is filled anew for every use. */
export interface Day {
  state: BaselineState;
  window: Window;
  context: Context;
  know: Knowledge;
  peers: Peers;
  /** 0 working day, 1 day off or holiday. */
  type: 0 | 1;
  /** Active days behind the entity. */
  age: number;
  /** Events expected on such a day. */
  expected: number;
  /** Events so far, at least those expected: exposures must not shrink while a day runs. */
  exposure: number;
  /** True when the day is over: only then can anything be missing. */
  closing: boolean;
}

/** One line of an explanation. */
export interface Line {
  readonly observed: string;
  readonly expected: string;
  readonly peers?: string;
}

/** Where a feature's own numbers begin: in `state.models` and in `window.sums`. */
export interface Own {
  readonly memory: number;
  readonly sums: number;
}

/** Adds to the mean of everyone and of the group: `what` of this feature, any real number. */
export type Teach = (what: string, amount: number) => void;

/**
 * One way in which a day can be odd. Pure: reads the day, its own learned numbers and what is known
 * of peers. Sums of a day are integers, maxima or sets, so that the order of events in it is nothing.
 */
export interface Feature {
  /** Key of its tables: never changed, never used again for another. */
  readonly name: string;
  readonly stream: StreamName;
  /** Learned numbers (f32) it keeps for an entity. */
  readonly memory: number;
  /** Numbers (f64) it keeps of an open day. */
  readonly sums: number;
  /** Takes an event into the day, without a look at what was learned; true when the day may have become much odder. */
  note?(look: Look, own: Own): boolean;
  /**
   * Holds an event against what was known before the day; true as above. It waits where the day before
   * may not be learned yet: then there is no `event` but what `Look` says beside it.
   */
  judge?(look: Look, own: Own): boolean;
  /** Surprise x ≥ 0 of the day so far, larger = odder, exactly 0 where nothing happened. */
  surprise(day: Day, own: Own): number;
  /** Learns from a closed day with weight 0–1. */
  learn?(day: Day, own: Own, weight: number): void;
  /** Teaches what is usual among peers. */
  teach?(day: Day, own: Own, teach: Teach): void;
  describe(day: Day, own: Own): Line;
}
