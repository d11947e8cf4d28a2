/** The small part of SCIM 2.0 (RFC 7643, RFC 7644) that the demo's identity server speaks. */

const MAX_RESULTS = 200;
const ERROR_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:Error";
const LIST_SCHEMA = "urn:ietf:params:scim:api:messages:2.0:ListResponse";

/** Ends a request with a SCIM error body. */
export class ScimFault extends Error {
  readonly status: number;

  constructor(status: number, detail: string) {
    super(detail);
    this.name = "ScimFault";
    this.status = status;
  }
}

/** RFC 7644 3.12: `status` is text. */
export const scimError = (status: number, detail: string) => ({
  schemas: [ERROR_SCHEMA],
  status: String(status),
  detail,
});

/** One page of a list: `startIndex` from 1, `count` at most 200. */
export function listOf(
  resources: readonly unknown[],
  query: Readonly<Record<string, string>>,
): Record<string, unknown> {
  const startIndex = Math.max(1, Number.parseInt(query["startIndex"] ?? "1", 10) || 1);
  const asked = Number.parseInt(query["count"] ?? String(MAX_RESULTS), 10);
  const count = Math.min(MAX_RESULTS, Math.max(0, Number.isNaN(asked) ? MAX_RESULTS : asked));
  const page = resources.slice(startIndex - 1, startIndex - 1 + count);
  return {
    schemas: [LIST_SCHEMA],
    totalResults: resources.length,
    startIndex,
    itemsPerPage: page.length,
    Resources: page,
  };
}

export interface ScimFilter {
  readonly path: readonly string[];
  readonly value: string;
}

/** `attribute eq "text"` alone; anything else is refused rather than ignored. */
export function parseFilter(text: string | undefined): ScimFilter | undefined {
  if (text === undefined) return undefined;
  const parts = /^([A-Za-z]+(?:\.[A-Za-z]+)?) eq ("(?:[^"\\]|\\.)*")$/i.exec(text);
  if (parts?.[1] === undefined || parts[2] === undefined) {
    throw new ScimFault(400, 'Only filters of the form attribute eq "text" are served.');
  }
  try {
    return { path: parts[1].split("."), value: String(JSON.parse(parts[2])) };
  } catch (cause) {
    throw new ScimFault(400, `The filter's text is no JSON string: ${String(cause)}`);
  }
}

/** `userName` compares without case (RFC 7643 4.1.1), every other attribute exactly. */
export function matches(
  resource: Readonly<Record<string, unknown>>,
  filter: ScimFilter | undefined,
): boolean {
  if (filter === undefined) return true;
  let value: unknown = resource;
  for (const step of filter.path) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return false;
    value = (value as Record<string, unknown>)[step];
  }
  if (typeof value !== "string") return false;
  return filter.path[0] === "userName"
    ? value.toLowerCase() === filter.value.toLowerCase()
    : value === filter.value;
}

/** RFC 7644 3.5.2, `replace` and `add` of the attributes in `allowed` (name → typeof). */
export function applyPatch(
  body: unknown,
  allowed: Readonly<Record<string, "boolean" | "string">>,
): Record<string, unknown> {
  const operations = (body as { Operations?: unknown } | null)?.Operations;
  if (!Array.isArray(operations)) throw new ScimFault(400, "Operations is required.");
  const changes: Record<string, unknown> = {};
  for (const operation of operations as Record<string, unknown>[]) {
    if (!/^(?:replace|add)$/i.test(String(operation["op"]))) {
      throw new ScimFault(400, "Only replace and add are served.");
    }
    const path = operation["path"];
    const values =
      typeof path === "string"
        ? { [path]: operation["value"] }
        : ((operation["value"] ?? {}) as Record<string, unknown>);
    for (const [name, value] of Object.entries(values)) {
      if (!Object.hasOwn(allowed, name)) throw new ScimFault(400, `No attribute ${name}.`);
      if (typeof value !== allowed[name]) throw new ScimFault(400, `${name} is ${allowed[name]}.`);
      changes[name] = value;
    }
  }
  return changes;
}

export const describeServer = () => ({
  schemas: ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: MAX_RESULTS },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: false },
  authenticationSchemes: [
    { type: "oauthbearertoken", name: "Bearer token", description: "Printed at start." },
  ],
});

const resourceSchemas = {
  User: "urn:ietf:params:scim:schemas:core:2.0:User",
  Session: "urn:metsuke:params:scim:schemas:Session",
  Device: "urn:ietf:params:scim:schemas:core:2.0:Device",
} as const;

export const describeResourceTypes = () =>
  Object.entries(resourceSchemas).map(([name, schema]) => ({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:ResourceType"],
    id: name,
    name,
    endpoint: `/${name}s`,
    schema,
  }));

const attribute = (name: string, type: string, mutability: string) => ({
  name,
  type,
  mutability,
  multiValued: false,
  required: false,
});

const attributesOf = {
  User: [
    attribute("userName", "string", "readWrite"),
    attribute("displayName", "string", "readWrite"),
    attribute("active", "boolean", "readWrite"),
  ],
  Session: [attribute("user", "complex", "readOnly"), attribute("device", "complex", "readOnly")],
  Device: [
    attribute("displayName", "string", "readWrite"),
    attribute("active", "boolean", "readWrite"),
  ],
} as const;

export const describeSchemas = () =>
  Object.entries(resourceSchemas).map(([name, id]) => ({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    id,
    name,
    attributes: attributesOf[name as keyof typeof attributesOf],
  }));
