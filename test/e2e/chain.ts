import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Action } from "../../schemas/action.ts";
import { type Keycloak, startKeycloak } from "../services/keycloak.ts";
import { until } from "../services/provision.ts";
import type { Sshd } from "../services/sshd.ts";
import { metsuke, type Metsuke } from "./processes.ts";

/** Addresses of the loopback network that the configuration places in the world. */
export const HOME = "127.0.0.1";
export const AWAY = "127.0.0.66";

export interface Person {
  /** Linux account. */
  readonly name: string;
  readonly password: string;
  /** Linked Keycloak account. */
  readonly account: string;
}

export const people = (count: number): Person[] =>
  Array.from({ length: count }, (_, index) => ({
    name: `ann${index}`,
    password: `right-${index}`,
    account: `ann.smith.${index}`,
  }));

export interface Scene {
  readonly folder: string;
  readonly keycloak: Keycloak;
  readonly realm: string;
  readonly configFile: string;
  /** METSUKE_DATA of one process. */
  environment(role: string): Record<string, string>;
  close(): Promise<void>;
}

export interface SceneWishes {
  readonly who: readonly Person[];
  readonly name: string;
  /** Configuration of log, jobs and sources. */
  readonly parts: string;
}

/** A real Keycloak with linked accounts, the configuration that names it, and 20 days of history. */
export async function createScene({ who, name, parts }: SceneWishes): Promise<Scene> {
  const folder = await mkdtemp(join(tmpdir(), `metsuke-${name}-`));
  const keycloak = await startKeycloak();
  const access = await keycloak.createRealm(`${name}-${Date.now()}`);
  for (const { account, password } of who) {
    await keycloak.createUser(access.realm, { username: account, password });
  }
  const configFile = join(folder, "metsuke.yaml");
  const policyFile = join(folder, "policy.yaml");
  await writeFile(policyFile, policy);
  await writeFile(
    configFile,
    [
      "data_dir: ${METSUKE_DATA}",
      "store: { embedded: { port: 0 } }",
      parts,
      "respond:",
      "  live: [notify, lock_account]",
      `  policy_file: ${policyFile}`,
      "  caps: { hour_min: 100, day_min: 200, source_hour: 100, detector_hour: 100 }",
      `  links: [${who.map((one) => `{ user: ${one.name}, responder: keycloak, account: ${one.account} }`).join(", ")}]`,
      "  responders:",
      "    keycloak:",
      `      base_url: ${keycloak.url}`,
      `      realm: ${access.realm}`,
      `      client_id: ${access.clientId}`,
      `      client_secret: ${access.clientSecret}`,
      "",
    ].join("\n"),
  );
  await writeFile(join(folder, "history.log"), history(who, Date.now()));
  return {
    folder,
    keycloak,
    realm: access.realm,
    configFile,
    environment: (role) => ({ METSUKE_DATA: join(folder, role) }),
    close: async () => {
      await keycloak.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const policy = `policy:
  - name: certain-user
    when: { certain: true, entity: [user] }
    actions: [{ type: lock_account, lease_minutes: 1 }]
  - name: everything-else
    actions: [{ type: notify }]
`;

/** One's own networks: loopback addresses stand for Madrid and Singapore. */
export const networks = `
  networks:
    - { cidr: ${HOME}/32, name: madrid, lat: 40.42, lon: -3.70, radius_km: 5, country: ES }
    - { cidr: ${AWAY}/32, name: singapore, lat: 1.35, lon: 103.82, radius_km: 5, country: SG }`;

/** Twenty days of sign-ins from home, as sshd logs them. */
function history(who: readonly Person[], now: number): string {
  const lines: string[] = [];
  const day = 86_400_000;
  for (let back = 20; back >= 1; back--) {
    for (const [index, { name }] of who.entries()) {
      const at = new Date(now - back * day + index * 1000).toISOString();
      lines.push(
        `${at} host1 sshd[${1000 + index}]: Accepted password for ${name} from ${HOME} port ${20_000 + back} ssh2`,
      );
    }
  }
  return `${lines.join("\n")}\n`;
}

/** Signs in at home, then attacks from far away: six wrong passwords and the right one. */
export async function attack(sshd: Sshd, { name, password }: Person): Promise<number> {
  const home = await sshd.attempt(name, password, { sourceAddress: HOME });
  if (!home.accepted) throw new Error(`the home login of ${name} failed: ${home.said}`);
  for (let wrong = 0; wrong < 6; wrong++) {
    const failed = await sshd.attempt(name, `wrong-${wrong}`, { sourceAddress: AWAY });
    if (failed.accepted) throw new Error("a wrong password was accepted");
  }
  const stolen = await sshd.attempt(name, password, { sourceAddress: AWAY });
  if (!stolen.accepted) throw new Error(`the stolen login of ${name} failed: ${stolen.said}`);
  return Date.now();
}

/** Newest state of the lock of this account. */
export async function lockOf(
  scene: Scene,
  role: string,
  user: string,
): Promise<Action | undefined> {
  const { output } = await metsuke(
    ["actions", "list", "--json", "--config", scene.configFile],
    scene.environment(role),
  );
  return output
    .split("\n")
    .filter((line) => line.startsWith("{"))
    .map((line) => JSON.parse(line) as Action)
    .findLast((one) => one["action.type"] === "lock_account" && one["target.id"] === user);
}

/** Time of the log line of the stolen login, epoch ms: rsyslog stamps microseconds. */
export async function stolenAt(sshd: Sshd, user: string): Promise<number> {
  const line = (await sshd.log())
    .split("\n")
    .findLast((one) => one.includes(`Accepted password for ${user} from ${AWAY}`));
  if (line === undefined) throw new Error(`no accepted login of ${user} in the log`);
  return Date.parse(line.split(" ")[0] ?? "");
}

/** Waits for a state of the lock. @throws with what it is instead */
export function lockReaches(
  scene: Scene,
  wanted: { readonly role: string; readonly user: string; readonly status: string },
  timeoutMs: number,
): Promise<Action> {
  return until(async () => {
    const action = await lockOf(scene, wanted.role, wanted.user);
    if (action?.["action.status"] !== wanted.status) {
      throw new Error(
        `the lock of ${wanted.user} is ${JSON.stringify(action)}, not ${wanted.status}`,
      );
    }
    return action;
  }, timeoutMs);
}

interface Health {
  readonly detect: {
    readonly tasks: readonly { readonly paused?: string; readonly watermark?: number }[];
  };
}

const LIVE_MS = 10 * 60_000;

/** Waits until a detect process has learned its history and every task follows live heartbeats. */
export function caughtUp(detect: Metsuke): Promise<void> {
  const metrics = /metrics (http:\S+)/.exec(detect.output())?.[1] ?? "";
  return until(async () => {
    const response = await fetch(metrics.replace("/metrics", "/health"));
    const { tasks } = ((await response.json()) as Health).detect;
    const live = (at: number | undefined) => at !== undefined && at > Date.now() - LIVE_MS;
    const behind = tasks.filter((task) => task.paused !== undefined || !live(task.watermark));
    if (tasks.length === 0 || behind.length > 0) {
      throw new Error(`detection has not caught up: ${JSON.stringify(tasks)}`);
    }
  }, 60_000);
}
