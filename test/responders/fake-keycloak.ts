import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface FakeKeycloak {
  readonly origin: string;
  readonly users: Map<string, FakeUser>;
  /** Tokens given out so far. */
  tokensIssued(): number;
  /** Makes every token given out so far unknown. */
  revokeTokens(): void;
  stop(): Promise<void>;
}

export interface FakeUser {
  readonly id: string;
  username: string;
  enabled: boolean;
  /** Something a PUT that does not send all back would lose. */
  attributes: Record<string, string[]>;
  sessions: string[];
  offline: string[];
}

export const FAKE_SECRET = "client-secret-0123456789";
const CLIENT = "5b0f0f0e-aaaa-4bbb-8ccc-0123456789ab";

/**
 * The answers of Keycloak 26.7 that the responder meets, as the real one gives them (the slow
 * tests run the same responder against it). A logout here never ends offline sessions.
 */
export async function startFakeKeycloak(
  users: readonly FakeUser[],
  expiresIn = 60,
): Promise<FakeKeycloak> {
  const byId = new Map(users.map((user) => [user.id, user]));
  let issued = 0;
  let firstValid = 0;
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (chunk: Buffer) => (text += chunk.toString()));
    request.on("end", () => {
      const url = new URL(request.url ?? "/", "http://fake");
      const reply = (status: number, body?: unknown) => {
        response.writeHead(status, { "content-type": "application/json" });
        response.end(body === undefined ? "" : JSON.stringify(body));
      };
      if (url.pathname === "/realms/m/protocol/openid-connect/token") {
        if (new URLSearchParams(text).get("client_secret") !== FAKE_SECRET) {
          return reply(401, { error: "unauthorized_client", error_description: "Invalid client" });
        }
        issued += 1;
        return reply(200, { access_token: `issued-token-${issued}-0000`, expires_in: expiresIn });
      }
      const token = /^Bearer issued-token-(\d+)-0000$/.exec(request.headers.authorization ?? "");
      if (token === null || Number(token[1]) <= firstValid)
        return reply(401, { error: "HTTP 401" });
      return answerAdmin(byId, { method: request.method ?? "", url, text }, reply);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    users: byId,
    tokensIssued: () => issued,
    revokeTokens: () => (firstValid = issued),
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

type Reply = (status: number, body?: unknown) => void;

function answerAdmin(
  users: Map<string, FakeUser>,
  { method, url, text }: { method: string; url: URL; text: string },
  reply: Reply,
): void {
  const path = url.pathname.replace(/^\/admin\/realms\/m/, "");
  const session = /^\/sessions\/(.+)$/.exec(path)?.[1];
  if (method === "DELETE" && session !== undefined) {
    const owner = [...users.values()].find((user) => user.offline.includes(session));
    if (owner === undefined || url.searchParams.get("isOffline") !== "true") return reply(404);
    owner.offline = owner.offline.filter((id) => id !== session);
    return reply(204);
  }
  if (path === "/users") {
    const wanted = url.searchParams.get("username")?.toLowerCase();
    return reply(
      200,
      [...users.values()]
        .filter((user) => user.username === wanted)
        .map(({ id, username }) => ({ id, username })),
    );
  }
  const [, id = "", rest = ""] = /^\/users\/([^/]+)(.*)$/.exec(path) ?? [];
  const user = users.get(id);
  if (user === undefined) return reply(404, { error: "User not found" });
  return answerUser(user, { method, rest, text }, reply);
}

function answerUser(
  user: FakeUser,
  { method, rest, text }: { method: string; rest: string; text: string },
  reply: Reply,
): void {
  const { sessions, offline, ...representation } = user;
  switch (`${method} ${rest}`) {
    case "GET ":
      return reply(200, representation);
    case "PUT ": {
      const { enabled, attributes } = JSON.parse(text) as Partial<FakeUser>;
      user.enabled = enabled ?? false;
      user.attributes = attributes ?? {};
      return reply(204);
    }
    case "POST /logout":
      user.sessions = [];
      return reply(204);
    case "GET /sessions":
      return reply(
        200,
        sessions.map((id) => ({ id })),
      );
    case "GET /consents":
      return reply(
        200,
        offline.length === 0
          ? []
          : [{ clientId: "app", additionalGrants: [{ client: CLIENT, key: "Offline Token" }] }],
      );
    case `GET /offline-sessions/${CLIENT}`:
      return reply(
        200,
        offline.map((id) => ({ id })),
      );
    default:
      return reply(404, { error: "Unknown" });
  }
}
