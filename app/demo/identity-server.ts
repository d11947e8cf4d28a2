import { randomBytes, randomUUID, timingSafeEqual } from "node:crypto";
import fastify, { type FastifyInstance, type FastifyReply } from "fastify";
import {
  applyPatch,
  describeResourceTypes,
  describeSchemas,
  describeServer,
  listOf,
  matches,
  parseFilter,
  ScimFault,
  scimError,
} from "./scim-protocol.ts";

export interface IdentityUser {
  readonly userName: string;
  readonly displayName?: string;
  /** Without one any password is accepted: the story is about who logs in, not about hashing. */
  readonly password?: string;
  readonly active?: boolean;
  /** Device ids this user owns. */
  readonly devices?: readonly string[];
}

export interface LoginAttempt {
  readonly password?: string;
  /** Device id; a device never seen before is entered in the directory as active. */
  readonly device?: string;
}

export type LoginResult =
  | { readonly ok: true; readonly session: string }
  | {
      readonly ok: false;
      readonly reason: "unknown_user" | "wrong_password" | "account_disabled" | "device_blocked";
    };

/** The demo's identity system: users, sessions and devices in memory, spoken to by SCIM 2.0. */
export interface IdentityServer {
  /** Base URL of the SCIM service, for the responder's `base_url`. */
  readonly url: string;
  /** Bearer token of the SCIM service. */
  readonly token: string;
  login(userName: string, attempt?: LoginAttempt): LoginResult;
  sessionActive(session: string): boolean;
  /** Ids of the sessions a user has now. */
  sessionsOf(userName: string): readonly string[];
  /** Undefined when there is no such user. */
  userActive(userName: string): boolean | undefined;
  /** Undefined when there is no such device. */
  deviceActive(device: string): boolean | undefined;
  setUserActive(userName: string, active: boolean): void;
  setDeviceActive(device: string, active: boolean): void;
  /** Ends all sessions of a user. */
  endSessions(userName: string): void;
  addUser(user: IdentityUser): void;
  /** Enters one more device under this name, even if there is one. */
  addDevice(device: string): void;
  removeUser(userName: string): void;
  removeDevice(device: string): void;
  stop(): Promise<void>;
}

export interface UserRecord {
  readonly id: string;
  userName: string;
  displayName: string;
  active: boolean;
  readonly password: string | undefined;
}

interface SessionRecord {
  readonly id: string;
  readonly user: string;
  readonly device: string | undefined;
  readonly created: string;
}

interface DeviceRecord {
  readonly id: string;
  readonly externalId: string;
  displayName: string;
  active: boolean;
}

interface Directory {
  readonly users: Map<string, UserRecord>;
  readonly sessions: Map<string, SessionRecord>;
  readonly devices: Map<string, DeviceRecord>;
}

const MAX_BODY_BYTES = 65_536;

/** Listens on loopback; `port` 0 or none takes a free one. */
export async function startIdentityServer(options: {
  readonly users: readonly IdentityUser[];
  readonly port?: number;
  /** Bearer token of the SCIM service; without it a random one. */
  readonly token?: string;
}): Promise<IdentityServer> {
  const token = options.token ?? randomBytes(24).toString("base64url");
  const directory: Directory = { users: new Map(), sessions: new Map(), devices: new Map() };
  for (const user of options.users) addUser(directory, user);

  const app = fastify({ bodyLimit: MAX_BODY_BYTES, forceCloseConnections: true });
  app.addContentTypeParser(
    "application/scim+json",
    { parseAs: "string" },
    app.getDefaultJsonParser("error", "error"),
  );
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error instanceof ScimFault ? error.status : (error.statusCode ?? 500);
    return answer(reply, status, scimError(status, error.message));
  });
  app.setNotFoundHandler((_request, reply) =>
    answer(reply, 404, scimError(404, "No such resource.")),
  );
  await app.register(
    async (scim) => {
      guardByToken(scim, token);
      serveDescriptions(scim);
      serveUsers(scim, directory);
      serveSessions(scim, directory);
      serveDevices(scim, directory);
    },
    { prefix: "/scim/v2" },
  );
  serveLogin(app, directory);
  const origin = await app.listen({ host: "127.0.0.1", port: options.port ?? 0 });
  return { url: `${origin}/scim/v2`, token, ...controls(directory), stop: () => app.close() };
}

