import { createLookAhead, enter, leave, LOOK_AHEAD, waiting } from "../platform/look-ahead.ts";
import { LAG_MS } from "../schemas/event-time.ts";
import type { Event } from "../schemas/event.ts";

/**
 * Arrival times for a backlog that carries none: the smallest event time among the record and the
 * next 10 000 of the batch that are not late, plus the lag, never later than the reading. Returns
 * the events with `event.ingested` set so, and the smallest event time of the batch.
 */
export function backlogArrivals(
  events: readonly Event[],
  readAt: number,
): { readonly events: readonly Event[]; readonly smallest: number } {
  const ahead = createLookAhead();
  const stamped: Event[] = [];
  let newest = Number.NEGATIVE_INFINITY;
  let smallest = readAt;
  const next = (): void => {
    const { event, arrival } = leave(ahead, newest - LAG_MS);
    const at = Math.min(readAt, arrival);
    const time = Date.parse(event["@timestamp"]);
    const { "event.future": _, ...rest } = event;
    const isFuture = time > at + LAG_MS;
    if (!isFuture) newest = Math.max(newest, time);
    stamped.push({
      ...rest,
      "event.ingested": new Date(at).toISOString(),
      ...(isFuture ? { "event.future": true } : {}),
    });
  };
  for (const event of events) {
    const time = Date.parse(event["@timestamp"]);
    smallest = Math.min(smallest, time);
    enter(ahead, event, time);
    if (waiting(ahead) > LOOK_AHEAD) next();
  }
  while (waiting(ahead) > 0) next();
  return { events: stamped, smallest };
}
