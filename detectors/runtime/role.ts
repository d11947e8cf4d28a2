import { createExchangeRole } from "../exchange/role.ts";
import type { DetectHealth, Driver, DriverOptions } from "./driver.ts";
import { createLogDriver } from "./log-driver.ts";
import { createMergedDriver } from "./merged-driver.ts";
import { planTables, planTopics } from "./plan.ts";

export interface DetectRoleOptions extends DriverOptions {
  /** `merged`: one process, one partition a topic. `log`: any number of either. */
  readonly mode: "merged" | "log";
  /** Partitions of each `events*` topic. */
  readonly partitions: number;
  /** How long the exchange waits for a silent partition, in ms; default 60 000. */
  readonly patience?: number;
}

/** Topics that detection reads; ingest writes a projection for each beyond `events`. */
export const topicsRead = (detectors: DriverOptions["detectors"]): readonly string[] =>
  planTopics(detectors).map((plan) => plan.topic);

/**
 * The detect role: tasks and, in `log` mode, the exchange.
 * @throws METSUKE_DETECTOR_UNSERVED; RangeError for `merged` with several partitions or an unknown zone.
 */
export function createDetectRole(options: DetectRoleOptions): Driver {
  if (options.mode === "merged") {
    if (options.partitions !== 1) throw new RangeError("merged detection reads one partition");
    return createMergedDriver(options);
  }
  const driver = createLogDriver(options);
  const exchange = createExchangeRole({
    ...options,
    specs: planTables(options.detectors),
    expected: topicsRead(options.detectors).flatMap((topic) =>
      Array.from({ length: options.partitions }, (_, partition) => `${topic}/${partition}`),
    ),
  });
  return {
    async start() {
      await Promise.all([exchange.start(), driver.start()]);
    },
    async stop() {
      await driver.stop();
      await exchange.stop();
    },
    health(): DetectHealth {
      const health = driver.health();
      const { lastError } = exchange.health();
      return { ...health, lastError: health.lastError ?? lastError };
    },
  };
}
