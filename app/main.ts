#!/usr/bin/env node
import { errorText, MetsukeError } from "../platform/errors.ts";
import {
  type Command,
  helpText,
  nearest,
  parseCommandLine,
  type Streams,
  usageError,
} from "./command.ts";
import { commands } from "./commands/index.ts";
import { version } from "./version.ts";

function overview(): string {
  const lines = [
    `Metsuke ${version}: watches what accounts do, flags what is odd, and locks with care.`,
    "",
    "Usage: metsuke COMMAND [OPTIONS]",
    "",
    "Commands:",
  ];
  for (const command of commands) lines.push(`  ${command.name.padEnd(12)} ${command.summary}`);
  lines.push("", "metsuke COMMAND --help tells more.");
  return `${lines.join("\n")}\n`;
}

function find(name: string): Command {
  const command = commands.find((one) => one.name === name);
  if (command !== undefined) return command;
  const near = nearest(
    name,
    commands.map((one) => one.name),
  );
  throw usageError(
    `there is no command "${name}"${near === undefined ? "" : `; did you mean "metsuke ${near}"?`} (metsuke --help lists them)`,
  );
}

/** Runs one command line: 0 on success, 1 on failure, 2 on wrong usage. */
export async function main(argv: readonly string[], streams: Streams): Promise<number> {
  const [name, ...rest] = argv;
  if (name === undefined || name === "--help" || name === "-h" || name === "help") {
    streams.out.write(overview());
    return name === undefined ? 2 : 0;
  }
  if (name === "--version" || name === "-v") {
    streams.out.write(`${version}\n`);
    return 0;
  }
  let command: Command | undefined;
  try {
    command = find(name);
    const { values, positionals } = parseCommandLine(command, rest);
    if (values["help"] === true) {
      streams.out.write(helpText(command));
      return 0;
    }
    return await command.run(values, positionals, streams);
  } catch (error) {
    return report(error, command, streams);
  }
}

function report(error: unknown, command: Command | undefined, streams: Streams): number {
  const code = error instanceof MetsukeError ? error.code : "METSUKE_INTERNAL";
  streams.err.write(`metsuke: ${errorText(error)} [${code}]\n`);
  if (code === "METSUKE_INTERNAL" && error instanceof Error) streams.err.write(`${error.stack}\n`);
  if (code !== "METSUKE_USAGE") return 1;
  if (command !== undefined) streams.err.write(`Usage: metsuke ${command.usage[0]}\n`);
  return 2;
}

// A reader that stops early (`| head`) closes the pipe: not an error of ours.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code === "EPIPE") process.exit(0);
  process.stderr.write(
    `metsuke: cannot write the output: ${error.message} [METSUKE_FILE_UNWRITABLE]\n`,
  );
  process.exit(1);
});

process.exitCode = await main(process.argv.slice(2), {
  out: process.stdout,
  err: process.stderr,
  in: process.stdin,
});
// Native add-ons keep handles open that nobody needs once the command has returned.
await new Promise<void>((resolve) => {
  process.stdout.write("", () => {
    resolve();
  });
});
process.exit();
