import type { Event } from "../../schemas/event.ts";
import type { Detector } from "../detector.ts";
import type { Core } from "./core.ts";
import type { Slot, SlotTable } from "./slots.ts";

/** What a task's current call of a detector is about; one object a task, filled anew. */
export interface Call {
  readonly core: Core;
  table: SlotTable;
  slot: Slot;
  /** The detector and its index among those of the kind. */
  detector: Detector;
  index: number;
  at: number;
  late: boolean;
  /** The event is dated ahead of its arrival: what it raises never acts. */
  future: boolean;
  /** Event time that selects the table version. */
  asOf: number;
  /** The event, undefined for a wake. */
  event: Event | undefined;
  historical: boolean;
  /** False: on a copy of the state, nothing but findings leaves the call. */
  learns: boolean;
}
