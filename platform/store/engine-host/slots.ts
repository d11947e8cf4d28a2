import { Refusal } from "./exceptions.ts";

export interface Slots {
  /** Resolves with the function that gives the slot back. @throws Refusal 202 when too many wait. */
  take(): Promise<() => void>;
}

/** At most `count` holders at once, at most `waiting` more in line. */
export function createSlots(count: number, waiting: number): Slots {
  const line: (() => void)[] = [];
  let free = count;
  const give = () => {
    const next = line.shift();
    if (next === undefined) free++;
    else next();
  };
  const once = (release: () => void) => {
    let held = true;
    return () => {
      if (held) release();
      held = false;
    };
  };
  return {
    take() {
      if (free > 0) {
        free--;
        return Promise.resolve(once(give));
      }
      if (line.length >= waiting) {
        return Promise.reject(
          new Refusal(202, "TOO_MANY_SIMULTANEOUS_QUERIES", "Too many simultaneous queries."),
        );
      }
      return new Promise((resolve) => line.push(() => resolve(once(give))));
    },
  };
}
