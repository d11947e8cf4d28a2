import {
  type Command,
  integerOption,
  stringOption,
  timezoneOption,
  usageError,
} from "../command.ts";
import { loadConfig } from "../config.ts";
import { readHistory } from "../history.ts";
import { checkReadable } from "../input.ts";
import { loadPolicy } from "../policy-file.ts";
import { openReplayFiles } from "../replay-files.ts";
import { createReplayRun, takeOutputs } from "../replay-run.ts";

export const replay: Command = {
  name: "replay",
  summary:
    "events of files through the live detection and triage, on event time; nothing is executed",
  usage: ["replay FILE… --out DIR [--budget N] [--timezone ZONE] [--policy FILE] [--config FILE]"],
  options: {
    out: { type: "string" },
    budget: { type: "string" },
    timezone: { type: "string" },
    policy: { type: "string" },
    config: { type: "string" },
  },
  help: {
    out: "folder for anomalies, scores, incidents, actions (NDJSON) and summary.json; made when missing",
    budget: "false alerts a day that you are ready to see (default 10)",
    timezone: "the organisation's IANA zone (default UTC)",
    policy: "policy, YAML (default: the configuration's, else the built-in one)",
    config: "configuration: detectors, guards, networks",
  },
  async run(values, positionals, streams) {
    const out = stringOption(values, "out");
    if (positionals.length === 0) throw usageError("replay takes one or several files of events");
    if (out === undefined) throw usageError("replay takes --out DIR for what it finds");
    const { config } = loadConfig(stringOption(values, "config"));
    const timezone = timezoneOption(values);
    const run = createReplayRun({
      config,
      budget:
        integerOption(values, "budget", { min: 0, max: 1_000_000 }) ??
        config.respond.budget_per_day,
      timezone: timezone ?? config.timezone,
      policy: loadPolicy(stringOption(values, "policy") ?? config.respond.policy_file),
      readAt: Date.now(),
    });
    const { engine } = run;
    for (const path of positionals) if (path !== "-") checkReadable(path);
    const files = openReplayFiles(out);
    const started = process.hrtime.bigint();
    for await (const history of readHistory(positionals, config, {
      streams,
      title: "replay",
      ...(timezone === undefined ? {} : { timezone }),
    })) {
      files.count(history.events.length, history.rejects);
      for (const event of history.events) takeOutputs(run, engine.push(event), files);
    }
    for (const outputs of engine.end()) takeOutputs(run, outputs, files);
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    const summary = files.close({
      users: engine.users(),
      bytes_per_user: engine.bytesPerUser(),
      seconds,
    });
    streams.err.write(
      `${summary.events} events, ${summary.rejected} rejected, ${summary.anomalies} anomalies, ` +
        `${summary.alerts} alerts, ${summary.actions} actions, ${summary.events_per_second} events/s\n`,
    );
    return 0;
  },
};
