import { randomBytes } from "node:crypto";
import { openSync, rmSync, writeFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { hashToken } from "../../ingest/sources/tokens.ts";
import { createLogger, type Logger } from "../../platform/logger.ts";
import type { Store } from "../../platform/store/port.ts";
import { defaultPolicyText } from "../../responders/policy.ts";
import { type App, createApp, roles } from "../app.ts";
import { type Config, parseConfig } from "../config.ts";
import { type Company, company, DATASET, PEOPLE } from "./company.ts";
import { type IdentityServer, startIdentityServer } from "./identity-server.ts";

/** Long enough for a reader to look around, short enough that all is free again afterwards. */
const LEASE_MINUTES = 15;
/** The identity server is next door: what was not answered in a second and a half never will be. */
const ATTEMPTS = { attempt_seconds: 3, grace_seconds: 2, request_seconds: 1.5 };
/** An undo starts when no request of the effect can be under way any more, in s after its start. */
export const QUIET_SECONDS = ATTEMPTS.attempt_seconds + ATTEMPTS.grace_seconds;

/** Everything the story plays in. */
export interface Setting {
  readonly folder: string;
  readonly configFile: string;
  readonly config: Config;
  readonly company: Company;
  readonly identity: IdentityServer;
  readonly app: App;
  readonly store: Store;
  readonly logger: Logger;
  /** Where events are posted, and the file with the bearer token that this needs. */
  readonly events: { readonly url: string; readonly token: string; readonly tokenFile: string };
  readonly queryUrl: string;
  /** Ends everything and removes the folder. */
  close(): Promise<void>;
}

export const LOG_FILE = "metsuke.log";

export const passwordOf = (name: string): string => `${name}-4711`;

/** Starts the company's identity server and a whole Metsuke beside it, in a folder of their own. */
export async function openSetting(failed: (error: unknown) => void): Promise<Setting> {
  const folder = await mkdtemp(join(tmpdir(), "metsuke-demo-"));
  const closers: (() => Promise<void>)[] = [
    async () => rmSync(folder, { recursive: true, force: true, maxRetries: 5 }),
  ];
  const close = async (): Promise<void> => {
    for (const one of closers.splice(0).toReversed()) await one();
  };
  try {
    const logger = createLogger({ level: "warn", fd: openSync(join(folder, LOG_FILE), "a") });
    const firm = company(Date.now());
    const identity = await startIdentityServer({
      users: firm.people.map(({ name, laptop, phone, service }) => ({
        userName: name,
        password: passwordOf(name),
        devices: service ? [] : [laptop, phone],
      })),
    });
    closers.push(() => identity.stop());
    const files = writeFiles(folder, firm, identity);
    const config = parseConfig(files.text, files.configFile);
    const app = await createApp({ config, roles, logger, failed });
    closers.push(() => app.stop());
    const { store } = app;
    const url = app.addresses.map((line) => /^send +http +(\S+)$/.exec(line)?.[1]).find(Boolean);
    if (store === undefined || url === undefined)
      throw new Error("a part of the demo did not start");
    return {
      ...files,
      folder,
      config,
      company: firm,
      identity,
      app,
      store: store.reader,
      logger,
      events: { url, token: files.token, tokenFile: files.tokenFile },
      queryUrl: store.url,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function writeFiles(folder: string, firm: Company, identity: IdentityServer) {
  const at = (name: string): string => join(folder, name);
  const secret = { mode: 0o600 };
  const token = randomBytes(24).toString("base64url");
  const [configFile, tokenFile] = [at("metsuke.yaml"), at("sender.token")];
  writeFileSync(tokenFile, token, secret);
  writeFileSync(at("scim.token"), identity.token, secret);
  writeFileSync(
    at("policy.yaml"),
    defaultPolicyText.replaceAll(/lease_minutes: \d+/g, `lease_minutes: ${LEASE_MINUTES}`),
  );
  const text = stringify({
    data_dir: at("data"),
    timezone: firm.timezone,
    log_level: "warn",
    store: { embedded: { port: 0 } },
    ingest: {
      sources: { http: { port: 0, tokens: [{ id: "identity-server", hash: hashToken(token) }] } },
    },
    detect: { detectors: { "unapproved-device": { approved: firm.devices } } },
    respond: {
      live: ["notify", "lock_account", "revoke_sessions", "block_device"],
      policy_file: at("policy.yaml"),
      attempts: ATTEMPTS,
      responders: {
        scim: {
          base_url: identity.url,
          token_file: at("scim.token"),
          native_datasets: [DATASET],
        },
      },
    },
  });
  const head = `# The demo's configuration: everything embedded, ${PEOPLE} people's devices approved.\n`;
  writeFileSync(configFile, head + text, secret);
  return { configFile, tokenFile, token, text };
}
