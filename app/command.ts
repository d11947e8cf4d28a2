import { type ParseArgsConfig, parseArgs } from "node:util";
import { distance } from "fastest-levenshtein";
import { MetsukeError } from "../platform/errors.ts";

export type Options = NonNullable<ParseArgsConfig["options"]>;
export type Values = Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;

/** Where a command writes; tests hand in their own. */
export interface Streams {
  readonly out: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly err: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly in: NodeJS.ReadableStream;
}

export interface Command {
  readonly name: string;
  readonly summary: string;
  /** Lines below `Usage:`; the first is what a usage error repeats. */
  readonly usage: readonly string[];
  readonly options: Options;
  /** One line per option, in the order of `options`. */
  readonly help: Readonly<Record<string, string>>;
  run(values: Values, positionals: readonly string[], streams: Streams): Promise<number>;
}

export const usageError = (message: string): MetsukeError =>
  new MetsukeError("METSUKE_USAGE", message);

export function stringOption(values: Values, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

/** @throws METSUKE_USAGE unless the option is a whole number in the range. */
export function integerOption(
  values: Values,
  name: string,
  range: { readonly min: number; readonly max: number },
): number | undefined {
  const value = stringOption(values, name);
  if (value === undefined) return undefined;
  const number = Number(value);
  if (!Number.isInteger(number) || number < range.min || number > range.max) {
    throw usageError(
      `--${name} takes a whole number from ${range.min} to ${range.max}, not "${value}"`,
    );
  }
  return number;
}

/** @throws METSUKE_USAGE unless the zone is one that this system knows. */
export function timezoneOption(values: Values): string | undefined {
  const zone = stringOption(values, "timezone");
  if (zone === undefined) return undefined;
  try {
    return new Intl.DateTimeFormat("en", { timeZone: zone }).resolvedOptions().timeZone;
  } catch (cause) {
    throw new MetsukeError(
      "METSUKE_USAGE",
      `--timezone takes an IANA zone such as Europe/Madrid, not "${zone}"`,
      { cause },
    );
  }
}

export function parseCommandLine(command: Command, argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: { ...command.options, help: { type: "boolean", short: "h" } },
      allowPositionals: true,
      strict: true,
    });
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    const unknown = /Unknown option '--?([^']+)'/.exec(message)?.[1];
    const near = unknown === undefined ? undefined : nearest(unknown, Object.keys(command.options));
    const hint = near === undefined ? "" : `; did you mean --${near}?`;
    throw new MetsukeError("METSUKE_USAGE", `${message.split(". To specify")[0]}${hint}`, {
      cause,
    });
  }
}

export function nearest(word: string, known: readonly string[]): string | undefined {
  const best = known
    .map((name) => ({ name, far: distance(name, word) }))
    .toSorted((left, right) => left.far - right.far)[0];
  return best !== undefined && best.far <= Math.max(2, word.length / 2) ? best.name : undefined;
}

export function helpText(command: Command): string {
  const lines = [`metsuke ${command.name}: ${command.summary}`, "", "Usage:"];
  for (const usage of command.usage) lines.push(`  metsuke ${usage}`);
  const names = Object.keys(command.options);
  if (names.length > 0) lines.push("", "Options:");
  for (const name of names) {
    const takes = command.options[name]?.type === "string" ? " VALUE" : "";
    lines.push(`  ${`--${name}${takes}`.padEnd(24)} ${command.help[name] ?? ""}`);
  }
  return `${lines.join("\n")}\n`;
}
