import { execFile, execFileSync } from "node:child_process";
import { constants } from "node:fs";
import { access, mkdir, mkdtemp, rename, rm, stat, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";
import { packageRoot } from "../../app/version.ts";

const execute = promisify(execFile);
const TEN_MINUTES = 600_000;

/**
 * How the files of a real component are found: what the environment names, else packages (Maven,
 * Debian) installed when that is allowed, else Docker, otherwise a sentence that says what is
 * missing. What was fetched is kept in METSUKE_TEST_CACHE, else in `.cache/services`.
 */
export interface Way<Result> {
  /** For the sentence: `METSUKE_TEST_KAFKA`, `Maven`, `Docker` … */
  readonly name: string;
  /** @throws why this way is closed */
  attempt(): Promise<Result>;
}

/** The first way that is open. @throws an error that names every way and why it was closed */
export async function firstOf<Result>(
  component: string,
  ways: readonly Way<Result>[],
): Promise<Result> {
  const closed: string[] = [];
  for (const way of ways) {
    try {
      return await way.attempt();
    } catch (error) {
      closed.push(`  ${way.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(`${component} cannot be started here:\n${closed.join("\n")}`);
}

/** The value of an environment variable. @throws when it is not set */
export function named(variable: string): string {
  const value = process.env[variable];
  if (value === undefined || value === "") throw new Error("not set");
  return value;
}

export async function cacheFolder(...parts: readonly string[]): Promise<string> {
  const root = process.env["METSUKE_TEST_CACHE"] ?? join(packageRoot, ".cache", "services");
  const path = join(root, ...parts);
  await mkdir(path, { recursive: true });
  return path;
}

/** Fills a folder of the cache once; concurrent runs do not see half of it. */
export async function cached(
  name: string,
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const root = await cacheFolder();
  const folder = join(root, name);
  if (await exists(folder)) return folder;
  const partial = await mkdtemp(join(root, "partial-"));
  try {
    await fill(partial);
    await rename(partial, folder).catch((error: unknown) => {
      // Another run was first.
      const { code } = error as NodeJS.ErrnoException;
      if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    });
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return folder;
}

/** Jars of `artifacts` (`group:artifact:version`) with all they depend on. @returns the folder they are in */
export function mavenJars(name: string, artifacts: readonly string[]): Promise<string> {
  return maven(name, artifacts, ["dependency:copy-dependencies", "-DincludeScope=runtime"]);
}

/** The unpacked content of archives (`group:artifact:version:zip`), without their dependencies. */
export function mavenArchive(name: string, artifact: string): Promise<string> {
  return maven(name, [artifact], ["dependency:unpack-dependencies", "-DexcludeTransitive=true"]);
}

async function maven(
  name: string,
  artifacts: readonly string[],
  goal: readonly string[],
): Promise<string> {
  const mvn = await debianProgram("mvn", ["maven"]);
  return cached(name, async (folder) => {
    const project = await mkdtemp(join(await cacheFolder(), "pom-"));
    try {
      await writeFile(join(project, "pom.xml"), pom(artifacts));
      await execute(mvn, ["-q", "-B", ...goal, `-DoutputDirectory=${folder}`], {
        cwd: project,
        timeout: TEN_MINUTES,
        maxBuffer: 64 * 1_048_576,
      });
    } finally {
      await rm(project, { recursive: true, force: true });
    }
  });
}

function pom(artifacts: readonly string[]): string {
  const dependencies = artifacts.map((artifact) => {
    const [group, id, version, type = "jar"] = artifact.split(":");
    return `<dependency><groupId>${group}</groupId><artifactId>${id}</artifactId><version>${version}</version><type>${type}</type></dependency>`;
  });
  return `<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>metsuke</groupId><artifactId>test-services</artifactId><version>1</version><packaging>pom</packaging>
<dependencies>${dependencies.join("")}</dependencies></project>
`;
}

const SEARCH = ["/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"];

/** Path of an installed program. @throws when there is none */
export async function program(name: string): Promise<string> {
  for (const folder of [...(process.env["PATH"] ?? "").split(delimiter), ...SEARCH]) {
    const path = join(folder, name);
    if (await exists(path, constants.X_OK)) return path;
  }
  throw new Error(`no program ${name}`);
}

/** Path of a program; its Debian packages are installed when it is missing and this user is root. */
export async function debianProgram(name: string, packages: readonly string[]): Promise<string> {
  try {
    return await program(name);
  } catch (missing) {
    await installDebian(packages, missing);
    return program(name);
  }
}

/** Installs Debian packages. @throws when this is no Debian, or the user may not */
export async function installDebian(packages: readonly string[], cause?: unknown): Promise<void> {
  if (process.getuid?.() !== 0) {
    throw new Error(`needs Debian packages ${packages.join(" ")}, and root to install them`, {
      cause,
    });
  }
  const apt = await program("apt-get");
  const options = {
    timeout: TEN_MINUTES,
    maxBuffer: 64 * 1_048_576,
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive", RUNLEVEL: "1" },
  };
  const install = [
    "-o",
    "DPkg::Lock::Timeout=300",
    "install",
    "-y",
    "--no-install-recommends",
    ...packages,
  ];
  try {
    await execute(apt, install, options);
  } catch {
    // The list of packages may be old or absent.
    await execute(apt, ["-o", "DPkg::Lock::Timeout=300", "update"], options);
    await execute(apt, install, options);
  }
}

/** Starts a detached container. @returns its id @throws when no engine answers */
export async function dockerRun(args: readonly string[]): Promise<string> {
  const docker = await program("docker");
  await execute(docker, ["info"], { timeout: 20_000 });
  const { stdout } = await execute(docker, ["run", "-d", "--rm=false", ...args], {
    timeout: TEN_MINUTES,
  });
  const id = stdout.trim();
  process.once("exit", () => {
    execFileSync(docker, ["rm", "-f", id], { stdio: "ignore" });
  });
  return id;
}

export async function docker(...args: readonly string[]): Promise<void> {
  await execute(await program("docker"), [...args], { timeout: 120_000 });
}

export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => {
        if (address === null || typeof address === "string") reject(new Error("no port"));
        else resolve(address.port);
      });
    });
  });
}

/** Calls `attempt` until it resolves. @throws its last error after `timeoutMs` */
export async function until<Result>(
  attempt: () => Promise<Result>,
  timeoutMs: number,
): Promise<Result> {
  const end = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (Date.now() > end) throw error;
      await new Promise((resolve) => {
        setTimeout(resolve, 100);
      });
    }
  }
}

async function exists(path: string, mode = constants.F_OK): Promise<boolean> {
  try {
    await access(path, mode);
    return (await stat(path)).size >= 0;
  } catch {
    return false;
  }
}
