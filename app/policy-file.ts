import { MetsukeError } from "../platform/errors.ts";
import { defaultPolicy, parsePolicy, type Policy } from "../responders/policy.ts";
import { readText } from "./config.ts";

/** The policy of a file, or the built-in one. @throws METSUKE_POLICY_INVALID, METSUKE_FILE_UNREADABLE */
export function loadPolicy(file: string | undefined): Policy {
  if (file === undefined) return defaultPolicy();
  const read = parsePolicy(readText(file), file);
  if (!read.ok) throw new MetsukeError("METSUKE_POLICY_INVALID", read.errors.join("\n"));
  return read.policy;
}
