import { userInfo } from "node:os";
import { MetsukeError } from "../../platform/errors.ts";
import type { Action } from "../../schemas/action.ts";
import { type Command, stringOption, type Streams, usageError, type Values } from "../command.ts";
import type { Operations } from "../instance/operations.ts";
import { withOperations } from "../instance/open.ts";

const OPEN = new Set([
  "authorised",
  "attempting",
  "confirmed",
  "acknowledged",
  "awaiting_approval",
]);

export const actions: Command = {
  name: "actions",
  summary: "the action log: list, show, undo; stop and resume everything",
  usage: [
    "actions list [--open] [--json]",
    "actions show ID…",
    "actions undo [ID…] [--incident ID] [--detector NAME] [--since TIME] [--until TIME]",
    "actions stop",
    "actions resume",
  ],
  options: {
    open: { type: "boolean" },
    json: { type: "boolean" },
    incident: { type: "string" },
    detector: { type: "string" },
    since: { type: "string" },
    until: { type: "string" },
    config: { type: "string" },
  },
  help: {
    open: "only those whose effect holds or is on its way",
    json: "one JSON record a line",
    incident: "actions of this incident",
    detector: "actions that this detector decided",
    since: "actions called for at or after this time (RFC 3339)",
    until: "actions called for before this time (RFC 3339)",
    config: "configuration of the installation",
  },
  async run(values, positionals, streams) {
    const [verb, ...ids] = positionals;
    const act = verbs[verb ?? ""];
    if (act === undefined) throw usageError("actions takes list, show, undo, stop or resume");
    return withOperations(stringOption(values, "config"), (operations) =>
      act(operations, { values, ids, streams }),
    );
  },
};

interface Call {
  readonly values: Values;
  readonly ids: readonly string[];
  readonly streams: Streams;
}

const verbs: Readonly<Record<string, (operations: Operations, call: Call) => Promise<number>>> = {
  list: async (operations, { values, streams }) => {
    const all = await operations.actions();
    const shown = all.filter((one) => values["open"] !== true || OPEN.has(one["action.status"]));
    for (const action of shown) {
      streams.out.write(
        values["json"] === true ? `${JSON.stringify(action)}\n` : `${line(action)}\n`,
      );
    }
    if (shown.length === 0 && values["json"] !== true) {
      streams.out.write(all.length === 0 ? "No actions yet.\n" : "No open actions.\n");
    }
    return 0;
  },
  show: async (operations, { ids, streams }) => {
    if (ids.length === 0) throw usageError("actions show takes an action id");
    const all = await operations.actions();
    for (const id of ids) streams.out.write(`${JSON.stringify(byId(all, id), undefined, 2)}\n`);
    return 0;
  },
  undo: async (operations, { ids, values, streams }) => {
    const chosen = choose(await operations.actions(), ids, values);
    const open = chosen.filter((one) => OPEN.has(one["action.status"]));
    if (open.length === 0) {
      streams.out.write("Nothing to undo: none of these actions is open.\n");
      return 0;
    }
    await operations.undo(
      open.map((one) => one["action.id"]),
      operator(),
    );
    for (const action of open) streams.out.write(`undo requested  ${line(action)}\n`);
    streams.out.write("Each is read back; `actions show ID` says when it is reverted.\n");
    return 0;
  },
  stop: async (operations, { streams }) => {
    const { recorded } = await operations.stop(operator());
    streams.out.write("Stopped: no new effect starts. Leases go on ending and undo still works.\n");
    if (!recorded) streams.err.write("The event log does not answer; the stop file alone holds.\n");
    return 0;
  },
  resume: async (operations, { streams }) => {
    const { recorded } = await operations.resume(operator());
    streams.out.write("Resumed: new effects may start.\n");
    if (!recorded)
      streams.err.write("The event log does not answer; triage will hear of it later.\n");
    return recorded ? 0 : 1;
  },
};

const operator = (): string => userInfo().username;

const line = (action: Action): string =>
  [
    action["action.id"],
    action["@timestamp"],
    action["action.type"],
    `${action["target.type"]}:${action["target.id"]}`,
    action["action.status"],
    action["guard.reason"] ?? action["lease.expires"] ?? "",
  ].join("  ");

function byId(all: readonly Action[], id: string): Action {
  const found = all.filter((one) => one["action.id"].startsWith(id));
  const [action, another] = found;
  if (action === undefined)
    throw new MetsukeError("METSUKE_NOT_FOUND", `no action has the id ${id}`);
  if (another !== undefined)
    throw usageError(`${id} fits ${found.length} actions; type more of the id`);
  return action;
}

/** The actions that ids and filters name. @throws METSUKE_USAGE when nothing narrows them. */
function choose(all: readonly Action[], ids: readonly string[], values: Values): readonly Action[] {
  if (ids.length > 0) return ids.map((id) => byId(all, id));
  const incident = stringOption(values, "incident");
  const detector = stringOption(values, "detector");
  const since = timeOption(values, "since");
  const until = timeOption(values, "until");
  if ([incident, detector, since, until].every((one) => one === undefined)) {
    throw usageError(
      "actions undo takes action ids, or --incident, --detector, --since or --until",
    );
  }
  return all.filter(
    (one) =>
      (incident === undefined || one["incident.id"] === incident) &&
      (detector === undefined || one["detector.name"] === detector) &&
      (since === undefined || Date.parse(one["@timestamp"]) >= since) &&
      (until === undefined || Date.parse(one["@timestamp"]) < until),
  );
}

function timeOption(values: Values, name: string): number | undefined {
  const text = stringOption(values, name);
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  if (Number.isNaN(at)) throw usageError(`--${name} takes an RFC 3339 time, not "${text}"`);
  return at;
}
