import { createReplay, type Replay } from "../../detectors/runtime/replay.ts";
import type { Outputs } from "../../detectors/runtime/outputs.ts";
import { triageConfig } from "../../responders/runtime/config.ts";
import { createTriage, type Triage } from "../../responders/runtime/triage.ts";
import {
  type Command,
  integerOption,
  stringOption,
  timezoneOption,
  usageError,
  type Values,
} from "../command.ts";
import { type Config, loadConfig } from "../config.ts";
import { detectionChoice } from "../engine-options.ts";
import { readHistory } from "../history.ts";
import { checkReadable } from "../input.ts";
import { loadPolicy } from "../policy-file.ts";
import { openReplayFiles, type ReplayFiles } from "../replay-files.ts";

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
    const { engine, triage } = parts(config, values);
    for (const path of positionals) if (path !== "-") checkReadable(path);
    const files = openReplayFiles(out);
    const started = process.hrtime.bigint();
    const timezone = timezoneOption(values);
    for await (const history of readHistory(positionals, config, {
      streams,
      title: "replay",
      ...(timezone === undefined ? {} : { timezone }),
    })) {
      files.count(history.events.length, history.rejects);
      for (const event of history.events) take(engine.push(event), triage, files);
    }
    for (const outputs of engine.end()) take(outputs, triage, files);
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

function parts(
  config: Config,
  values: Values,
): { readonly engine: Replay; readonly triage: Triage } {
  const budget =
    integerOption(values, "budget", { min: 0, max: 1_000_000 }) ?? config.respond.budget_per_day;
  const timezone = timezoneOption(values) ?? config.timezone;
  const policy = loadPolicy(stringOption(values, "policy") ?? config.respond.policy_file);
  const { responders: _responders, policy_file: _policyFile, ...respond } = config.respond;
  return {
    engine: createReplay({ ...detectionChoice(config, budget), timezone, readAt: Date.now() }),
    // Nothing is live: whatever no guard holds back ends as planned.
    triage: createTriage(
      triageConfig({ ...respond, live: [], budget_per_day: budget }, { policy }),
    ),
  };
}

function take(outputs: Outputs, triage: Triage, files: ReplayFiles): void {
  for (const score of outputs.scores) files.score(score);
  for (const anomaly of outputs.anomalies) {
    const decided = triage.apply({
      kind: "anomaly",
      at: Date.parse(anomaly["@timestamp"]),
      anomaly,
    });
    const alert = decided.incidents.some((incident) =>
      incident["paged.anomaly.ids"].includes(anomaly["anomaly.id"]),
    );
    files.anomaly(anomaly, alert);
    for (const incident of decided.incidents) files.incident(incident);
    for (const action of decided.actions) files.action(action);
  }
}
