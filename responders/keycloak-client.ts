import { createHash } from "node:crypto";
import {
  type HttpTarget,
  jsonOf,
  recordOf,
  recordsOf,
  TargetError,
  type TargetAnswer,
} from "./http-target.ts";
import type { KeycloakParams } from "./keycloak.ts";
import { readSecret } from "./secret.ts";

export interface KeycloakUser {
  readonly id: string;
  readonly enabled: boolean;
  /** All that Keycloak told; it goes back whole, because a PUT drops what it does not hold. */
  readonly representation: Readonly<Record<string, unknown>>;
}

export interface KeycloakClient {
  /** Users whose name is exactly this one, without regard to case. */
  find(username: string): Promise<readonly KeycloakUser[]>;
  /** Undefined when there is none with that id (any more). */
  get(id: string): Promise<KeycloakUser | undefined>;
  setEnabled(user: KeycloakUser, enabled: boolean): Promise<void>;
  /** Ends all sessions, the offline ones too. */
  endSessions(id: string): Promise<void>;
  countSessions(id: string): Promise<{ readonly online: number; readonly offline: number }>;
}

interface Token {
  readonly value: string;
  /** Ms of the `now` clock after which it is not used any more. */
  readonly until: number;
}

export interface TokenCache {
  get(params: KeycloakParams, signal: AbortSignal): Promise<string>;
  /** After a 401: the token was revoked or the server forgot it. */
  forget(params: KeycloakParams): void;
}

/** A token is renewed this long before its end, so that none ends on the way. */
const RENEW_MS = 10_000;

export function createTokenCache(target: HttpTarget, now: () => number): TokenCache {
  const tokens = new Map<string, Token>();
  const keyOf = (params: KeycloakParams): string =>
    createHash("sha256").update(JSON.stringify(params)).digest("hex");
  return {
    async get(params, signal) {
      const key = keyOf(params);
      const known = tokens.get(key);
      if (known !== undefined && now() < known.until) return known.value;
      const asked = now();
      const body = await requestToken(target, params, signal);
      const value = body["access_token"];
      const seconds = body["expires_in"];
      if (typeof value !== "string") {
        throw new TargetError("the token endpoint gave no access_token", { retryable: true });
      }
      const lifeMs = (typeof seconds === "number" ? seconds : 0) * 1_000;
      tokens.set(key, { value, until: asked + lifeMs - RENEW_MS });
      return value;
    },
    forget(params) {
      tokens.delete(keyOf(params));
    },
  };
}

async function requestToken(
  target: HttpTarget,
  params: KeycloakParams,
  signal: AbortSignal,
): Promise<Readonly<Record<string, unknown>>> {
  const byPassword = params.username !== undefined;
  const realm = params.auth_realm ?? (byPassword ? "master" : params.realm);
  const form = new URLSearchParams({ client_id: params.client_id ?? "admin-cli" });
  const secrets: string[] = [];
  const add = async (field: "client_secret" | "password"): Promise<void> => {
    const secret = await readSecret(field, params[field], params[`${field}_file`]);
    secrets.push(secret);
    form.set(field, secret);
  };
  if (byPassword) {
    form.set("grant_type", "password");
    form.set("username", params.username ?? "");
    await add("password");
  } else {
    form.set("grant_type", "client_credentials");
  }
  if (
    !byPassword ||
    params.client_secret !== undefined ||
    params.client_secret_file !== undefined
  ) {
    await add("client_secret");
  }
  const answer = await target.send({
    method: "POST",
    url: `${rootOf(params)}/realms/${encodeURIComponent(realm)}/protocol/openid-connect/token`,
    headers: { "content-type": "application/x-www-form-urlencoded" },
    body: form.toString(),
    signal,
    secrets: [...secrets, ...secrets.map(encodeURIComponent)],
  });
  return recordOf(jsonOf(answer));
}

const rootOf = (params: KeycloakParams): string => params.base_url.replace(/\/+$/, "");

type Ask = (
  method: "GET" | "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
) => Promise<TargetAnswer>;