function controls(directory: Directory): Omit<IdentityServer, "url" | "token" | "stop"> {
  const sessionsOf = (userName: string): string[] => {
    const user = userNamed(directory, userName);
    return [...directory.sessions.values()].filter((s) => s.user === user?.id).map((s) => s.id);
  };
  return {
    login: (userName, attempt = {}) => login(directory, userName, attempt),
    sessionActive: (session) => directory.sessions.has(session),
    sessionsOf,
    userActive: (userName) => userNamed(directory, userName)?.active,
    deviceActive: (device) => deviceNamed(directory, device)?.active,
    setUserActive(userName, active) {
      const user = userNamed(directory, userName);
      if (user !== undefined) user.active = active;
    },
    setDeviceActive(name, active) {
      const device = deviceNamed(directory, name);
      if (device === undefined) return;
      device.active = active;
      endSessionsOn(directory, device);
    },
    endSessions(userName) {
      for (const session of sessionsOf(userName)) directory.sessions.delete(session);
    },
    addUser: (user) => addUser(directory, user),
    addDevice: (device) => void addDevice(directory, device),
    removeUser(userName) {
      const user = userNamed(directory, userName);
      if (user !== undefined) directory.users.delete(user.id);
    },
    removeDevice(name) {
      const device = deviceNamed(directory, name);
      if (device !== undefined) directory.devices.delete(device.id);
    },
  };
}

function addUser(directory: Directory, user: IdentityUser): void {
  const id = randomUUID();
  directory.users.set(id, {
    id,
    userName: user.userName,
    displayName: user.displayName ?? user.userName,
    active: user.active ?? true,
    password: user.password,
  });
  for (const device of user.devices ?? []) enterDevice(directory, device);
}

const enterDevice = (directory: Directory, name: string): DeviceRecord =>
  deviceNamed(directory, name) ?? addDevice(directory, name);

function addDevice(directory: Directory, name: string): DeviceRecord {
  const device = { id: randomUUID(), externalId: name, displayName: name, active: true };
  directory.devices.set(device.id, device);
  return device;
}

const userNamed = (directory: Directory, name: string): UserRecord | undefined =>
  [...directory.users.values()].find((u) => u.userName.toLowerCase() === name.toLowerCase());

const deviceNamed = (directory: Directory, name: string): DeviceRecord | undefined =>
  [...directory.devices.values()].find((d) => d.externalId === name);

function login(directory: Directory, userName: string, attempt: LoginAttempt): LoginResult {
  const user = userNamed(directory, userName);
  if (user === undefined) return { ok: false, reason: "unknown_user" };
  if (user.password !== undefined && user.password !== attempt.password) {
    return { ok: false, reason: "wrong_password" };
  }
  if (!user.active) return { ok: false, reason: "account_disabled" };
  const device = attempt.device === undefined ? undefined : enterDevice(directory, attempt.device);
  if (device?.active === false) return { ok: false, reason: "device_blocked" };
  const session = {
    id: randomUUID(),
    user: user.id,
    device: device?.id,
    created: new Date().toISOString(),
  };
  directory.sessions.set(session.id, session);
  return { ok: true, session: session.id };
}

const answer = (reply: FastifyReply, status: number, body: unknown): FastifyReply =>
  reply.code(status).header("content-type", "application/scim+json").send(JSON.stringify(body));

function guardByToken(scim: FastifyInstance, token: string): void {
  const expected = Buffer.from(`Bearer ${token}`);
  scim.addHook("onRequest", async (request, reply) => {
    const given = Buffer.from(request.headers.authorization ?? "");
    if (given.length === expected.length && timingSafeEqual(given, expected)) return;
    await answer(reply, 401, scimError(401, "The bearer token is missing or wrong."));
  });
}

function serveDescriptions(scim: FastifyInstance): void {
  scim.get("/ServiceProviderConfig", (_request, reply) => answer(reply, 200, describeServer()));
  scim.get("/ResourceTypes", (_request, reply) =>
    answer(reply, 200, listOf(describeResourceTypes(), {})),
  );
  scim.get("/Schemas", (_request, reply) => answer(reply, 200, listOf(describeSchemas(), {})));
}

interface ById {
  readonly Params: { readonly id: string };
}
interface Listing {
  readonly Querystring: Readonly<Record<string, string>>;
}

