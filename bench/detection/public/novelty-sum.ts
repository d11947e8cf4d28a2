import type { Event } from "../../../schemas/event.ts";
import { byAccountDay, type Entry, HOUR } from "./audit-log.ts";

/**
 * What anybody would write in an afternoon, as the bar to clear: hour rarity + z of the number of
 * places touched + values never used before, each with weight 1. The weights were written down
 * before any figure was seen and have not been changed since.
 */

/** Kinds of value whose first use counts. */
const values: readonly ((event: Event) => string | undefined)[] = [
  (event) => event["device.id"],
  (event) => event["source.as.number"]?.toString() ?? event["source.ip"],
  (event) => event["source.geo.country_iso_code"],
  (event) => event["user_agent.original"],
  (event) => event["host.name"] ?? event["destination.ip"],
  (event) => event["service.name"],
  (event) => event["process.name"],
  (event) => event["event.action"],
];
/** Those that are places: devices, hosts and services. */
const places: ReadonlySet<number> = new Set([0, 4, 5]);

interface History {
  days: number;
  /** Days with activity in the hour, by local hour. */
  readonly hours: number[];
  readonly known: Set<string>;
  /** Of the number of places a day: sum and sum of squares. */
  sum: number;
  squares: number;
}

/** Score of every account-day from the account's earlier days alone; 0 on its first. */
export function noveltySum(entries: readonly Entry[]): Map<string, number> {
  const histories = new Map<string, History>();
  const scores = new Map<string, number>();
  for (const [key, day] of byAccountDay(entries)) {
    const { account } = day[0] as Entry;
    const history = histories.get(account) ?? {
      days: 0,
      hours: Array.from({ length: 24 }, () => 0),
      known: new Set<string>(),
      sum: 0,
      squares: 0,
    };
    histories.set(account, history);
    scores.set(key, scoreAndLearn(history, day));
  }
  return scores;
}

function scoreAndLearn(history: History, day: readonly Entry[]): number {
  const hours = new Set(day.map(({ clock }) => Math.floor(clock / HOUR)));
  const seen = new Set(day.flatMap(({ event }) => keysOf(event)));
  const count = [...seen].filter((key) => places.has(Number(key.slice(0, 1)))).length;
  const rarity = Math.max(...Array.from(hours, (hour) => -Math.log(share(history, hour))));
  const mean = history.sum / Math.max(1, history.days);
  const variance = history.squares / Math.max(1, history.days) - mean * mean;
  const z = Math.max(0, (count - mean) / Math.max(1, Math.sqrt(Math.max(0, variance))));
  const news = [...seen].filter((key) => !history.known.has(key)).length;
  const score = history.days === 0 ? 0 : rarity + z + news;
  history.days++;
  for (const hour of hours) history.hours[hour] = (history.hours[hour] as number) + 1;
  for (const key of seen) history.known.add(key);
  history.sum += count;
  history.squares += count * count;
  return score;
}

/** Share of earlier days with activity within an hour of it, kept above 0. */
function share({ hours, days }: History, hour: number): number {
  const near = [hour + 23, hour, hour + 1].map((one) => hours[one % 24] as number);
  return Math.min(1, (Math.max(...near) + 0.5) / (days + 1));
}

const keysOf = (event: Event): string[] =>
  values.flatMap((read, index) => {
    const value = read(event);
    return value === undefined ? [] : [`${index} ${value}`];
  });
