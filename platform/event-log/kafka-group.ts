import type { Broker, GroupMember } from "kafkajs/src/cluster/index.js";
import { errorText } from "../errors.ts";
import type { Logger } from "../logger.ts";
import {
  countAll,
  type Counts,
  type Identity,
  join,
  leave,
  sharesOf,
  sync,
} from "./kafka-group-calls.ts";
import { type Holdings, openHoldings } from "./kafka-holdings.ts";
import { kafkaErrorType, type Link, pause } from "./kafka-link.ts";
import type { AssignmentHandlers } from "./port.ts";

const SLOWEST_RETRY_MS = 3_000;
const SLOWEST_BEAT_MS = 1_000;
const RECOUNT_MS = 5_000;

export interface Membership {
  readonly groupId: string;
  readonly topics: readonly string[];
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** Number of partitions of a topic. */
  readonly count: (topic: string) => Promise<number>;
  /** Used by this membership alone, and closed at its end. */
  readonly link: Link;
  readonly logger: Logger;
}

export interface Joined {
  /** Resolves when the first assignment is in. */
  readonly first: Promise<void>;
  /** Resolves when everything has drained and the group is left. */
  readonly ended: Promise<void>;
  /** Undefined while this process is no member. */
  identity(): Identity | undefined;
}

interface State {
  me: Identity | undefined;
  /** When the coordinator last answered, epoch ms. */
  seen: number;
}

/** Errors after which the coordinator no longer counts this member in. */
const EXPELLED = new Set(["UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION"]);

/**
 * Membership of a consumer group (Kafka's classic group protocol, JoinGroup to LeaveGroup): joins,
 * hands partitions over only after they have drained, sends heartbeats meanwhile, and gives up
 * everything when the coordinator has not answered for a session.
 */
export function joinGroup(
  of: Membership,
  handlers: AssignmentHandlers,
  signal: AbortSignal,
): Joined {
  const holdings = openHoldings(handlers, of.logger);
  const state: State = { me: undefined, seen: Date.now() };
  let assigned: () => void = () => undefined;
  const first = new Promise<void>((resolve) => {
    assigned = resolve;
  });
  const run = async () => {
    for (let failures = 0; !signal.aborted; failures++) {
      try {
        await of.link.with(async (cluster) => {
          const coordinator = await cluster.findGroupCoordinator({ groupId: of.groupId });
          while (!signal.aborted) {
            const round = takePart({ of, coordinator, state, holdings, assigned }, signal);
            await Promise.race([round, aborted(signal)]);
            failures = 0;
          }
          await beatUntil({ of, coordinator, state }, holdings.close(), true);
        });
      } catch (error) {
        await recover(of, state, holdings, error);
        await pause(Math.min(SLOWEST_RETRY_MS, 100 * 2 ** Math.min(failures, 8)), signal);
      }
    }
    await holdings.close();
    assigned();
    await leave(of, state.me);
    state.me = undefined;
    of.link.close();
  };
  return { first, ended: run(), identity: () => state.me };
}

interface Speaker {
  readonly of: Membership;
  readonly coordinator: Broker;
  readonly state: State;
}

/** One generation: from joining to the next rebalance. */
async function takePart(
  speaker: Speaker & { readonly holdings: Holdings; readonly assigned: () => void },
  signal: AbortSignal,
): Promise<void> {
  const { of, coordinator, state, holdings, assigned } = speaker;
  const over = new AbortController();
  const until = AbortSignal.any([signal, over.signal]);
  try {
    const { identity, members } = await join(of, coordinator, state.me, holdings.names());
    state.me = identity;
    state.seen = Date.now();
    const counts = await countAll(of, members);
    const share = await sync(of, coordinator, identity, sharesOf(members, counts));
    const lost = holdings.names().filter((name) => !share.includes(name));
    holdings.take(share);
    assigned();
    // Having drained it joins again, which is what lets the leader hand those partitions on.
    const drains = lost.length > 0;
    const done = drains ? holdings.give(lost) : unlessGrown(of, members, counts, until);
    await beatUntil(speaker, done, drains);
  } catch (error) {
    if (kafkaErrorType(error) !== "REBALANCE_IN_PROGRESS") throw error;
  } finally {
    over.abort();
  }
}

/**
 * Resolves when `signal` aborts, or, for the leader (`members` is empty for others), when a topic
 * has got partitions: one that did not exist when the group was made, above all.
 */
async function unlessGrown(
  of: Membership,
  members: readonly GroupMember[],
  counts: Counts,
  signal: AbortSignal,
): Promise<void> {
  if (members.length === 0) await aborted(signal);
  while (!signal.aborted) {
    await pause(RECOUNT_MS, signal);
    try {
      const now = await countAll(of, members);
      if ([...now].some(([topic, count]) => count > (counts.get(topic) ?? 0))) return;
    } catch (error) {
      of.logger.debug({ group: of.groupId, err: errorText(error) }, "counting partitions failed");
    }
  }
}

/**
 * Sends heartbeats until `done`. When the group rebalances, a drain goes on (the others wait for
 * it up to the rebalance timeout), anything else ends.
 * @throws what the coordinator says
 */
async function beatUntil(
  { of, coordinator, state }: Speaker,
  done: Promise<void>,
  drains: boolean,
): Promise<void> {
  const end = new AbortController();
  const stop = () => end.abort();
  done.then(stop, stop);
  const every = Math.min(SLOWEST_BEAT_MS, of.sessionTimeoutMs / 4);
  await pause(every, end.signal);
  while (!end.signal.aborted && state.me !== undefined) {
    const { memberId, generation } = state.me;
    const beat = coordinator
      .heartbeat({ groupId: of.groupId, memberId, groupGenerationId: generation })
      .then(() => {
        state.seen = Date.now();
      });
    try {
      await Promise.race([beat, done]);
    } catch (error) {
      if (!drains || kafkaErrorType(error) !== "REBALANCE_IN_PROGRESS") throw error;
    }
    await pause(every, end.signal);
  }
  await done;
}

/** After an error: give up what others may have by now. */
async function recover(
  of: Membership,
  state: State,
  holdings: Holdings,
  error: unknown,
): Promise<void> {
  of.logger.warn({ group: of.groupId, err: errorText(error) }, "membership is retried");
  const expelled = EXPELLED.has(kafkaErrorType(error) ?? "");
  if (!expelled && Date.now() - state.seen < of.sessionTimeoutMs) return;
  state.me = undefined;
  await holdings.give(holdings.names());
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener("abort", () => resolve(), { once: true });
  });
}