export function createKeycloakClient(
  target: HttpTarget,
  tokens: TokenCache,
  params: KeycloakParams,
  signal: AbortSignal,
): KeycloakClient {
  const ask = askerOf(target, tokens, params, signal);
  const user = (id: string): string => `/users/${encodeURIComponent(id)}`;
  const get = async (id: string): Promise<KeycloakUser | undefined> => {
    const answer = await ask("GET", user(id));
    return answer.status === 404 ? undefined : userFrom(recordOf(jsonOf(answer)));
  };
  return {
    async find(username) {
      const query = new URLSearchParams({ username, exact: "true", max: "3" }).toString();
      const answer = await ask("GET", `/users?${query}`);
      if (answer.status === 404) throw gone(`realm ${params.realm}`);
      const exact = recordsOf(jsonOf(answer)).filter(
        (found) => String(found["username"]).toLowerCase() === username.toLowerCase(),
      );
      const users = await Promise.all(exact.map((found) => get(String(found["id"]))));
      return users.filter((found) => found !== undefined);
    },
    get,
    async setEnabled(found, enabled) {
      const answer = await ask("PUT", user(found.id), { ...found.representation, enabled });
      if (answer.status === 404) throw gone("the account");
    },
    async endSessions(id) {
      const answer = await ask("POST", `${user(id)}/logout`);
      if (answer.status === 404) throw gone("the account");
      for (const session of await offlineSessionsOf(ask, user(id))) {
        await ask("DELETE", `/sessions/${encodeURIComponent(session)}?isOffline=true`);
      }
    },
    async countSessions(id) {
      const [online, offline] = await Promise.all([
        sessionsAt(ask, `${user(id)}/sessions`),
        offlineSessionsOf(ask, user(id)),
      ]);
      return { online: online.length, offline: offline.length };
    },
  };
}

function askerOf(
  target: HttpTarget,
  tokens: TokenCache,
  params: KeycloakParams,
  signal: AbortSignal,
): Ask {
  const url = `${rootOf(params)}/admin/realms/${encodeURIComponent(params.realm)}`;
  return async (method, path, body) => {
    const send = async (accept: readonly number[]): Promise<TargetAnswer> => {
      const token = await tokens.get(params, signal);
      return target.send({
        method,
        url: `${url}${path}`,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "content-type": "application/json" }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        signal,
        secrets: [token],
        accept,
      });
    };
    const first = await send([401, 404]);
    if (first.status !== 401) return first;
    tokens.forget(params);
    return send([404]);
  };
}

/**
 * Keycloak lists offline sessions by client only; the clients that hold some are in the list of
 * consents, as an additional grant.
 */
async function offlineSessionsOf(ask: Ask, user: string): Promise<readonly string[]> {
  const answer = await ask("GET", `${user}/consents`);
  if (answer.status === 404) return [];
  const clients = recordsOf(jsonOf(answer)).flatMap((consent) =>
    recordsOf(consent["additionalGrants"]).map((grant) => grant["client"]),
  );
  const ids = new Set(clients.filter((client) => typeof client === "string"));
  const sessions = new Set<string>();
  for (const client of ids) {
    const path = `${user}/offline-sessions/${encodeURIComponent(client)}`;
    for (const session of await sessionsAt(ask, path)) sessions.add(session);
  }
  return [...sessions];
}

async function sessionsAt(ask: Ask, path: string): Promise<readonly string[]> {
  const answer = await ask("GET", path);
  if (answer.status === 404) return [];
  return recordsOf(jsonOf(answer)).map((session) => String(session["id"]));
}

function userFrom(representation: Readonly<Record<string, unknown>>): KeycloakUser {
  const id = representation["id"];
  if (typeof id !== "string" || id === "") {
    throw new TargetError("a user without an id", { retryable: false });
  }
  return { id, enabled: representation["enabled"] === true, representation };
}

const gone = (what: string): TargetError =>
  new TargetError(`${what} is gone`, { retryable: false, status: 404 });
