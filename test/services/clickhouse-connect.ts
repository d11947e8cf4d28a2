import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { cached, installDebian, program } from "./provision.ts";

const execute = promisify(execFile);

const VERSION = "1.12.0";

/** A Python that has the package clickhouse-connect. @returns its path */
export async function pythonWithClickHouse(): Promise<string> {
  const python = await program("python3");
  const folder = await cached(`clickhouse-connect-${VERSION}`, async (venv) => {
    await execute(python, ["-m", "venv", venv]).catch(async (error: unknown) => {
      await installDebian(["python3-venv"], error);
      await execute(python, ["-m", "venv", "--clear", venv]);
    });
    const install = ["-m", "pip", "install", "-q", `clickhouse-connect==${VERSION}`];
    await execute(join(venv, "bin/python"), install, { timeout: 300_000 });
  });
  // The interpreter finds its folder by itself; only the scripts beside it are bound to a place.
  return join(folder, "bin/python");
}
