import type Cluster from "kafkajs/src/cluster/index.js";
import fetchRequest from "kafkajs/src/protocol/requests/fetch/v11/request.js";
import { MetsukeError } from "../errors.ts";
import { type AbortedTransaction, decodeSet } from "./kafka-records.ts";
import type { StoredRecord } from "./port.ts";

/** Longest wait of the broker for a first record, in ms. */
const WAIT_MS = 1_000;
const SLACK_MS = 30_000;
const READ_COMMITTED = 1;

export interface Place {
  readonly topic: string;
  readonly partition: number;
  readonly maxBytes: number;
}

export interface Fetched {
  readonly records: StoredRecord[];
  readonly next: number;
  /** First offset that a reader may not see yet. */
  readonly end: number;
  /** First retained offset. */
  readonly first: number;
  readonly outOfRange: boolean;
}

interface Answer {
  readonly clientSideThrottleTime: number;
  readonly errorCode: number;
  readonly end: number;
  readonly first: number;
  readonly aborted: AbortedTransaction[];
  readonly set: Buffer;
}

const OFFSET_OUT_OF_RANGE = 1;

/** One Fetch request (version 11, Kafka ≥ 2.3), which waits at the broker when there is nothing. */
export async function fetchOnce(cluster: Cluster, place: Place, from: number): Promise<Fetched> {
  const { topic, partition, maxBytes } = place;
  await cluster.addTargetTopic(topic);
  await cluster.refreshMetadataIfNecessary();
  const [nodeId] = Object.keys(cluster.findLeaderForPartitions(topic, [partition]));
  if (nodeId === undefined) throw refused(place, "has no leader");
  const broker = await cluster.findBroker({ nodeId });
  const answer = await broker.connectionPool.send<Answer>({
    request: fetchRequest({
      replicaId: -1,
      maxWaitTime: WAIT_MS,
      minBytes: 1,
      maxBytes,
      isolationLevel: READ_COMMITTED,
      topics: [{ topic, partitions: [{ partition, fetchOffset: String(from), maxBytes }] }],
    }),
    response: { decode: async (bytes) => decodeAnswer(bytes), parse: async (parsed) => parsed },
    requestTimeout: WAIT_MS + SLACK_MS,
    logResponseError: false,
  });
  const { errorCode, end, first } = answer;
  if (errorCode === OFFSET_OUT_OF_RANGE) {
    return { records: [], next: from, end, first, outOfRange: true };
  }
  if (errorCode !== 0) throw refused(place, `answers error ${errorCode}`);
  const decoded = await decodeSet(answer.set, from, answer.aborted);
  return { ...decoded, end, first, outOfRange: false };
}

const refused = ({ topic, partition }: Place, what: string) =>
  new MetsukeError("METSUKE_LOG_UNAVAILABLE", `Kafka: ${topic}/${partition} ${what}`, {
    retryable: true,
  });

/** Fetch response version 11 with one topic and one partition. */
function decodeAnswer(bytes: Buffer): Answer {
  const clientSideThrottleTime = bytes.readInt32BE(0);
  const sessionError = bytes.readInt16BE(4);
  const none = { end: 0, first: 0, aborted: [], set: Buffer.alloc(0) };
  if (sessionError !== 0 || bytes.readInt32BE(10) < 1) {
    return { clientSideThrottleTime, errorCode: sessionError === 0 ? -1 : sessionError, ...none };
  }
  let at = 16 + bytes.readInt16BE(14) + 4 + 4;
  const errorCode = bytes.readInt16BE(at);
  const stable = Number(bytes.readBigInt64BE(at + 10));
  const first = Number(bytes.readBigInt64BE(at + 18));
  const abortedCount = bytes.readInt32BE(at + 26);
  at += 30;
  const aborted: AbortedTransaction[] = [];
  for (let index = 0; index < abortedCount; index++) {
    aborted.push({
      producerId: bytes.readBigInt64BE(at),
      firstOffset: Number(bytes.readBigInt64BE(at + 8)),
    });
    at += 16;
  }
  const size = Math.max(0, bytes.readInt32BE(at + 4));
  const set = bytes.subarray(at + 8, at + 8 + size);
  return { clientSideThrottleTime, errorCode, end: stable, first, aborted, set };
}
