import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The package's root: two levels up when compiled, one when run from source. */
const here = dirname(fileURLToPath(import.meta.url));
export const packageRoot = here.endsWith(join("dist", "app"))
  ? join(here, "..", "..")
  : join(here, "..");

const manifest = JSON.parse(readFileSync(join(packageRoot, "package.json"), "utf8")) as {
  readonly version: string;
};
export const version = manifest.version;
