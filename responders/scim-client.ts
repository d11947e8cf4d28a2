import { type HttpTarget, jsonOf, recordOf, recordsOf, TargetError } from "./http-target.ts";

export interface Resource {
  readonly id: string;
  /** RFC 7643 4.1.1 leaves `active` optional; a resource without it is in use. */
  readonly active: boolean;
}

export interface ScimClient {
  /** Resources whose attribute equals the value without regard to case. */
  find(type: ResourceType, attribute: string, value: string): Promise<readonly Resource[]>;
  /** Undefined when there is none with that id (any more). */
  get(type: ResourceType, id: string): Promise<Resource | undefined>;
  setActive(type: ResourceType, id: string, active: boolean): Promise<void>;
  /** Ids of the user's sessions; undefined when the service has no Session resource. */
  sessionsOf(user: string): Promise<readonly string[] | undefined>;
  /** Number of sessions ended; undefined when the service has no Session resource. */
  endSessions(user: string): Promise<number | undefined>;
}

type ResourceType = "User" | "Device";

const PATCH_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const PAGE = 100;
/** Beyond this many pages a list is taken for endless. */
const MAX_PAGES = 100;

export function createScimClient(
  target: HttpTarget,
  options: { readonly baseUrl: string; readonly token: string; readonly signal: AbortSignal },
): ScimClient {
  const base = options.baseUrl.replace(/\/+$/, "");
  const headers = { authorization: `Bearer ${options.token}`, accept: "application/scim+json" };
  const ask = (method: "GET" | "PATCH" | "DELETE", path: string, body?: unknown) =>
    target.send({
      method,
      url: `${base}${path}`,
      headers:
        body === undefined ? headers : { ...headers, "content-type": "application/scim+json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: options.signal,
      secrets: [options.token],
      // Whether a missing resource is an error is for the caller to say.
      accept: [404],
    });
  const list = (path: string, filter?: string) => listAll(ask, path, filter);

  const sessionsOf = async (user: string): Promise<readonly string[] | undefined> => {
    const types = await list("/ResourceTypes");
    const session = types.find((type) => type["name"] === "Session" || type["id"] === "Session");
    const endpoint = session === undefined ? undefined : endpointOf(session);
    if (endpoint === undefined) return undefined;
    const sessions = await list(endpoint, `user.value eq ${JSON.stringify(user)}`);
    // A service that ignores the filter must not make us end the sessions of others.
    return sessions
      .filter((found) => recordOf(found["user"])["value"] === user)
      .map((found) => `${endpoint}/${encodeURIComponent(String(found["id"]))}`);
  };

  return {
    async find(type, attribute, value) {
      const found = await list(`/${type}s`, `${attribute} eq ${JSON.stringify(value)}`);
      return found.filter((resource) => holds(resource, attribute, value)).map(resourceFrom);
    },
    async get(type, id) {
      const answer = await ask("GET", `/${type}s/${encodeURIComponent(id)}`);
      return answer.status === 404 ? undefined : resourceFrom(recordOf(jsonOf(answer)));
    },
    async setActive(type, id, active) {
      const answer = await ask("PATCH", `/${type}s/${encodeURIComponent(id)}`, {
        schemas: [PATCH_SCHEMA],
        Operations: [{ op: "replace", path: "active", value: active }],
      });
      if (answer.status === 404) throw gone(type);
    },
    sessionsOf,
    async endSessions(user) {
      const sessions = await sessionsOf(user);
      // One that ended by itself meanwhile is 404, which is what was wanted.
      for (const path of sessions ?? []) await ask("DELETE", path);
      return sessions?.length;
    },
  };
}

type Ask = (
  method: "GET" | "PATCH" | "DELETE",
  path: string,
  body?: unknown,
) => Promise<{ readonly status: number; readonly text: string }>;

async function listAll(
  ask: Ask,
  path: string,
  filter?: string,
): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const resources: Readonly<Record<string, unknown>>[] = [];
  for (let page = 0; page < MAX_PAGES; page += 1) {
    const query = new URLSearchParams({
      ...(filter === undefined ? {} : { filter }),
      ...(page === 0 ? {} : { startIndex: String(resources.length + 1) }),
      ...(filter === undefined ? {} : { count: String(PAGE) }),
    }).toString();
    const answer = await ask("GET", query === "" ? path : `${path}?${query}`);
    if (answer.status === 404) {
      // The description of the service is optional; a missing list of users is a wrong address.
      if (path === "/ResourceTypes") return resources;
      throw new TargetError(`the service has no ${path}`, { retryable: false, status: 404 });
    }
    const body = jsonOf(answer);
    // Some services answer /ResourceTypes with a bare array.
    if (Array.isArray(body)) return recordsOf(body);
    const found = recordsOf(recordOf(body)["Resources"]);
    resources.push(...found);
    const total = recordOf(body)["totalResults"];
    if (found.length === 0 || typeof total !== "number" || resources.length >= total) {
      return resources;
    }
  }
  throw new TargetError(`the list at ${path} does not end`, { retryable: false });
}

const gone = (type: ResourceType): TargetError =>
  new TargetError(`the ${type === "User" ? "account" : "device"} is gone`, { retryable: false });

function resourceFrom(found: Readonly<Record<string, unknown>>): Resource {
  const id = found["id"];
  if (typeof id !== "string" || id === "") {
    throw new TargetError("a resource without an id", { retryable: false });
  }
  return { id, active: found["active"] !== false };
}

/** A path of the service itself; an address elsewhere would carry our token away. */
function endpointOf(type: Readonly<Record<string, unknown>>): string | undefined {
  const endpoint = type["endpoint"];
  return typeof endpoint === "string" && /^\/[A-Za-z0-9_-]+$/.test(endpoint) ? endpoint : undefined;
}

function holds(
  resource: Readonly<Record<string, unknown>>,
  attribute: string,
  value: string,
): boolean {
  const [first = "", second] = attribute.split(".");
  const top = resource[first];
  const values =
    second === undefined
      ? [top]
      : (Array.isArray(top) ? top : [top]).map((entry: unknown) => recordOf(entry)[second]);
  return values.some((v) => typeof v === "string" && v.toLowerCase() === value.toLowerCase());
}
