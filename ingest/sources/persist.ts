import { setTimeout as delay } from "node:timers/promises";
import { errorText } from "../../platform/errors.ts";
import type { RawBatch, SourceContext } from "../source.ts";

const RETRY_MS = 1_000;

/**
 * Hands a batch over for a sender that cannot be told to send again: whatever goes wrong, it is
 * tried again until it is durable (true) or, after a failure, `stop` says so (false). Order among
 * the batches of one caller is kept by waiting for each.
 */
export async function persist(
  context: Pick<SourceContext<unknown>, "accept" | "log" | "metrics">,
  batch: RawBatch,
  stop: AbortSignal,
): Promise<boolean> {
  for (;;) {
    try {
      await context.accept(batch);
      return true;
    } catch (error) {
      const component = `ingest.${batch.provenance.transport}`;
      context.metrics.errors.inc({ component, reason: "accept" });
      if (stop.aborted) {
        context.log.error({ err: errorText(error) }, "batch given up at the end");
        return false;
      }
      context.log.warn({ err: errorText(error), retry_ms: RETRY_MS }, "batch not accepted; again");
      await delay(RETRY_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  }
}
