import type { Engine } from "./engine.ts";
import { Refusal } from "./exceptions.ts";
import type { HttpCall } from "./http-call.ts";
import type { ReaderLimits } from "./protocol.ts";

export type Setting = readonly [name: string, value: string];

/** Holds for every statement: no key of our tables is in two partitions. */
export const always: readonly Setting[] = [["do_not_merge_across_partitions_select_final", "1"]];

export const readerCaps = (limits: ReaderLimits): Setting[] => [
  ["max_execution_time", String(limits.seconds)],
  ["timeout_overflow_mode", "throw"],
  ["max_memory_usage", String(limits.memoryBytes)],
  ["max_result_rows", String(limits.resultRows)],
  ["max_result_bytes", String(limits.resultBytes)],
  ["result_overflow_mode", "throw"],
  ["max_threads", String(limits.threads)],
  ["os_thread_priority", "10"],
];

/** The engine ignores a setting it does not know; a server refuses it, and so do we. */
export function known(engine: Engine, settings: readonly Setting[]): readonly Setting[] {
  for (const [name] of settings) {
    if (!engine.settingNames.has(name)) {
      throw new Refusal(115, "UNKNOWN_SETTING", `Unknown setting '${name}'.`);
    }
  }
  return settings;
}

/** FORMAT in the text, else what the client asked for beside it, else TabSeparated. */
export function formatOf(written: string | undefined, call: HttpCall): string {
  const format = written ?? call.format ?? "TabSeparated";
  if (!/^\w{1,64}$/.test(format)) throw new Refusal(73, "UNKNOWN_FORMAT", "Unknown format.");
  return format;
}
