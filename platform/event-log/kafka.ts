import type { Logger } from "../logger.ts";
import type { EventLog } from "./port.ts";
import type { KafkaConfig, SASLOptions } from "kafkajs";

export interface KafkaOptions {
  /** `host:port` each; at least one. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: Exclude<KafkaConfig["ssl"], undefined>;
  readonly sasl?: SASLOptions;
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
  readonly logger: Logger;
}

/** @throws METSUKE_LOG_UNAVAILABLE (retryable) when no broker answers. */
export function openKafkaLog(_options: KafkaOptions): Promise<EventLog> {
  throw new Error("being written");
}
