import type { Logger } from "pino";
import { errorText } from "./errors.ts";

const DRAIN_MS = 25_000;

/**
 * Ends the process in order: the first SIGTERM or SIGINT drains (`stop`, at most 25 s), a second
 * one leaves at once with code 1. A crash is safe at any moment: everything resumes from the log.
 */
export function onTermination(log: Logger, stop: () => Promise<void>): Promise<number> {
  return new Promise((resolve) => {
    let stopping = false;
    const leave = (signal: NodeJS.Signals) => {
      if (stopping) process.exit(1);
      stopping = true;
      log.info({ signal }, "draining");
      const timer = setTimeout(() => {
        log.error({ drain_ms: DRAIN_MS }, "drain took too long");
        resolve(1);
      }, DRAIN_MS);
      stop().then(
        () => {
          clearTimeout(timer);
          log.info("stopped");
          resolve(0);
        },
        (error: unknown) => {
          clearTimeout(timer);
          log.error({ err: errorText(error) }, "stop failed");
          resolve(1);
        },
      );
    };
    process.on("SIGTERM", leave);
    process.on("SIGINT", leave);
  });
}
