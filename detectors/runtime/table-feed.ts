import type { EventLog } from "../../platform/event-log/port.ts";
import type { Table } from "../../schemas/exchange.ts";
import { topics } from "../../schemas/topics.ts";
import { versionFor } from "../exchange/boundaries.ts";
import { follow, linesOf } from "../exchange/reading.ts";
import {
  addTableRecord,
  createTables,
  hasVersion,
  lastBoundary,
  retainFrom,
  type Tables,
} from "../exchange/tables.ts";

/** One reader of `tables`, shared by tasks whose clocks are near each other. */
export interface TableFeed {
  readonly tables: Tables;
  /** Task name → event time up to which it has come; −Infinity before it started. */
  readonly users: Map<string, number>;
  readonly waiting: Set<() => void>;
  readonly stopped: AbortController;
}

/** The feeds of a process. A task that is far behind the others gets one of its own. */
export interface TableFeeds {
  readonly log: EventLog;
  readonly feeds: Set<TableFeed>;
  readonly failed: (error: unknown) => void;
}

export const createTableFeeds = (log: EventLog, failed: (error: unknown) => void): TableFeeds => ({
  log,
  feeds: new Set(),
  failed,
});

/** A feed that still holds every version a task may ask for that has come to `reached` (epoch ms). */
export function joinFeed(of: TableFeeds, task: string, reached: number): TableFeed {
  for (const feed of of.feeds) {
    const base = feed.tables.base?.boundary ?? Number.NEGATIVE_INFINITY;
    const first = feed.tables.first ?? Number.POSITIVE_INFINITY;
    if (base <= Math.max(versionFor(reached), first)) {
      feed.users.set(task, reached);
      return feed;
    }
  }
  const feed: TableFeed = {
    tables: createTables(),
    users: new Map([[task, reached]]),
    waiting: new Set(),
    stopped: new AbortController(),
  };
  of.feeds.add(feed);
  followTables(of, feed).catch((error: unknown) => {
    of.feeds.delete(feed);
    feed.stopped.abort();
    of.failed(error);
    wake(feed);
  });
  return feed;
}

export function leaveFeed(of: TableFeeds, feed: TableFeed, task: string): void {
  feed.users.delete(task);
  if (feed.users.size > 0) return;
  of.feeds.delete(feed);
  feed.stopped.abort();
}

function followTables(of: TableFeeds, feed: TableFeed): Promise<void> {
  const range = { topic: topics.tables.name, partition: 0, from: 0 };
  return follow(
    of.log,
    range,
    (record) => {
      for (const row of linesOf<Table>(record, range.topic)) {
        const named = feed.tables.first;
        if (addTableRecord(feed.tables, row) || named !== feed.tables.first) {
          retain(feed);
          wake(feed);
        }
      }
    },
    feed.stopped.signal,
  );
}

/** Says how far a task has come, so that older versions can be given up. */
export function reachedBy(feed: TableFeed, task: string, reached: number): void {
  const before = feed.users.get(task) ?? Number.NEGATIVE_INFINITY;
  feed.users.set(task, reached);
  if (versionFor(before) !== versionFor(reached)) retain(feed);
}

function retain(feed: TableFeed): void {
  let slowest = Number.POSITIVE_INFINITY;
  for (const reached of feed.users.values()) slowest = Math.min(slowest, reached);
  if (!Number.isFinite(slowest)) return;
  const last = lastBoundary(feed.tables) ?? Number.NEGATIVE_INFINITY;
  retainFrom(feed.tables, Math.min(versionFor(slowest), last));
}

function wake(feed: TableFeed): void {
  const calls = [...feed.waiting];
  feed.waiting.clear();
  for (const call of calls) call();
}

/** Resolves once the version of `boundary` can be looked up; false when the signal aborts or the feed fails first. */
export async function versionHere(
  feed: TableFeed,
  boundary: number,
  signal: AbortSignal,
): Promise<boolean> {
  const either = AbortSignal.any([signal, feed.stopped.signal]);
  while (!hasVersion(feed.tables, boundary)) {
    if (either.aborted) return false;
    await new Promise<void>((resolve) => {
      const done = () => {
        feed.waiting.delete(done);
        either.removeEventListener("abort", done);
        resolve();
      };
      feed.waiting.add(done);
      either.addEventListener("abort", done, { once: true });
    });
  }
  return true;
}
