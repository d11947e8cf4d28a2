import { topics } from "../../schemas/topics.ts";
import { type CheckpointParts, openKafkaCheckpoints } from "./kafka-checkpoints.ts";
import { type Joined, joinGroup } from "./kafka-group.ts";
import { type Connection, type Link, openLink } from "./kafka-link.ts";
import { openPositions } from "./kafka-positions.ts";
import { openProducer } from "./kafka-producer.ts";
import { readPartition, readRange } from "./kafka-reader.ts";
import {
  countPartitions,
  createTopics,
  deleteRecordsBefore,
  partitionBounds,
  prefixed,
  type TopicSettings,
} from "./kafka-topics.ts";
import type { AssignmentHandlers, EventLog } from "./port.ts";

export interface KafkaOptions extends Connection {
  /** Put before the names of Metsuke's own topics and before group names; other topics (raw) keep theirs. */
  readonly topicPrefix?: string;
  /** Replicas of topics that are created; default: the brokers' own default. */
  readonly replicationFactor?: number;
  /** Bytes kept at most per partition of the topics `events*`. Default 10 GiB. */
  readonly eventsBytes?: number;
  /** Partitions of `checkpoints` when it is created. Default 32. */
  readonly checkpointPartitions?: number;
  /** Time without a heartbeat after which a member's partitions go to others, in ms. Default 30 000. */
  readonly sessionTimeoutMs?: number;
  /** Time a member may take to drain, in ms. Default 60 000. */
  readonly rebalanceTimeoutMs?: number;
  /** Bytes fetched at most per request, before decompression; at most 8 MiB. Default 4 MiB. */
  readonly maxBytes?: number;
}

const MIB = 1_048_576;
const GIB = 1_073_741_824;

/**
 * The log on Apache Kafka (2.3 or later). Reading goes on by itself when a broker returns;
 * everything else fails with METSUKE_LOG_UNAVAILABLE and may be called again.
 * @throws METSUKE_LOG_UNAVAILABLE (retryable) when no broker answers
 */
export async function openKafkaLog(options: KafkaOptions): Promise<EventLog> {
  const link = openLink(options);
  try {
    await link.with((cluster) => cluster.refreshMetadata());
  } catch (error) {
    link.close();
    throw error;
  }
  return kafkaLog(options, link);
}

function kafkaLog(options: KafkaOptions, link: Link): EventLog {
  const closing = new AbortController();
  const prefix = options.topicPrefix ?? "";
  const named = prefixed(prefix);
  const producer = openProducer(options);
  // Chunks of a checkpoint must not stand before events.
  const bulk = openProducer(options);
  const members = openMembers(options, link, closing.signal);
  const positions = openPositions(link, (group) => members.identity(group));
  const place = (topic: string, partition: number) => ({
    topic: named(topic),
    partition,
    maxBytes: Math.min(options.maxBytes ?? 4 * MIB, 8 * MIB),
  });
  const reader = () => ({ link: openLink(options), logger: options.logger });
  const checkpoints = openKafkaCheckpoints(
    checkpointParts(options, link, {
      producer: bulk,
      range: (partition, from, to) =>
        readRange(
          reader(),
          place(topics.checkpoints.name, partition),
          { from, to },
          closing.signal,
        ),
    }),
  );
  return {
    ensureTopics: (specs) => createTopics(options, settingsOf(options), specs),
    partitions: (topic) => countPartitions(link, named(topic)),
    append: (batches) =>
      producer.append(
        batches.flatMap(({ topic, partition, records }) =>
          records.map((record) => ({ topic: named(topic), partition, record })),
        ),
      ),
    read: (topic, partition, from, signal) => {
      const until = AbortSignal.any([signal, closing.signal]);
      return readPartition(reader(), place(topic, partition), from, until);
    },
    bounds: (topic, partition) => partitionBounds(link, named(topic), partition),
    assign: (names, group, handlers, signal) =>
      members.join(names, `${prefix}${group}`, handlers, signal),
    commit: (group, topic, partition, next) =>
      positions.commit(`${prefix}${group}`, named(topic), partition, next),
    committed: (group, topic, partition) =>
      positions.committed(`${prefix}${group}`, named(topic), partition),
    checkpoint: (task, cut) => checkpoints.checkpoint(task, cut),
    restore: (task) => checkpoints.restore(task),
    async close() {
      closing.abort();
      await members.ended();
      await checkpoints.idle();
      await Promise.all([producer.close(), bulk.close()]);
      link.close();
    },
  };
}

const settingsOf = (options: KafkaOptions): TopicSettings => ({
  named: prefixed(options.topicPrefix ?? ""),
  replicationFactor: options.replicationFactor,
  eventsBytes: options.eventsBytes ?? 10 * GIB,
  checkpointPartitions: options.checkpointPartitions ?? 32,
});

function checkpointParts(
  options: KafkaOptions,
  link: Link,
  parts: Pick<CheckpointParts, "producer" | "range">,
): CheckpointParts {
  const topic = prefixed(options.topicPrefix ?? "")(topics.checkpoints.name);
  return {
    ...parts,
    topic,
    logger: options.logger,
    partitions: () => countPartitions(link, topic),
    bounds: (partition) => partitionBounds(link, topic, partition),
    deleteBefore: (partition, offset) => deleteRecordsBefore(options, topic, { partition, offset }),
  };
}

/** The groups that this process is in. */
function openMembers(options: KafkaOptions, link: Link, closing: AbortSignal) {
  const named = prefixed(options.topicPrefix ?? "");
  const joined = new Map<string, Joined>();
  return {
    identity: (group: string) => joined.get(group)?.identity(),
    async join(
      names: readonly string[],
      group: string,
      handlers: AssignmentHandlers,
      signal: AbortSignal,
    ): Promise<void> {
      const plain = new Map(names.map((name) => [named(name), name]));
      const membership = joinGroup(
        {
          groupId: group,
          topics: [...plain.keys()],
          sessionTimeoutMs: options.sessionTimeoutMs ?? 30_000,
          rebalanceTimeoutMs: options.rebalanceTimeoutMs ?? 60_000,
          count: (topic) => countPartitions(link, topic),
          link: openLink(options),
          logger: options.logger,
        },
        {
          assigned: (topic, partition, until) =>
            handlers.assigned(plain.get(topic) ?? topic, partition, until),
          revoked: (topic, partition) => handlers.revoked(plain.get(topic) ?? topic, partition),
        },
        AbortSignal.any([signal, closing]),
      );
      joined.set(group, membership);
      await membership.first;
    },
    async ended(): Promise<void> {
      await Promise.all(Array.from(joined.values(), (membership) => membership.ended));
    },
  };
}
