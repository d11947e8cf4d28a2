import type { ITopicConfig } from "kafkajs";
import { topics } from "../../schemas/topics.ts";
import {
  type Connection,
  kafkaClient,
  kafkaErrorType,
  type Link,
  unavailable,
} from "./kafka-link.ts";
import type { EventLog } from "./port.ts";

type Spec = Parameters<EventLog["ensureTopics"]>[0][number];

const RETRIES = 5;
const MIB = 1_048_576;
/** For a single line that no batch limit fits; batches are kept under the brokers' default. */
const MAX_MESSAGE = 8 * MIB;

export interface TopicSettings {
  readonly replicationFactor: number | undefined;
  readonly eventsBytes: number;
  readonly checkpointPartitions: number;
  /** Name on the broker. */
  readonly named: (topic: string) => string;
}

const own: ReadonlySet<string> = new Set(Object.values(topics).map(({ name }) => name));

/** Metsuke's own topics carry the prefix; a raw topic is its shipper's. */
export const prefixed =
  (prefix: string) =>
  (topic: string): string =>
    own.has(topic) ? `${prefix}${topic}` : topic;

/** Creates what is missing; a topic that exists keeps its partitions and settings. */
export async function createTopics(
  connection: Connection,
  settings: TopicSettings,
  specs: readonly Spec[],
): Promise<void> {
  const admin = kafkaClient(connection, RETRIES).admin();
  try {
    await admin.connect();
    const there = new Set(await admin.listTopics());
    const missing = specs.filter(({ name }) => !there.has(settings.named(name)));
    if (missing.length === 0) return;
    await admin.createTopics({
      waitForLeaders: true,
      topics: missing.map((spec) => topicConfig(spec, settings)),
    });
  } catch (error) {
    // Another process was first.
    if (kafkaErrorType(error) !== "TOPIC_ALREADY_EXISTS") throw unavailable(error);
  } finally {
    await admin.disconnect();
  }
}

function topicConfig(spec: Spec, settings: TopicSettings): ITopicConfig {
  const { name, partitions, retentionMs, compacted } = spec;
  const isEvents = name === topics.events.name || name.startsWith(`${topics.events.name}.`);
  const isCheckpoints = name === topics.checkpoints.name;
  const entries: Record<string, string | number> = {
    "cleanup.policy": compacted ? "compact,delete" : "delete",
    // 0: until they are deleted one by one.
    "retention.ms": retentionMs === 0 ? -1 : retentionMs,
    "message.timestamp.type": "LogAppendTime",
    "max.message.bytes": MAX_MESSAGE,
    ...(isEvents ? { "retention.bytes": settings.eventsBytes } : {}),
    ...(isCheckpoints ? { "segment.bytes": 64 * MIB } : {}),
  };
  return {
    topic: settings.named(name),
    numPartitions: isCheckpoints ? Math.max(partitions, settings.checkpointPartitions) : partitions,
    replicationFactor: settings.replicationFactor ?? -1,
    configEntries: Object.entries(entries).map(([key, value]) => ({
      name: key,
      value: String(value),
    })),
  };
}

/** Number of partitions; 0 when there is no such topic. */
export function countPartitions(link: Link, topic: string): Promise<number> {
  return link.with(async (cluster) => {
    try {
      const { topicMetadata } = await cluster.metadata({ topics: [topic] });
      return topicMetadata.find((entry) => entry.topic === topic)?.partitionMetadata.length ?? 0;
    } catch (error) {
      if (kafkaErrorType(error) === "UNKNOWN_TOPIC_OR_PARTITION") return 0;
      throw error;
    }
  });
}

export function partitionBounds(
  link: Link,
  topic: string,
  partition: number,
): Promise<{ readonly first: number; readonly next: number }> {
  return link.with(async (cluster) => {
    await cluster.addTargetTopic(topic);
    await cluster.refreshMetadataIfNecessary();
    const end = async (fromBeginning: boolean) => {
      const answer = await cluster.fetchTopicsOffset([
        { topic, fromBeginning, partitions: [{ partition }] },
      ]);
      const offset = answer[0]?.partitions[0]?.offset;
      if (offset === undefined) throw unknownLeader(`${topic}/${partition}`);
      return Number(offset);
    };
    return { first: await end(true), next: await end(false) };
  });
}

/** Metadata that is being loaded may lack a topic: loading it again helps, reading on from NaN would not. */
const unknownLeader = (place: string): Error =>
  Object.assign(new Error(`no leader of ${place} is known`), { type: "LEADER_NOT_AVAILABLE" });

export async function deleteRecordsBefore(
  connection: Connection,
  topic: string,
  at: { readonly partition: number; readonly offset: number },
): Promise<void> {
  const admin = kafkaClient(connection, RETRIES).admin();
  try {
    await admin.connect();
    // kafkajs looks for the leader in metadata that only this call loads.
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({
      topic,
      partitions: [{ partition: at.partition, offset: String(at.offset) }],
    });
  } catch (error) {
    throw unavailable(error);
  } finally {
    await admin.disconnect();
  }
}
