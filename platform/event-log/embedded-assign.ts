import type { AssignmentHandlers } from "./port.ts";

export interface TopicPartition {
  readonly topic: string;
  readonly partition: number;
}

/** The one process has every partition until `signal` aborts. Resolves when all have drained. */
export async function holdAll(
  owned: readonly TopicPartition[],
  handlers: AssignmentHandlers,
  signal: AbortSignal,
): Promise<void> {
  const end = new AbortController();
  for (const { topic, partition } of owned) handlers.assigned(topic, partition, end.signal);
  if (!signal.aborted) {
    await new Promise((resolve) => {
      signal.addEventListener("abort", resolve, { once: true });
    });
  }
  end.abort();
  await Promise.all(owned.map(({ topic, partition }) => handlers.revoked(topic, partition)));
}
