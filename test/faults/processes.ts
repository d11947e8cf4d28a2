import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { packageRoot } from "../../app/version.ts";
import { hold, type Item } from "./item.ts";

const run = promisify(execFile);
const HOUR = 3_600_000;

/** Invented names from one address, and from as many as a small botnet has. */
export const names: Item = {
  name: "names",
  about: "a million invented user names grow RSS by less than 100 MB",
  async run(say) {
    const main = join(packageRoot, "dist", "test", "e2e", "hostile-names.js");
    const grown: number[] = [];
    for (const sources of ["1", "1000", "1000000"]) {
      const { stdout } = await run(process.execPath, [
        "--expose-gc",
        main,
        "1000000",
        "failure",
        sources,
      ]);
      say(stdout.trim());
      grown.push((JSON.parse(stdout) as { readonly grownMb: number }).grownMb);
    }
    hold(Math.max(...grown.slice(0, 2)) < 100, `grown by ${grown.join(", ")} MB`);
    return `grown by ${grown.join(", ")} MB with 1, 1 000, 1 000 000 addresses`;
  },
};

/** Tests of vitest in their long form. */
const longTest = (of: {
  readonly name: string;
  readonly about: string;
  readonly files: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  /** The line of output that says the figure. */
  readonly figure?: RegExp;
}): Item => ({
  name: of.name,
  about: of.about,
  async run(say) {
    const vitest = join(packageRoot, "node_modules", "vitest", "vitest.mjs");
    const { stdout } = await run(process.execPath, [vitest, "run", ...of.files], {
      cwd: packageRoot,
      env: { ...process.env, ...of.environment },
      timeout: HOUR,
      maxBuffer: 64 * 1_048_576,
    }).catch((error: unknown) => {
      const said = (error as { readonly stdout?: string }).stdout ?? "";
      throw new Error(said.slice(-4_000), { cause: error });
    });
    const figure = of.figure?.exec(stdout)?.[0];
    if (figure !== undefined) say(figure);
    return figure ?? "passed";
  },
});

export const accounts = longTest({
  name: "accounts",
  about: "20 accounts from a real ssh client to a locked Keycloak account, within 5 s",
  files: ["test/e2e/cluster-chain.ext.test.ts"],
  environment: { METSUKE_TEST_ACCOUNTS: "20" },
  figure: /ms from log line to read-back: .*/,
});

export const hostile = longTest({
  name: "hostile",
  about: "what strangers can do to others",
  files: ["test/e2e/hostile.int.test.ts"],
});
