import { MetsukeError } from "../../platform/errors.ts";
import { defaultPolicyText, parsePolicy } from "../../responders/policy.ts";
import { stringify } from "yaml";
import type { Command } from "../command.ts";
import { loadConfig, parseConfig, readText, shownConfig } from "../config.ts";

export const check: Command = {
  name: "check",
  summary: "validates a configuration or policy and prints what is in force",
  usage: ["check [FILE]"],
  options: {},
  help: {},
  async run(_values, positionals, streams) {
    const [file] = positionals;
    const text = file === undefined ? undefined : readText(file);
    if (file !== undefined && text !== undefined && /^policy\s*:/m.test(text)) {
      const read = parsePolicy(text, file);
      if (!read.ok) throw new MetsukeError("METSUKE_POLICY_INVALID", read.errors.join("\n"));
      streams.out.write(stringify(read.policy));
      return Promise.resolve(0);
    }
    const config =
      text === undefined ? loadConfig(undefined).config : parseConfig(text, String(file));
    const policyFile = config.respond.policy_file;
    const policyText = policyFile === undefined ? defaultPolicyText : readText(policyFile);
    const policy = parsePolicy(policyText, policyFile ?? "built-in policy");
    if (!policy.ok) throw new MetsukeError("METSUKE_POLICY_INVALID", policy.errors.join("\n"));
    streams.out.write(stringify(shownConfig(config)));
    streams.out.write(`---\n${policyText}`);
    return Promise.resolve(0);
  },
};
