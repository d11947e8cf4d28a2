import { randomBytes } from "node:crypto";

export interface TokenAnswer {
  readonly status: number;
  readonly accessToken: string;
  readonly refreshToken: string;
  /** `error_description`, else empty. */
  readonly error: string;
}

export interface RealmAccess {
  readonly realm: string;
  /** Client with a service account that may view and manage users: what the responder uses. */
  readonly clientId: string;
  readonly clientSecret: string;
}

/** What a test needs of a Keycloak besides what Metsuke itself uses. */
export interface KeycloakAdmin {
  /** A realm with the public client `app` (password grant, offline access) and our own client. */
  createRealm(name: string): Promise<RealmAccess>;
  /** @returns the user's id. */
  createUser(realm: string, user: { username: string; password: string }): Promise<string>;
  passwordGrant(
    realm: string,
    user: { username: string; password: string; scope?: string },
  ): Promise<TokenAnswer>;
  refresh(realm: string, refreshToken: string): Promise<TokenAnswer>;
  /** HTTP status of the userinfo endpoint for an access token. */
  userinfo(realm: string, accessToken: string): Promise<number>;
  /** The user's full representation, undefined when there is none. */
  getUser(realm: string, id: string): Promise<Record<string, unknown> | undefined>;
  setUser(realm: string, id: string, changes: Record<string, unknown>): Promise<void>;
  removeUser(realm: string, id: string): Promise<void>;
  removeRealms(): Promise<void>;
}

const APP = "app";

type Call = (method: string, path: string, body?: unknown) => Promise<unknown>;

export function createKeycloakAdmin(access: {
  readonly url: string;
  readonly adminUser: string;
  readonly adminPassword: string;
}): KeycloakAdmin {
  const { url } = access;
  const realms: string[] = [];
  const call: Call = (method, path, body) => callAdmin(access, { method, path, body });
  const grant = (realm: string, form: Record<string, string>) => askToken(url, realm, form);
  return {
    async createRealm(name) {
      await call("POST", "", {
        realm: name,
        enabled: true,
        eventsEnabled: true,
        adminEventsEnabled: true,
        adminEventsDetailsEnabled: true,
        accessTokenLifespan: 300,
      });
      realms.push(name);
      await call("POST", `/${name}/clients`, {
        clientId: APP,
        publicClient: true,
        directAccessGrantsEnabled: true,
        standardFlowEnabled: false,
      });
      return createOwnClient(call, name);
    },
    async createUser(realm, { username, password }) {
      await call("POST", `/${realm}/users`, {
        username,
        enabled: true,
        emailVerified: true,
        email: `${username}@example.test`,
        firstName: username,
        lastName: "Example",
        credentials: [{ type: "password", value: password, temporary: false }],
      });
      const query = new URLSearchParams({ username, exact: "true" }).toString();
      const found = (await call("GET", `/${realm}/users?${query}`)) as { id: string }[];
      return found[0]?.id ?? "";
    },
    passwordGrant: (realm, { username, password, scope }) =>
      grant(realm, {
        grant_type: "password",
        client_id: APP,
        username,
        password,
        scope: scope ?? "openid",
      }),
    refresh: (realm, refreshToken) =>
      grant(realm, { grant_type: "refresh_token", client_id: APP, refresh_token: refreshToken }),
    async userinfo(realm, accessToken) {
      const answer = await fetch(`${url}/realms/${realm}/protocol/openid-connect/userinfo`, {
        headers: { authorization: `Bearer ${accessToken}` },
      });
      await answer.arrayBuffer();
      return answer.status;
    },
    getUser: async (realm, id) =>
      (await call("GET", `/${realm}/users/${id}`)) as Record<string, unknown> | undefined,
    async setUser(realm, id, changes) {
      const user = (await call("GET", `/${realm}/users/${id}`)) as Record<string, unknown>;
      await call("PUT", `/${realm}/users/${id}`, { ...user, ...changes });
    },
    async removeUser(realm, id) {
      await call("DELETE", `/${realm}/users/${id}`);
    },
    async removeRealms() {
      for (const realm of realms.splice(0)) await call("DELETE", `/${realm}`);
    },
  };
}

/** The least rights the responder's page names: view-users and manage-users of the realm. */
async function createOwnClient(call: Call, realm: string): Promise<RealmAccess> {
  const clientId = "metsuke";
  const clientSecret = randomBytes(18).toString("base64url");
  await call("POST", `/${realm}/clients`, {
    clientId,
    secret: clientSecret,
    publicClient: false,
    serviceAccountsEnabled: true,
    standardFlowEnabled: false,
  });
  const idOf = async (client: string): Promise<string> => {
    const found = (await call("GET", `/${realm}/clients?clientId=${client}`)) as { id: string }[];
    return found[0]?.id ?? "";
  };
  const account = (await call(
    "GET",
    `/${realm}/clients/${await idOf(clientId)}/service-account-user`,
  )) as { id: string };
  const management = await idOf("realm-management");
  const roles: unknown[] = [];
  for (const role of ["view-users", "manage-users"]) {
    roles.push(await call("GET", `/${realm}/clients/${management}/roles/${role}`));
  }
  await call("POST", `/${realm}/users/${account.id}/role-mappings/clients/${management}`, roles);
  return { realm, clientId, clientSecret };
}

async function callAdmin(
  access: { readonly url: string; readonly adminUser: string; readonly adminPassword: string },
  { method, path, body }: { method: string; path: string; body: unknown },
): Promise<unknown> {
  // A token for each call: they live one minute only, and tests are not in a hurry here.
  const token = await askToken(access.url, "master", {
    grant_type: "password",
    client_id: "admin-cli",
    username: access.adminUser,
    password: access.adminPassword,
  });
  const answer = await fetch(`${access.url}/admin/realms${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token.accessToken}`,
      "content-type": "application/json",
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  if (answer.status === 404 && method === "GET") return undefined;
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
  return text === "" ? undefined : (JSON.parse(text) as unknown);
}

async function askToken(
  url: string,
  realm: string,
  form: Record<string, string>,
): Promise<TokenAnswer> {
  const answer = await fetch(`${url}/realms/${realm}/protocol/openid-connect/token`, {
    method: "POST",
    body: new URLSearchParams(form),
  });
  const body = (await answer.json()) as Record<string, unknown>;
  return {
    status: answer.status,
    accessToken: textOf(body["access_token"]),
    refreshToken: textOf(body["refresh_token"]),
    error: textOf(body["error_description"]),
  };
}

const textOf = (value: unknown): string => (typeof value === "string" ? value : "");
