import { Readable, Writable } from "node:stream";
import { type Command, parseCommandLine, type Streams } from "../../app/command.ts";

/** Streams that keep what a command writes. */
export function capture(
  input: string | Buffer = "",
): Streams & { outText(): string; errText(): string } {
  const out: Buffer[] = [];
  const err: Buffer[] = [];
  const into = (list: Buffer[]) =>
    new Writable({
      write(chunk: Buffer, _encoding, done) {
        list.push(Buffer.from(chunk));
        done();
      },
    });
  return {
    out: into(out),
    err: into(err),
    in: Readable.from([Buffer.from(input)], { objectMode: false }),
    outText: () => Buffer.concat(out).toString("utf8"),
    errText: () => Buffer.concat(err).toString("utf8"),
  };
}

/** Runs a command as the command line would. */
export async function runCommand(
  command: Command,
  argv: readonly string[],
  input: string | Buffer = "",
) {
  const streams = capture(input);
  const { values, positionals } = parseCommandLine(command, argv);
  const code = await command.run(values, positionals, streams);
  return { code, out: streams.outText(), err: streams.errText() };
}

export const ndjson = (text: string): Record<string, unknown>[] =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
