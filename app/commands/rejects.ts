import { type Command, integerOption, stringOption, usageError, type Values } from "../command.ts";
import { writeTo } from "../input.ts";
import { withOperations } from "../instance/open.ts";

const list = (limit: number): string => `
  SELECT \`reject.code\`, \`event.dataset\`, \`sender.id\`, count() AS rejects,
         min(ts) AS first, max(ts) AS last, any(\`reject.reason\`) AS example
  FROM rejects GROUP BY 1, 2, 3 ORDER BY rejects DESC LIMIT ${limit}`;

const quoted = (text: string): string =>
  `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;

function show(values: Values, ids: readonly string[], limit: number): string {
  const conditions = [
    ids.length > 0 ? `\`reject.id\` IN (${ids.map(quoted).join(", ")})` : "",
    condition("reject.code", stringOption(values, "reason")),
    condition("sender.id", stringOption(values, "source")),
  ].filter((one) => one !== "");
  const where = conditions.length === 0 ? "" : `WHERE ${conditions.join(" AND ")}`;
  return `SELECT * FROM rejects ${where} ORDER BY ts DESC LIMIT ${limit}`;
}

const condition = (column: string, value: string | undefined): string =>
  value === undefined ? "" : `\`${column}\` = ${quoted(value)}`;

export const rejects: Command = {
  name: "rejects",
  summary: "records that could not become events: by reason and source, or one by one",
  usage: [
    "rejects list [--limit N]",
    "rejects show [ID…] [--reason CODE] [--source NAME] [--limit N]",
  ],
  options: {
    reason: { type: "string" },
    source: { type: "string" },
    limit: { type: "string" },
    format: { type: "string" },
    config: { type: "string" },
  },
  help: {
    reason: "only this reason code",
    source: "only this sender",
    limit: "at most so many lines (default 50)",
    format: "a ClickHouse output format",
    config: "configuration of the installation",
  },
  async run(values, positionals, streams) {
    const [verb, ...ids] = positionals;
    if (verb !== "list" && verb !== "show") throw usageError("rejects takes list or show");
    const limit = integerOption(values, "limit", { min: 1, max: 100_000 }) ?? 50;
    const sql = verb === "list" ? list(limit) : show(values, ids, limit);
    const format =
      stringOption(values, "format") ?? (verb === "list" ? "PrettyCompact" : "Vertical");
    await withOperations(stringOption(values, "config"), async (operations) => {
      for await (const chunk of await operations.query(sql, format)) {
        await writeTo(streams.out, Buffer.from(chunk).toString("utf8"));
      }
    });
    return 0;
  },
};
