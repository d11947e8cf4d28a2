import type { Event } from "../../schemas/event.ts";
import type { DetectorContext } from "../detector.ts";
import { sharerAmount } from "../stats/habit.ts";
import type { DeviceState, Vote } from "./state.ts";

const DAY = 86_400_000;
const NEW = sharerAmount("new");
const AGAIN = sharerAmount("daily");

/**
 * Fleet table: 1000 for a device's first day and 33 for each further one (SHARERS_KEEP_PER_MILLE);
 * `again` counts the days on which a managed device came back. A vote is cast at the first event of
 * its day: one that was overtaken takes it back to its own time.
 */
export function countFleet(
  state: DeviceState,
  event: Event,
  context: DetectorContext<unknown>,
): void {
  const { at } = context;
  const day = Math.floor(at / DAY);
  const managed = event["device.managed"];
  if (managed === undefined) return;
  if (day > state.counted) {
    const amount = state.counted < 0 || state.managed !== managed ? NEW : AGAIN;
    const vote = { at, amount, before: state.counted === day - 1 };
    Object.assign(state, { counted: day, managed, vote });
    cast(vote, managed, 1, context);
    return;
  }
  const { vote } = state;
  if (managed !== state.managed || at >= vote.at) return;
  if (day < state.counted) {
    if (day < state.counted - 1 || vote.before) return;
    // Its day goes first: the later one only came back.
    const earlier = { at, amount: vote.amount };
    cast(vote, managed, -1, context);
    state.vote = { at: vote.at, amount: AGAIN, before: true };
    cast(earlier, managed, 1, context);
    cast(state.vote, managed, 1, context);
    return;
  }
  cast(vote, managed, -1, context);
  state.vote = { ...vote, at };
  cast(state.vote, managed, 1, context);
}

function cast(
  { at, amount }: Pick<Vote, "at" | "amount">,
  managed: boolean,
  sign: 1 | -1,
  { contribute }: Pick<DetectorContext<unknown>, "contribute">,
): void {
  contribute("devices.fleet", managed ? "managed" : "unmanaged", sign * amount, at);
  if (managed && amount === AGAIN) contribute("devices.fleet", "again", sign, at);
}
