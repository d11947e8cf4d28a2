import { type Identity } from "./kafka-group-calls.ts";
import { kafkaErrorType, type Link } from "./kafka-link.ts";

const ATTEMPTS = 5;
const BETWEEN_MS = 300;
/** Errors that pass by themselves: a coordinator that moves or loads, a group that rebalances. */
const PASSING = new Set([
  "NOT_COORDINATOR_FOR_GROUP",
  "GROUP_COORDINATOR_NOT_AVAILABLE",
  "GROUP_LOAD_IN_PROGRESS",
  "REBALANCE_IN_PROGRESS",
]);

/**
 * Offsets of groups, where Kafka's own tools show them. A process that is a member of the group
 * commits as that member, which fences it once the group has gone on without it.
 */
export function openPositions(link: Link, identity: (group: string) => Identity | undefined) {
  return {
    commit: (group: string, topic: string, partition: number, next: number): Promise<void> =>
      persist(() =>
        link.with(async (cluster) => {
          const coordinator = await cluster.findGroupCoordinator({ groupId: group });
          const me = identity(group);
          await coordinator.offsetCommit({
            groupId: group,
            groupGenerationId: me?.generation ?? -1,
            memberId: me?.memberId ?? "",
            retentionTime: -1,
            topics: [{ topic, partitions: [{ partition, offset: String(next) }] }],
          });
        }),
      ),
    committed: (group: string, topic: string, partition: number): Promise<number | undefined> =>
      persist(() =>
        link.with(async (cluster) => {
          const coordinator = await cluster.findGroupCoordinator({ groupId: group });
          const { responses } = await coordinator.offsetFetch({
            groupId: group,
            topics: [{ topic, partitions: [{ partition }] }],
          });
          const offset = Number(responses[0]?.partitions[0]?.offset ?? -1);
          return offset < 0 ? undefined : offset;
        }),
      ),
  };
}

async function persist<Result>(attempt: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries++) {
    try {
      return await attempt();
    } catch (error) {
      if (tries === ATTEMPTS || !PASSING.has(kafkaErrorType(error) ?? "")) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, BETWEEN_MS * tries);
      });
    }
  }
}
