import type { Event } from "../schemas/event.ts";

const LAG_MS = 300_000;
const AHEAD = 10_000;

/**
 * Arrival times for a backlog that carries none: the smallest event time among the record and the
 * next 10 000 of the batch, plus the lag, never later than the reading. Returns the events with
 * `event.ingested` set so, and the smallest event time of the batch.
 */
export function backlogArrivals(
  events: readonly Event[],
  readAt: number,
): { readonly events: readonly Event[]; readonly smallest: number } {
  const times = events.map((event) => Date.parse(event["@timestamp"]));
  const stamped: Event[] = Array.from({ length: events.length });
  // Candidates of the window ahead, smallest last, so that each step is O(1) amortised.
  const window: number[] = [];
  let head = 0;
  for (let index = events.length - 1; index >= 0; index--) {
    const time = times[index] ?? readAt;
    while (window.length > head && (times[window.at(-1) ?? 0] ?? 0) >= time) window.pop();
    window.push(index);
    while ((window[head] ?? 0) > index + AHEAD) head++;
    const smallest = times[window[head] ?? index] ?? time;
    const arrival = Math.min(readAt, smallest + LAG_MS);
    const { "event.future": _, ...event } = events[index] as Event;
    stamped[index] = {
      ...event,
      "event.ingested": new Date(arrival).toISOString(),
      ...(time > arrival + LAG_MS ? { "event.future": true } : {}),
    };
  }
  return { events: stamped, smallest: times.reduce((a, b) => Math.min(a, b), readAt) };
}
