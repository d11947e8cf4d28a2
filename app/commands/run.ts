import { createLogger } from "../../platform/logger.ts";
import { onTermination } from "../../platform/lifecycle.ts";
import { errorText } from "../../platform/errors.ts";
import { createApp, type Role, roles } from "../app.ts";
import { type Command, nearest, stringOption, usageError, type Values } from "../command.ts";
import { loadConfig, logLevel } from "../config.ts";

export const run: Command = {
  name: "run",
  summary: "the pipeline: everything in one process without a configuration, or the roles named",
  usage: ["run [--role ingest,detect,respond,sink] [--config FILE]"],
  options: { role: { type: "string" }, config: { type: "string" } },
  help: {
    role: "roles of this process, separated by commas (default: all)",
    config: "configuration (default ./metsuke.yaml, else everything embedded under ./data)",
  },
  async run(values, _positionals, streams) {
    const { config, file } = loadConfig(stringOption(values, "config"));
    const chosen = rolesOption(values);
    const logger = createLogger({ level: logLevel(config) });
    let crashed: ((code: number) => void) | undefined;
    const crash = new Promise<number>((resolve) => {
      crashed = resolve;
    });
    const app = await createApp({
      config,
      roles: chosen,
      logger,
      failed: (error) => {
        logger.fatal(
          { err: errorText(error) },
          "a role failed; the process ends and resumes from its checkpoint",
        );
        crashed?.(70);
      },
    });
    streams.out.write(
      `Metsuke runs (${chosen.join(", ")}); configuration: ${file ?? "none, all embedded"}\n`,
    );
    for (const address of app.addresses) streams.out.write(`  ${address}\n`);
    streams.out.write(`  data    ${config.data_dir}\n`);
    return Promise.race([onTermination(logger, () => app.stop()), crash]);
  },
};

function rolesOption(values: Values): readonly Role[] {
  const text = stringOption(values, "role");
  if (text === undefined) return roles;
  return text.split(",").map((name) => {
    const role = roles.find((one) => one === name.trim());
    if (role !== undefined) return role;
    const near = nearest(name, roles);
    throw usageError(
      `--role "${name}" is none of ${roles.join(", ")}${near === undefined ? "" : `; did you mean ${near}?`}`,
    );
  });
}
