import { type Command, stringOption, usageError } from "../command.ts";
import { writeTo } from "../input.ts";
import { withOperations } from "../instance/open.ts";

export const query: Command = {
  name: "query",
  summary: "read-only SQL on the store",
  usage: ['query "SQL" [--format FORMAT]'],
  options: { format: { type: "string" }, config: { type: "string" } },
  help: {
    format:
      "a ClickHouse output format (default PrettyCompact on a terminal, TabSeparatedWithNames on a pipe)",
    config: "configuration of the installation (default ./metsuke.yaml or the embedded one)",
  },
  async run(values, positionals, streams) {
    const [sql, ...more] = positionals;
    if (sql === undefined || more.length > 0)
      throw usageError("query takes one statement in quotes");
    const format =
      stringOption(values, "format") ??
      (streams.out.isTTY === true ? "PrettyCompact" : "TabSeparatedWithNames");
    if (!/^[A-Za-z]+$/.test(format)) throw usageError(`--format "${format}" is not a format name`);
    await withOperations(stringOption(values, "config"), async (operations) => {
      for await (const chunk of await operations.query(sql, format)) {
        await writeTo(streams.out, Buffer.from(chunk).toString("utf8"));
      }
    });
    return 0;
  },
};
