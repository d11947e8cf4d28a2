// Runs every test: sets up, then the three projects one after the other (so that timing-sensitive
// service tests have the machine to themselves), then the fast ones again on the current LTS of
// Node. Ends with `N passed, N failed`. Plain JavaScript, because it runs before the compiler.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const scratch = mkdtempSync(join(tmpdir(), "metsuke-test-"));
const totals = { passed: 0, failed: 0 };

/** Current LTS line; the packages behind npm's `node` carry its binary per platform. */
const LTS = "24";

function run(command, args) {
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: "inherit" });
  if (error !== undefined) throw error;
  return status ?? 1;
}

function vitest(title, node, args) {
  const report = join(scratch, `${title.replaceAll(/\W/g, "-")}.json`);
  process.stdout.write(`\n== ${title}\n`);
  const status = run(node, [
    join(root, "node_modules", "vitest", "vitest.mjs"),
    "run",
    ...args,
    "--reporter=default",
    "--reporter=json",
    `--outputFile.json=${report}`,
  ]);
  if (!existsSync(report)) {
    totals.failed += 1;
    return;
  }
  const { numPassedTests, numFailedTests, numFailedTestSuites } = JSON.parse(
    readFileSync(report, "utf8"),
  );
  totals.passed += numPassedTests;
  totals.failed += numFailedTests;
  // A file that cannot be loaded fails as a suite without a failed test.
  if (status !== 0 && numFailedTests === 0) totals.failed += Math.max(1, numFailedTestSuites);
}

/** Path of the LTS binary, installed from npm into the test cache once. */
function ltsNode() {
  const name = `node-${process.platform}-${process.arch}`;
  const prefix = join(process.env.METSUKE_TEST_CACHE ?? join(root, ".cache"), `node-${LTS}`);
  const binary = join(prefix, "node_modules", name, "bin", "node");
  if (!existsSync(binary)) {
    mkdirSync(prefix, { recursive: true });
    run("npm", ["install", "--prefix", prefix, "--no-save", "--loglevel=error", `${name}@${LTS}`]);
  }
  return existsSync(binary) ? binary : undefined;
}

try {
  const setUp = run(process.execPath, [join(root, "app", "launch.js"), "--only-setup"]);
  if (setUp !== 0) process.exit(setUp);
  vitest("fast", process.execPath, ["--project", "fast", "--maxWorkers", "2"]);
  vitest("int", process.execPath, ["--project", "int"]);
  vitest("ext", process.execPath, ["--project", "ext"]);
  const lts = ltsNode();
  if (lts === undefined) {
    process.stdout.write(`Node ${LTS} could not be installed from npm.\n`);
    totals.failed += 1;
  } else {
    vitest(`fast on Node ${LTS}`, lts, ["--project", "fast", "--maxWorkers", "2"]);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.stdout.write(`\n${totals.passed} passed, ${totals.failed} failed\n`);
process.exit(totals.failed === 0 ? 0 : 1);
