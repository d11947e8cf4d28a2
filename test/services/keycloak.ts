import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { join } from "node:path";
import { createKeycloakAdmin, type KeycloakAdmin } from "./keycloak-admin.ts";
import {
  docker,
  dockerRun,
  firstOf,
  freePort,
  mavenArchive,
  named,
  debianProgram,
  until,
} from "./provision.ts";

export const KEYCLOAK_VERSION = "26.7.0";

export interface Keycloak extends KeycloakAdmin {
  readonly url: string;
  readonly adminUser: string;
  readonly adminPassword: string;
  /** Ends the server; of one that the environment named, only the realms made here go. */
  stop(): Promise<void>;
}

export interface KeycloakWishes {
  /** Where its log goes as RFC 5424 over TCP, octet-counted, JSON. */
  readonly syslog?: { readonly host: string; readonly port: number };
}

const START_MS = 240_000;

/**
 * A real Keycloak: the one METSUKE_TEST_KEYCLOAK names (`url,user,password`), else the
 * distribution from Maven in dev mode on loopback with its database in memory, else the image.
 * First start 20 to 45 s, later ones 7 to 20 s.
 */
export function startKeycloak(wishes: KeycloakWishes = {}): Promise<Keycloak> {
  return firstOf("Keycloak", [
    { name: "METSUKE_TEST_KEYCLOAK", attempt: () => fromEnvironment(wishes) },
    { name: "Maven", attempt: () => fromMaven(wishes) },
    { name: "Docker", attempt: () => fromDocker(wishes) },
  ]);
}

async function fromEnvironment(wishes: KeycloakWishes): Promise<Keycloak> {
  const [url = "", adminUser = "", adminPassword = ""] = named("METSUKE_TEST_KEYCLOAK").split(",");
  if (wishes.syslog !== undefined) throw new Error("this test needs the log, so it starts its own");
  const access = { url, adminUser, adminPassword };
  const admin = createKeycloakAdmin(access);
  return { ...access, ...admin, stop: () => admin.removeRealms() };
}

async function fromMaven(wishes: KeycloakWishes): Promise<Keycloak> {
  await debianProgram("java", ["openjdk-17-jre-headless"]);
  const folder = await mavenArchive(
    `keycloak-dist-${KEYCLOAK_VERSION}`,
    `org.keycloak:keycloak-quarkus-dist:${KEYCLOAK_VERSION}:zip`,
  );
  const access = await newAccess();
  const child = spawn(
    "sh",
    [
      join(folder, `keycloak-${KEYCLOAK_VERSION}`, "bin/kc.sh"),
      "start-dev",
      `--http-port=${new URL(access.url).port}`,
      "--http-host=127.0.0.1",
      ...optionsOf(wishes),
    ],
    {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...bootstrapOf(access), JAVA_OPTS_APPEND: "-XX:TieredStopAtLevel=1" },
    },
  );
  let log = "";
  const keep = (chunk: Buffer) => (log = (log + chunk.toString()).slice(-4_000));
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const stop = () => endGroup(child);
  // A test run that dies must not leave half a gigabyte of Java behind.
  const atExit = () => void (child.pid !== undefined && process.kill(-child.pid, "SIGKILL"));
  process.once("exit", atExit);
  child.once("exit", () => process.off("exit", atExit));
  try {
    await untilServing(access.url, () => child.exitCode !== null);
    if (child.exitCode !== null) throw new Error(`it ended (${child.exitCode}):\n${log}`);
    return { ...access, ...createKeycloakAdmin(access), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function fromDocker(wishes: KeycloakWishes): Promise<Keycloak> {
  const access = await newAccess();
  const environment = Object.entries(bootstrapOf(access)).flatMap(([name, value]) => [
    "-e",
    `${name}=${value}`,
  ]);
  const id = await dockerRun([
    "-p",
    `127.0.0.1:${new URL(access.url).port}:8080`,
    ...environment,
    `quay.io/keycloak/keycloak:${KEYCLOAK_VERSION}`,
    "start-dev",
    ...optionsOf(wishes),
  ]);
  await untilServing(access.url);
  return {
    ...access,
    ...createKeycloakAdmin(access),
    stop: () => docker("rm", "-f", id),
  };
}

interface Access {
  readonly url: string;
  readonly adminUser: string;
  readonly adminPassword: string;
}

const newAccess = async (): Promise<Access> => ({
  url: `http://127.0.0.1:${await freePort()}`,
  adminUser: "admin",
  adminPassword: randomBytes(12).toString("hex"),
});

const bootstrapOf = (access: Access): Record<string, string> => ({
  KC_BOOTSTRAP_ADMIN_USERNAME: access.adminUser,
  KC_BOOTSTRAP_ADMIN_PASSWORD: access.adminPassword,
  JAVA_OPTS_KC_HEAP: "-Xms64m -Xmx512m",
});

const optionsOf = ({ syslog }: KeycloakWishes): readonly string[] => [
  "--db=dev-mem",
  "--log-level=INFO,org.keycloak.events:debug",
  ...(syslog === undefined
    ? []
    : [
        "--log=console,syslog",
        `--log-syslog-endpoint=${syslog.host}:${syslog.port}`,
        "--log-syslog-protocol=tcp",
        "--log-syslog-output=json",
      ]),
];

/** Resolves when it answers, or as soon as `gone` says that it never will. */
const untilServing = (url: string, gone: () => boolean = () => false): Promise<void> =>
  until(async () => {
    if (gone()) return;
    const answer = await fetch(`${url}/realms/master`);
    await answer.arrayBuffer();
    if (!answer.ok) throw new Error(`it answers ${answer.status}`);
  }, START_MS);

async function endGroup(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const ended = once(child, "exit");
  process.kill(-child.pid, "SIGKILL");
  await ended;
}