function found<T>(records: ReadonlyMap<string, T>, id: string): T {
  const record = records.get(id);
  if (record === undefined) throw new ScimFault(404, `Resource ${id.slice(0, 64)} not found.`);
  return record;
}

function list(resources: readonly Record<string, unknown>[], query: Listing["Querystring"]) {
  const filter = parseFilter(query["filter"]);
  return listOf(
    resources.filter((resource) => matches(resource, filter)),
    query,
  );
}

function serveUsers(scim: FastifyInstance, directory: Directory): void {
  const resource = (user: UserRecord) => ({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:User"],
    id: user.id,
    userName: user.userName,
    displayName: user.displayName,
    active: user.active,
    meta: { resourceType: "User" },
  });
  scim.get<Listing>("/Users", (request, reply) =>
    answer(reply, 200, list([...directory.users.values()].map(resource), request.query)),
  );
  scim.get<ById>("/Users/:id", (request, reply) =>
    answer(reply, 200, resource(found(directory.users, request.params.id))),
  );
  scim.patch<ById>("/Users/:id", (request, reply) => {
    const user = found(directory.users, request.params.id);
    Object.assign(user, applyPatch(request.body, { active: "boolean", displayName: "string" }));
    return answer(reply, 200, resource(user));
  });
  scim.put<ById>("/Users/:id", (request, reply) => {
    const user = found(directory.users, request.params.id);
    const body = request.body as Record<string, unknown> | null;
    if (typeof body?.["userName"] !== "string") throw new ScimFault(400, "userName is required.");
    user.userName = body["userName"];
    if (typeof body["displayName"] === "string") user.displayName = body["displayName"];
    if (typeof body["active"] === "boolean") user.active = body["active"];
    return answer(reply, 200, resource(user));
  });
}

function serveSessions(scim: FastifyInstance, directory: Directory): void {
  const resource = (session: SessionRecord) => ({
    schemas: ["urn:metsuke:params:scim:schemas:Session"],
    id: session.id,
    user: { value: session.user },
    ...(session.device === undefined ? {} : { device: { value: session.device } }),
    meta: { resourceType: "Session", created: session.created },
  });
  scim.get<Listing>("/Sessions", (request, reply) =>
    answer(reply, 200, list([...directory.sessions.values()].map(resource), request.query)),
  );
  scim.get<ById>("/Sessions/:id", (request, reply) =>
    answer(reply, 200, resource(found(directory.sessions, request.params.id))),
  );
  scim.delete<ById>("/Sessions/:id", (request, reply) => {
    directory.sessions.delete(found(directory.sessions, request.params.id).id);
    return reply.code(204).send();
  });
}

function serveDevices(scim: FastifyInstance, directory: Directory): void {
  const resource = (device: DeviceRecord) => ({
    schemas: ["urn:ietf:params:scim:schemas:core:2.0:Device"],
    ...device,
    meta: { resourceType: "Device" },
  });
  scim.get<Listing>("/Devices", (request, reply) =>
    answer(reply, 200, list([...directory.devices.values()].map(resource), request.query)),
  );
  scim.get<ById>("/Devices/:id", (request, reply) =>
    answer(reply, 200, resource(found(directory.devices, request.params.id))),
  );
  scim.patch<ById>("/Devices/:id", (request, reply) => {
    const device = found(directory.devices, request.params.id);
    Object.assign(device, applyPatch(request.body, { active: "boolean", displayName: "string" }));
    endSessionsOn(directory, device);
    return answer(reply, 200, resource(device));
  });
}

/** A blocked device keeps no session: blocking that leaves its sessions open would be no block. */
function endSessionsOn(directory: Directory, device: DeviceRecord): void {
  if (device.active) return;
  for (const session of directory.sessions.values()) {
    if (session.device === device.id) directory.sessions.delete(session.id);
  }
}

/** `POST /login {userName, password?, device?}`: what the company's applications would call. */
function serveLogin(app: FastifyInstance, directory: Directory): void {
  app.post("/login", (request, reply) => {
    const body = request.body as Record<string, unknown> | null;
    if (typeof body?.["userName"] !== "string") throw new ScimFault(400, "userName is required.");
    const result = login(directory, body["userName"], {
      ...(typeof body["password"] === "string" ? { password: body["password"] } : {}),
      ...(typeof body["device"] === "string" ? { device: body["device"] } : {}),
    });
    return answer(reply, result.ok ? 201 : 403, result);
  });
}
