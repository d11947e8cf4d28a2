import type { Look } from "./feature.ts";
import { timeOf } from "./population.ts";
import { rarityBucket } from "./rarity.ts";
import type { News } from "./state.ts";

const voteKeys = (look: Look, field: number, hash: number): readonly [string, string] => {
  const key = hash.toString(36);
  return [`${field}|*|${key}`, `${field}|${look.state.group}|${key}`];
};

/** An entity's vote for a value, one per entity, in the interval of the minute it first met it. */
export function vote(look: Look, news: News, amount: 1 | -1): void {
  const at = timeOf(look.window, news.minute);
  for (const key of voteKeys(look, news.field, news.hash)) {
    look.context.contribute("baseline.peers", key, amount, at);
  }
}

export interface Rarity {
  /** `rarityBucket` */
  readonly bucket: number;
  readonly peers: number;
}

/**
 * How common a value that is new today is among others at the event's time. The entity's own vote is
 * left out: the table holds it once the interval it was cast in has been closed.
 */
export function rarityOf(look: Look, field: number, hash: number): Rarity {
  const table = look.context.shared("baseline.peers");
  const [all, group] = voteKeys(look, field, hash);
  const news = look.window.news.find((entry) => entry.field === field && entry.hash === hash);
  const own = news !== undefined && timeOf(look.window, news.minute) < table.boundary ? 1 : 0;
  const peers = Math.max(0, table.get(group) - own);
  return { bucket: rarityBucket(peers, Math.max(0, table.get(all) - own)), peers };
}
