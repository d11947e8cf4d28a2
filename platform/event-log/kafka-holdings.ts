import { errorText } from "../errors.ts";
import type { Logger } from "../logger.ts";
import { type PartitionName, splitName } from "./kafka-assign.ts";
import type { AssignmentHandlers } from "./port.ts";

interface Holding {
  readonly stop: AbortController;
  draining: Promise<void> | undefined;
}

/** The partitions that this process has, until each has drained. */
export function openHoldings(handlers: AssignmentHandlers, logger: Logger) {
  const held = new Map<PartitionName, Holding>();
  let closed = false;

  const drain = async (name: PartitionName, holding: Holding): Promise<void> => {
    const { topic, partition } = splitName(name);
    holding.stop.abort();
    try {
      await handlers.revoked(topic, partition);
    } catch (error) {
      // The task is gone either way; what it had not finished is read again by the next owner.
      logger.error({ topic, partition, err: errorText(error) }, "draining failed");
    }
    held.delete(name);
  };

  const give = async (names: readonly PartitionName[]): Promise<void> => {
    const draining: Promise<void>[] = [];
    for (const name of names) {
      const holding = held.get(name);
      if (holding === undefined) continue;
      holding.draining ??= drain(name, holding);
      draining.push(holding.draining);
    }
    await Promise.all(draining);
  };

  return {
    names: (): PartitionName[] => [...held.keys()].toSorted(),
    take(names: readonly PartitionName[]): void {
      for (const name of names) {
        if (closed || held.has(name)) continue;
        const { topic, partition } = splitName(name);
        const stop = new AbortController();
        held.set(name, { stop, draining: undefined });
        handlers.assigned(topic, partition, stop.signal);
      }
    },
    /** Resolves when all of `names` have drained. */
    give,
    /** Gives everything and takes no more. */
    close(): Promise<void> {
      closed = true;
      return give([...held.keys()]);
    },
  };
}

export type Holdings = ReturnType<typeof openHoldings>;
