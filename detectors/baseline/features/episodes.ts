import { noveltyRate } from "../arrivals.ts";
import type { Day, Feature } from "../feature.ts";
import { Field } from "../fields.ts";
import type { StreamName } from "../streams.ts";
import { describeNews } from "./novelty.ts";

const HALF_HOUR = 30;
/** Above this the sum grows at a quarter: more of the same is not that much odder. */
const KNEE = 10;

/** Greatest sum of surprise of new values within two neighbouring half-hours. */
function greatest(day: Day, wanted: readonly number[]): number {
  const { window, know, state } = day;
  const buckets = new Map<number, number>();
  for (const { field, minute, bucket } of window.news) {
    if (!wanted.includes(field)) continue;
    const likely = noveltyRate(day, field) * know.rarity(state.group, field, bucket);
    const x = -Math.log(Math.min(1, likely / 8));
    if (x <= 0) continue;
    const at = Math.floor(minute / HALF_HOUR);
    buckets.set(at, (buckets.get(at) ?? 0) + Math.round(1000 * x));
  }
  let most = 0;
  for (const [at, x] of buckets) most = Math.max(most, x + (buckets.get(at + 1) ?? 0));
  const sum = most / 1000;
  return sum > KNEE ? KNEE + (sum - KNEE) / 4 : sum;
}

const episode = (name: string, stream: StreamName, wanted: readonly number[]): Feature => ({
  name,
  stream,
  memory: 0,
  sums: 0,
  surprise: (day) => (day.window.news.length === 0 ? 0 : greatest(day, wanted)),
  describe: (day) => ({ ...describeNews(day, wanted), expected: "not within one hour" }),
});

/** Several new hosts, shares and programs within an hour. */
export const activityEpisode = episode("activity episode", "activity episode", [
  Field.host,
  Field.program,
  Field.share,
]);

/** Several new devices, networks, programs, actions and services within an hour. */
export const contextEpisode = episode("context episode", "context episode", [
  Field.device,
  Field.network,
  Field.agent,
  Field.action,
  Field.service,
]);
