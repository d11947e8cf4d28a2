import { randomBytes, timingSafeEqual } from "node:crypto";
import { chmod, rm, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { errorCodes, errorText, MetsukeError } from "../../platform/errors.ts";
import type { Operations } from "./operations.ts";

/** What `instance.json` in the data folder tells commands: where to knock and with which word. */
export interface InstanceFile {
  readonly socket: string;
  readonly token: string;
  readonly pid: number;
}

export const instanceFile = (dataDir: string): string => join(dataDir, "instance.json");

/** A Unix socket's path holds at most about 104 bytes (sockaddr_un on macOS). */
const MAX_SOCKET_PATH = 100;
const MAX_BODY = 1 << 20;

type Handler = (body: Readonly<Record<string, unknown>>, response: ServerResponse) => Promise<void>;

/** Serves the operations to commands of the same account on this machine. */
export async function serveInstance(dataDir: string, operations: Operations) {
  const preferred = join(dataDir, "metsuke.sock");
  const socket =
    preferred.length <= MAX_SOCKET_PATH
      ? preferred
      : join(tmpdir(), `metsuke-${randomBytes(6).toString("hex")}.sock`);
  const token = randomBytes(24).toString("base64url");
  await rm(socket, { force: true });
  const routes = handlers(operations);
  const server = createServer((request, response) => {
    answer(request, response, { routes, token }).catch((error: unknown) => {
      fail(response, error);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socket, resolve);
  });
  await chmod(socket, 0o600);
  const file: InstanceFile = { socket, token, pid: process.pid };
  await rm(instanceFile(dataDir), { force: true });
  await writeFile(instanceFile(dataDir), JSON.stringify(file), { mode: 0o600 });
  return {
    close: async (): Promise<void> => {
      await rm(instanceFile(dataDir), { force: true });
      server.closeAllConnections();
      await new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
      });
    },
  };
}

function handlers(operations: Operations): ReadonlyMap<string, Handler> {
  const send = (response: ServerResponse, value: unknown) => {
    response.setHeader("content-type", "application/json");
    response.end(JSON.stringify(value));
  };
  const by = (body: Readonly<Record<string, unknown>>) =>
    typeof body["by"] === "string" ? body["by"] : "operator";
  return new Map<string, Handler>([
    ["/status", async (_body, response) => send(response, await operations.status())],
    ["/actions", async (_body, response) => send(response, await operations.actions())],
    ["/stop", async (body, response) => send(response, await operations.stop(by(body)))],
    ["/resume", async (body, response) => send(response, await operations.resume(by(body)))],
    [
      "/undo",
      async (body, response) => {
        const ids = Array.isArray(body["ids"]) ? body["ids"].map(String) : [];
        await operations.undo(ids, by(body));
        send(response, { requested: ids.length });
      },
    ],
    [
      "/query",
      async (body, response) => {
        const chunks = await operations.query(String(body["sql"]), String(body["format"]));
        response.setHeader("content-type", "application/octet-stream");
        for await (const chunk of chunks) {
          if (!response.write(chunk))
            await new Promise((resolve) => response.once("drain", resolve));
        }
        response.end();
      },
    ],
  ]);
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  served: { readonly routes: ReadonlyMap<string, Handler>; readonly token: string },
): Promise<void> {
  const given = Buffer.from(request.headers.authorization ?? "");
  const wanted = Buffer.from(`Bearer ${served.token}`);
  if (given.length !== wanted.length || !timingSafeEqual(given, wanted)) {
    response.statusCode = 401;
    response.end();
    return;
  }
  const handler = served.routes.get(request.url ?? "");
  if (handler === undefined || request.method !== "POST") {
    response.statusCode = 404;
    response.end();
    return;
  }
  await handler(await readBody(request), response);
}

async function readBody(request: IncomingMessage): Promise<Readonly<Record<string, unknown>>> {
  let size = 0;
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY)
      throw new MetsukeError("METSUKE_USAGE", "the request is larger than 1 MiB");
    chunks.push(chunk);
  }
  const text = Buffer.concat(chunks).toString("utf8");
  return text === "" ? {} : (JSON.parse(text) as Readonly<Record<string, unknown>>);
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const code = error instanceof MetsukeError ? error.code : "METSUKE_INTERNAL";
  response.statusCode = code in errorCodes && code !== "METSUKE_INTERNAL" ? 422 : 500;
  response.setHeader("content-type", "application/json");
  response.end(JSON.stringify({ code, message: errorText(error) }));
}
