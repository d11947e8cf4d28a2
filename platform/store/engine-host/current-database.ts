import type { Engine } from "./engine.ts";
import { Refusal } from "./exceptions.ts";

/** Finds the database of a call: the one it names, else ours as soon as that exists. */
export function createCurrentDatabase(
  engine: Engine,
  ours: string,
): (named: string | undefined) => Promise<string> {
  let exists = false;
  return async (named) => {
    if (named === undefined || named === "") {
      exists ||= await databaseExists(engine, ours);
      return exists ? ours : "default";
    }
    if (!/^\w{1,128}$/.test(named)) {
      throw new Refusal(81, "UNKNOWN_DATABASE", `Database ${named} does not exist.`);
    }
    return named;
  };
}

async function databaseExists(engine: Engine, database: string): Promise<boolean> {
  const { bytes } = await engine.run(
    {
      sql: `EXISTS DATABASE \`${database}\``,
      format: "TabSeparated",
      database: "default",
      settings: [],
      parameters: [],
      readonly: true,
    },
    new AbortController().signal,
  );
  return Buffer.from(bytes).toString("utf8").trim() === "1";
}
