import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { errorText } from "../../errors.ts";
import type { Logger } from "../../logger.ts";

export interface Supervisor {
  pid(): number | undefined;
  /** Ends the child: SIGTERM, after 8 s SIGKILL. */
  close(): Promise<void>;
}

const FIRST_BACKOFF_MS = 100;
const LONGEST_BACKOFF_MS = 10_000;
/** A child that lived this long starts the back-off anew. */
const STABLE_MS = 60_000;
const TERM_MS = 8_000;

/** Restarts a child that ends by itself, after 0.1 s, then ever later up to 10 s. */
export function supervise(
  first: ChildProcess,
  restart: () => Promise<ChildProcess>,
  logger: Logger,
): Supervisor {
  const stopping = new AbortController();
  let child: ChildProcess | undefined = first;
  const running = (async () => {
    let backoffMs = FIRST_BACKOFF_MS;
    while (child !== undefined) {
      const startedAt = Date.now();
      await ended(child);
      child = undefined;
      if (stopping.signal.aborted) return;
      if (Date.now() - startedAt > STABLE_MS) backoffMs = FIRST_BACKOFF_MS;
      logger.warn({ backoff_ms: backoffMs }, "engine host ended, restarting");
      while (child === undefined && !stopping.signal.aborted) {
        await delay(backoffMs, undefined, { signal: stopping.signal }).catch(() => undefined);
        if (stopping.signal.aborted) return;
        backoffMs = Math.min(backoffMs * 2, LONGEST_BACKOFF_MS);
        child = await restart().catch((error: unknown) => {
          logger.error({ err: errorText(error) }, "engine host does not start");
          return undefined;
        });
      }
    }
  })();
  return {
    pid: () => child?.pid,
    async close() {
      stopping.abort();
      end(child);
      await running;
      // A restart that was under way when we stopped.
      const late = child;
      if (late !== undefined && late.exitCode === null && late.signalCode === null) {
        const over = ended(late);
        end(late);
        await over;
      }
    },
  };
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) await once(child, "exit");
}

function end(child: ChildProcess | undefined): void {
  if (child === undefined) return;
  child.kill("SIGTERM");
  const hard = setTimeout(() => child.kill("SIGKILL"), TERM_MS);
  child.once("exit", () => clearTimeout(hard));
}
