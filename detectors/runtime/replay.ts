import type { Event } from "../../schemas/event.ts";
import {
  createLookAhead,
  enter,
  leave,
  LOOK_AHEAD,
  type LookAhead,
  waiting,
} from "../../platform/look-ahead.ts";
import { allSlots, cellKey, encodeSlot } from "./slots.ts";
import {
  createMerged,
  type EngineOptions,
  endOfInput,
  type Merged,
  processEvent,
} from "./merged.ts";
import type { Outputs } from "./outputs.ts";

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

const nothing: Outputs = { anomalies: [], scores: [], deltas: [], tables: [], failures: [] };

/**
 * The live engine over a finite input. An event without `event.ingested` arrived at the smallest
 * event time among it and the next 10 000 records that are not late, plus the lag, and never after
 * `readAt`.
 */
export function createReplay(options: ReplayOptions): Replay {
  const engine = createMerged(options, "replay");
  const ahead = createLookAhead();
  const historical = options.historical ?? false;
  const next = (): Outputs => {
    const { event, arrival } = shift(engine, ahead, options.readAt);
    return processEvent(engine, event, arrival, historical);
  };
  return {
    engine,
    push(event) {
      // Its arrival is known and nothing waits before it: there is nothing to look ahead for.
      if (waiting(ahead) === 0 && event["event.ingested"] !== undefined) {
        const said = engine.gate.readTime(event["event.ingested"]);
        if (!Number.isNaN(said)) {
          return processEvent(engine, event, Math.min(said, options.readAt), historical);
        }
      }
      enter(ahead, event, engine.gate.readTime(event["@timestamp"]));
      return waiting(ahead) > LOOK_AHEAD ? next() : nothing;
    },
    end() {
      const outputs: Outputs[] = [];
      while (waiting(ahead) > 0) outputs.push(next());
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

/** Its ingest time where it has one, else what the records after it tell; never after reading. */
function shift(
  engine: Merged,
  ahead: LookAhead,
  readAt: number,
): { readonly event: Event; readonly arrival: number } {
  const { event, arrival } = leave(ahead, engine.gate.watermark);
  const ingested = event["event.ingested"];
  const said = ingested === undefined ? Number.NaN : engine.gate.readTime(ingested);
  return { event, arrival: Math.min(Number.isNaN(said) ? arrival : said, readAt) };
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
