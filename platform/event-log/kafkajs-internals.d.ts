/** The parts of kafkajs 2.2.4 below its public face that the adapter uses; that release is the last. */
declare module "kafkajs/src/cluster/index.js" {
  import type { Socket } from "node:net";
  import type { Logger, RetryOptions } from "kafkajs";
  import type { ProtocolRequest } from "kafkajs/src/protocol/requests/fetch/v11/request.js";

  export interface GroupMember {
    readonly memberId: string;
    readonly memberMetadata: Buffer;
  }

  export interface Broker {
    readonly connectionPool: {
      send<Answer>(call: {
        readonly request: ProtocolRequest;
        readonly response: {
          decode(bytes: Buffer): Promise<Answer>;
          parse(answer: Answer): Promise<Answer>;
        };
        readonly requestTimeout: number;
        readonly logResponseError: boolean;
      }): Promise<Answer>;
    };
    joinGroup(of: {
      groupId: string;
      sessionTimeout: number;
      rebalanceTimeout: number;
      memberId: string;
      groupProtocols: { name: string; metadata: Buffer }[];
    }): Promise<{
      generationId: number;
      leaderId: string;
      memberId: string;
      members: GroupMember[];
    }>;
    syncGroup(of: {
      groupId: string;
      generationId: number;
      memberId: string;
      groupAssignment: { memberId: string; memberAssignment: Buffer }[];
    }): Promise<{ memberAssignment: Buffer }>;
    heartbeat(of: {
      groupId: string;
      groupGenerationId: number;
      memberId: string;
    }): Promise<unknown>;
    leaveGroup(of: { groupId: string; memberId: string }): Promise<unknown>;
    offsetCommit(of: {
      groupId: string;
      groupGenerationId: number;
      memberId: string;
      retentionTime: number;
      topics: { topic: string; partitions: { partition: number; offset: string }[] }[];
    }): Promise<unknown>;
    offsetFetch(of: {
      groupId: string;
      topics: { topic: string; partitions: { partition: number }[] }[];
    }): Promise<{
      responses: { topic: string; partitions: { partition: number; offset: string }[] }[];
    }>;
  }

  export default class Cluster {
    constructor(of: {
      readonly logger: Logger;
      readonly socketFactory: (to: object) => Socket;
      readonly brokers: readonly string[];
      readonly ssl: unknown;
      readonly sasl: unknown;
      readonly clientId: string;
      readonly connectionTimeout: number;
      readonly authenticationTimeout: number;
      readonly reauthenticationThreshold: number;
      readonly requestTimeout: number;
      readonly enforceRequestTimeout: boolean;
      readonly metadataMaxAge: number;
      readonly retry: RetryOptions;
      readonly allowAutoTopicCreation: boolean;
      readonly maxInFlightRequests: number | null;
    });
    connect(): Promise<void>;
    disconnect(): Promise<void>;
    addTargetTopic(topic: string): Promise<void>;
    refreshMetadata(): Promise<void>;
    refreshMetadataIfNecessary(): Promise<void>;
    metadata(of: {
      topics: string[];
    }): Promise<{ topicMetadata: { topic: string; partitionMetadata: unknown[] }[] }>;
    findLeaderForPartitions(topic: string, partitions: number[]): Record<string, number[]>;
    findBroker(of: { nodeId: string }): Promise<Broker>;
    findGroupCoordinator(of: { groupId: string }): Promise<Broker>;
    fetchTopicsOffset(
      of: { topic: string; fromBeginning: boolean; partitions: { partition: number }[] }[],
    ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
  }
}

declare module "kafkajs/src/network/socketFactory.js" {
  import type { Socket } from "node:net";
  export default function socketFactory(): (to: object) => Socket;
}

declare module "kafkajs/src/protocol/requests/fetch/v11/request.js" {
  export interface ProtocolRequest {
    readonly apiKey: number;
    readonly apiVersion: number;
    readonly apiName: string;
    encode(): Promise<unknown>;
  }
  export default function fetchRequest(of: {
    replicaId: number;
    maxWaitTime: number;
    minBytes: number;
    maxBytes: number;
    isolationLevel: number;
    topics: {
      topic: string;
      partitions: { partition: number; fetchOffset: string; maxBytes: number }[];
    }[];
  }): ProtocolRequest;
}
