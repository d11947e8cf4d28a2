import type { Event } from "../../schemas/event.ts";
import { LAG } from "../exchange/boundaries.ts";
import { allSlots, cellKey, encodeSlot } from "./slots.ts";
import {
  createMerged,
  type EngineOptions,
  endOfInput,
  type Merged,
  processEvent,
} from "./merged.ts";
import type { Outputs } from "./outputs.ts";

/** Records looked at ahead to tell when a record without arrival time arrived. */
const LOOK_AHEAD = 10_000;

export interface ReplayOptions extends EngineOptions {
  /** Wall clock (epoch ms) at reading: nothing arrived later. */
  readonly readAt: number;
  /** True: events are learned from and their findings withheld. */
  readonly historical?: boolean;
}

export interface Replay {
  /** Takes the next record; returns what older records gave out meanwhile. */
  push(event: Event): Outputs;
  /** Processes what is left and closes every open day. */
  end(): readonly Outputs[];
  /** Users with state. */
  users(): number;
  /** Checkpointed bytes of all detectors' state of users, divided by users; 0 without any. */
  bytesPerUser(): number;
  readonly engine: Merged;
}

interface Waiting {
  readonly event: Event;
  readonly time: number;
  readonly number: number;
}

/** Smallest event time among the records waiting: candidates in growing order of time. */
interface Window {
  queue: Waiting[];
  head: number;
  minima: Waiting[];
  minimum: number;
  count: number;
}

const nothing: Outputs = { anomalies: [], scores: [], deltas: [], tables: [], failures: [] };

/**
 * The live engine over a finite input. An event without `event.ingested` arrived at the smallest
 * event time among it and the next 10 000 records, plus the lag, and never after `readAt`.
 */
export function createReplay(options: ReplayOptions): Replay {
  const engine = createMerged(options, "replay");
  const window: Window = { queue: [], head: 0, minima: [], minimum: 0, count: 0 };
  const historical = options.historical ?? false;
  const next = (): Outputs => {
    const { event, arrival } = shift(engine, window, options.readAt);
    return processEvent(engine, event, arrival, historical);
  };
  return {
    engine,
    push(event) {
      // Its arrival is known and nothing waits before it: there is nothing to look ahead for.
      if (window.head === window.queue.length && event["event.ingested"] !== undefined) {
        const said = engine.gate.readTime(event["event.ingested"]);
        if (!Number.isNaN(said)) {
          return processEvent(engine, event, Math.min(said, options.readAt), historical);
        }
      }
      enter(window, event, engine.gate.readTime(event["@timestamp"]));
      return window.queue.length - window.head > LOOK_AHEAD ? next() : nothing;
    },
    end() {
      const outputs: Outputs[] = [];
      while (window.head < window.queue.length) outputs.push(next());
      outputs.push(endOfInput(engine));
      return outputs;
    },
    users: () => userCells(engine).users,
    bytesPerUser() {
      const { users, bytes } = userCells(engine);
      return users === 0 ? 0 : Math.round(bytes / users);
    },
  };
}

function enter(window: Window, event: Event, time: number): void {
  const waiting: Waiting = { event, time, number: window.count++ };
  window.queue.push(waiting);
  if (!Number.isFinite(waiting.time)) return;
  const { minima } = window;
  while (minima.length > window.minimum && (minima.at(-1) as Waiting).time >= waiting.time) {
    minima.pop();
  }
  minima.push(waiting);
}

function shift(
  engine: Merged,
  window: Window,
  readAt: number,
): { readonly event: Event; readonly arrival: number } {
  const first = window.queue[window.head] as Waiting;
  const smallest = window.minima[window.minimum]?.time ?? Number.POSITIVE_INFINITY;
  window.head += 1;
  if (window.minima[window.minimum]?.number === first.number) window.minimum += 1;
  if (window.head > LOOK_AHEAD) {
    window.queue = window.queue.slice(window.head);
    window.head = 0;
    window.minima = window.minima.slice(window.minimum);
    window.minimum = 0;
  }
  const ingested = first.event["event.ingested"];
  const said = ingested === undefined ? Number.NaN : engine.gate.readTime(ingested);
  const arrival = Number.isNaN(said) ? smallest + LAG : said;
  return { event: first.event, arrival: Math.min(arrival, readAt) };
}

function userCells(engine: Merged): { readonly users: number; readonly bytes: number } {
  let users = 0;
  let bytes = 0;
  for (const core of engine.cores) {
    for (const table of core.kinds.filter((one) => one.kind === "user")) {
      for (const slot of allSlots(table)) {
        users += 1;
        bytes += encodeSlot(table, slot).byteLength + cellKey(slot).length;
      }
    }
  }
  return { users, bytes };
}
