import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import { authenticate, checkDoor, type Role } from "./accounts.ts";
import type { Answer, Desk } from "./answer.ts";
import { framed } from "./compressed-blocks.ts";
import { answerOf, type DbException } from "./exceptions.ts";
import { goHello, isGoHello } from "./go-hello.ts";
import { type HttpCall, readCall } from "./http-call.ts";
import type { HostSettings } from "./protocol.ts";

const pack = promisify(gzip);

/** Clients drop idle sockets before this; ours after 2.5 s. */
const KEEP_ALIVE_MS = 10_000;
const VERSION = "26.7.2.1";

/** ClickHouse's HTTP interface as clients use it: `/ping`, and statements by GET and POST on `/`. */
export function createHttpServer(desk: Desk, settings: HostSettings): Server {
  const server = createServer({ keepAliveTimeout: KEEP_ALIVE_MS }, (request, response) => {
    serve(desk, settings, request, response).catch((error: unknown) => {
      if (response.headersSent) response.destroy();
      else refuse(response, answerOf(error));
    });
  });
  server.requestTimeout = 300_000;
  server.headersTimeout = 20_000;
  server.maxConnections = 512;
  return server;
}

async function serve(
  desk: Desk,
  settings: HostSettings,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  checkDoor(request, settings.allowedHosts);
  const url = new URL(request.url ?? "/", "http://localhost");
  if (url.pathname === "/ping" || url.pathname === "/replicas_status") return ok(response);
  if (url.pathname !== "/") {
    response.writeHead(404).end("There is no handle for this path.\n");
    return;
  }
  const hasQuery = url.searchParams.has("query");
  if (request.method !== "POST" && !hasQuery) return ok(response);
  const known = authenticate(request, url, settings);
  // GET changes nothing, whoever asks, as in ClickHouse; nor does who asks not to.
  const isReadOnly = request.method !== "POST" || Number(url.searchParams.get("readonly") ?? 0) > 0;
  const role: Role = isReadOnly ? "reader" : known;
  const call = await readCall(request, url);
  if (isGoHello(call.statement)) return reply(response, call, hello());
  const gone = new AbortController();
  response.once("close", () => {
    if (!response.writableFinished) gone.abort();
  });
  const answer = await desk.answer(call, role, gone.signal);
  return reply(response, call, answer);
}

const hello = (): Answer => ({
  result: { bytes: goHello(VERSION), rowsRead: 0, bytesRead: 0 },
  format: "Native",
});

function ok(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/html; charset=UTF-8" }).end("Ok.\n");
}

async function reply(response: ServerResponse, call: HttpCall, answer: Answer): Promise<void> {
  const { result, format } = answer;
  let body: Uint8Array = call.framed ? framed(result.bytes) : result.bytes;
  const headers: Record<string, string> = {
    "content-type": contentType(format),
    "x-clickhouse-server-display-name": "metsuke",
    "x-clickhouse-query-id": call.queryId.replaceAll(/[^\w.:-]/g, "_").slice(0, 128),
    "x-clickhouse-format": format,
    "x-clickhouse-timezone": "UTC",
    "x-clickhouse-summary": summary(answer),
  };
  if (call.gzip) {
    body = await pack(body, { level: 1 });
    headers["content-encoding"] = "gzip";
  }
  headers["content-length"] = String(body.length);
  response.writeHead(200, headers).end(body);
}

const summary = ({ result }: Answer): string =>
  JSON.stringify({
    read_rows: String(result.rowsRead),
    read_bytes: String(result.bytesRead),
    written_rows: "0",
    written_bytes: "0",
    result_rows: "0",
    result_bytes: String(result.bytes.length),
  });

function refuse(response: ServerResponse, refusal: DbException): void {
  response
    .writeHead(refusal.status, {
      "content-type": "text/plain; charset=UTF-8",
      "x-clickhouse-exception-code": String(refusal.code),
      ...(refusal.status === 403 || refusal.code === 307 ? { connection: "close" } : {}),
    })
    .end(refusal.body);
}

function contentType(format: string): string {
  if (/^(JSON|NDJSON)/.test(format)) {
    return format.includes("EachRow") || format === "NDJSON"
      ? "application/x-ndjson; charset=UTF-8"
      : "application/json; charset=UTF-8";
  }
  if (/^(TSV|TabSeparated)/.test(format)) return "text/tab-separated-values; charset=UTF-8";
  if (format.startsWith("CSV")) return "text/csv; charset=UTF-8; header=absent";
  if (/^(Pretty|Vertical|Markdown|XML|Values)/.test(format)) return "text/plain; charset=UTF-8";
  return "application/octet-stream";
}
