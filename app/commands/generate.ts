import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { errorText } from "../../platform/errors.ts";
import { ddl } from "../../schemas/ddl.ts";
import type { Command } from "../command.ts";
import { referencePages } from "../reference/pages.ts";
import { records } from "../reference/records.ts";
import { packageRoot } from "../version.ts";

/** Path → text of everything that derives from the code. */
async function generated(commands: readonly Command[]): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const [name, schema] of Object.entries(records)) {
    const path = join("schemas", "generated", `${name.toLowerCase()}.schema.json`);
    files.set(path, `${JSON.stringify(schema, undefined, 2)}\n`);
  }
  files.set(join("schemas", "generated", "schema.sql"), `${ddl("metsuke").join(";\n\n")};\n`);
  for (const [name, text] of await referencePages(commands)) {
    files.set(join("docs", "reference", name), text);
  }
  return files;
}

const current = (path: string): string | undefined => {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new Error(`cannot read ${path}: ${errorText(error)}`, { cause: error });
  }
};

/** `commands` is asked when it runs: the list holds this command, too. */
export const createGenerate = (commands: () => readonly Command[]): Command => ({
  name: "generate",
  summary: "writes JSON Schemas, DDL, views and reference pages from the code",
  usage: ["generate [--check]"],
  options: { check: { type: "boolean" } },
  help: { check: "write nothing; exit 1 when a page is stale" },
  async run(values, _positionals, streams) {
    const stale: string[] = [];
    for (const [path, text] of await generated(commands())) {
      const file = join(packageRoot, path);
      if (current(file) === text) continue;
      stale.push(relative(packageRoot, file));
      if (values["check"] === true) continue;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, text);
    }
    for (const path of stale)
      streams.out.write(`${values["check"] === true ? "stale" : "wrote"} ${path}\n`);
    if (values["check"] !== true || stale.length === 0) return 0;
    streams.err.write("Run `npm run generate` and commit what it writes.\n");
    return 1;
  },
});
