import kafkajs from "kafkajs";
import type { Broker, GroupMember } from "kafkajs/src/cluster/index.js";
import { errorText, MetsukeError } from "../errors.ts";
import {
  type Member,
  type PartitionName,
  partitionName,
  sharePartitions,
  splitName,
} from "./kafka-assign.ts";
import type { Membership } from "./kafka-group.ts";

const { MemberAssignment, MemberMetadata } = kafkajs.AssignerProtocol;
const PROTOCOL = "metsuke-sticky";
const NONE = Buffer.alloc(0);
const LEAVE_MS = 3_000;

export interface Identity {
  readonly memberId: string;
  readonly generation: number;
}

/** Joins, saying what this member holds. `members` is empty for all but the leader. */
export async function join(
  of: Membership,
  coordinator: Broker,
  me: Identity | undefined,
  owned: readonly PartitionName[],
): Promise<{ readonly identity: Identity; readonly members: readonly GroupMember[] }> {
  const userData = Buffer.from(JSON.stringify({ owned, generation: me?.generation ?? -1 }));
  const joined = await coordinator.joinGroup({
    groupId: of.groupId,
    sessionTimeout: of.sessionTimeoutMs,
    rebalanceTimeout: of.rebalanceTimeoutMs,
    memberId: me?.memberId ?? "",
    groupProtocols: [
      {
        name: PROTOCOL,
        metadata: MemberMetadata.encode({ version: 1, topics: [...of.topics], userData }),
      },
    ],
  });
  return {
    identity: { memberId: joined.memberId, generation: joined.generationId },
    members: joined.leaderId === joined.memberId ? joined.members : [],
  };
}

export type Counts = ReadonlyMap<string, number>;

/** Number of partitions of every topic that a member asks for. */
export async function countAll(of: Membership, members: readonly GroupMember[]): Promise<Counts> {
  const counts = new Map<string, number>();
  for (const topic of new Set(members.flatMap((member) => memberOf(member).topics))) {
    counts.set(topic, await of.count(topic));
  }
  return counts;
}

/** Gets this member's share; the leader brings everybody's. */
export async function sync(
  of: Membership,
  coordinator: Broker,
  me: Identity,
  groupAssignment: ReturnType<typeof sharesOf>,
): Promise<PartitionName[]> {
  const { memberAssignment } = await coordinator.syncGroup({
    groupId: of.groupId,
    generationId: me.generation,
    memberId: me.memberId,
    groupAssignment,
  });
  const assignment = MemberAssignment.decode(memberAssignment)?.assignment ?? {};
  return Object.entries(assignment).flatMap(([topic, partitions]) =>
    partitions.map((partition) => partitionName(topic, partition)),
  );
}

export function sharesOf(members: readonly GroupMember[], counts: Counts) {
  return [...sharePartitions(members.map(memberOf), counts)].map(([memberId, names]) => {
    const assignment: Record<string, number[]> = {};
    for (const { topic, partition } of names.map(splitName)) {
      assignment[topic] = [...(assignment[topic] ?? []), partition];
    }
    return {
      memberId,
      memberAssignment: MemberAssignment.encode({ version: 1, assignment, userData: NONE }),
    };
  });
}

function memberOf({ memberId, memberMetadata }: GroupMember): Member {
  const decoded = MemberMetadata.decode(memberMetadata);
  if (decoded === null)
    throw new MetsukeError("METSUKE_LOG_CORRUPT", "a group member says nothing");
  const held = JSON.parse(decoded.userData.toString("utf8")) as {
    owned: string[];
    generation: number;
  };
  return { id: memberId, topics: decoded.topics, ...held };
}

/** Leaves at once, so that nobody waits for the session to end; on fresh connections. */
export async function leave(of: Membership, me: Identity | undefined): Promise<void> {
  if (me === undefined) return;
  of.link.close();
  const left = of.link.with(async (cluster) => {
    const coordinator = await cluster.findGroupCoordinator({ groupId: of.groupId });
    await coordinator.leaveGroup({ groupId: of.groupId, memberId: me.memberId });
  });
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LEAVE_MS);
  });
  try {
    await Promise.race([left, late]);
  } catch (error) {
    // The session runs out instead.
    of.logger.debug({ group: of.groupId, err: errorText(error) }, "leaving failed");
  } finally {
    clearTimeout(timer);
  }
}
