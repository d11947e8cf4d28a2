import { stringify } from "yaml";
import { detectors } from "../../detectors/index.ts";
import { formats } from "../../ingest/index.ts";
import { sources } from "../../ingest/sources/index.ts";
import { errorCodes } from "../../platform/errors.ts";
import { createMetrics } from "../../platform/metrics.ts";
import { createResponders } from "../../responders/index.ts";
import { defaultPolicyText, Policy } from "../../responders/policy.ts";
import { type Command, helpText } from "../command.ts";
import { ConfigSchema, parseConfig, shownConfig } from "../config.ts";
import { code, page, schemaRows, table } from "./markdown.ts";
import { fieldsPage, topicsPage } from "./records.ts";

const parameters = (schema: unknown): string => {
  const rows = schemaRows(schema);
  return rows.length === 0
    ? "No parameters."
    : table(["parameter", "type", "default", "meaning"], rows);
};

function detectorsPage(): string {
  const sections = detectors.map((detector) =>
    [
      `## ${detector.name}`,
      `${detector.title}. Version ${code(detector.version)}; evidence family: ${detector.family}; ` +
        `keeps state per ${detector.entities.join(", ")}.` +
        (detector.optIn === true ? " Off unless `enabled: true`." : ""),
      `ATT&CK: ${detector.attack.map((id) => `[${id}](https://attack.mitre.org/techniques/${id.replace(".", "/")}/)`).join(", ")}.`,
      `Blind spots: ${detector.blindSpots}`,
      parameters(detector.params),
    ].join("\n\n"),
  );
  return page(
    "Detectors",
    "Each is switched off with `enabled: false` under `detect.detectors.NAME`; its parameters stand in the same place.",
    ...sections,
  );
}

function formatsPage(): string {
  const rows = [...formats].map((format) => [code(format.name), format.title]);
  const sections = [...sources].map(
    (source) =>
      `## Source ${code(source.name)}\n\n${source.title}.\n\n${parameters(source.params)}`,
  );
  return page(
    "Formats and sources",
    "A record is read by the format its source is configured with, else by the one that recognises it.",
    table(["dataset", "what"], rows),
    ...sections,
  );
}

function respondersPage(): string {
  const sections = [...createResponders().values()].map((responder) =>
    [
      `## ${responder.name}`,
      `${responder.title}. Does: ${responder.actions.map(code).join(", ")}. Verification: ${responder.verification}.`,
      `Needs: ${responder.needs}`,
      parameters(responder.params),
    ].join("\n\n"),
  );
  return page(
    "Responders",
    "Configured under `respond.responders.NAME`; what contains is executed only where `respond.live` lists the action.",
    ...sections,
    `## Policy\n\nThe built-in policy:\n\n\`\`\`yaml\n${defaultPolicyText}\`\`\`\n\n${parameters(Policy)}`,
  );
}

function configurationPage(): string {
  const effective = {
    ...(shownConfig(parseConfig("", "built-in default")) as object),
    data_dir: "./data",
  };
  return page(
    "Configuration",
    "One YAML file: `--config FILE`, else the variable `METSUKE_CONFIG`, else `metsuke.yaml` in the current folder, " +
      "else everything embedded. Every key is optional; unknown keys are errors. `${VAR}` and `${VAR:-default}` are filled " +
      "from the environment. `metsuke check FILE` prints what is in force.",
    table(["key", "type", "default", "meaning"], schemaRows(ConfigSchema)),
    `## In force without a file\n\n\`\`\`yaml\n${stringify(effective)}\`\`\``,
  );
}

const errorsPage = (): string =>
  page(
    "Errors",
    "Every error that a user can meet carries one of these codes. Exit code 2 goes with `METSUKE_USAGE`, 1 with all others.",
    table(
      ["code", "what it means and what to do"],
      Object.entries(errorCodes).map(([name, text]) => [code(name), text]),
    ),
  );

async function metricsPage(): Promise<string> {
  const metrics = await createMetrics().registry.getMetricsAsJSON();
  return page(
    "Metrics",
    "Prometheus text at `/metrics` on `metrics_port`.",
    table(
      ["metric", "type", "meaning"],
      metrics.map((metric) => [code(metric.name), String(metric.type), metric.help]),
    ),
  );
}

const commandsPage = (commands: readonly Command[]): string =>
  page(
    "Commands",
    "`metsuke` is `node dist/app/main.js` after a build; in a clone, `npm run -s metsuke -- COMMAND`. Exit code 0 is success, " +
      "1 failure, 2 wrong usage.",
    ...commands.map((command) => `## ${command.name}\n\n\`\`\`\n${helpText(command)}\`\`\``),
  );

/** Path below `docs/reference/` → text of every generated page. */
export async function referencePages(
  commands: readonly Command[],
): Promise<ReadonlyMap<string, string>> {
  return new Map([
    ["fields.md", fieldsPage()],
    ["topics.md", topicsPage()],
    ["detectors.md", detectorsPage()],
    ["formats.md", formatsPage()],
    ["responders.md", respondersPage()],
    ["configuration.md", configurationPage()],
    ["errors.md", errorsPage()],
    ["metrics.md", await metricsPage()],
    ["commands.md", commandsPage(commands)],
  ]);
}
