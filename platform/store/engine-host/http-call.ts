import type { IncomingMessage } from "node:http";
import { createGunzip, createInflate } from "node:zlib";
import { pipeline, type Readable, type Transform } from "node:stream";
import { Refusal } from "./exceptions.ts";

/** Bodies above this are refused: 413 in ClickHouse's words. */
const MAX_BODY_BYTES = 256 << 20;

/** Query parameters that are neither settings nor statement parameters. */
const OWN = new Set(["query", "database", "user", "password", "default_format", "compress"]);

export interface HttpCall {
  /** Statement: `?query=` if there, else the body. */
  readonly statement: string;
  /** Rows of an INSERT; empty when the body was the statement. */
  readonly body: Buffer;
  readonly database: string | undefined;
  readonly format: string | undefined;
  readonly queryId: string;
  readonly settings: readonly (readonly [string, string])[];
  readonly parameters: readonly (readonly [string, string])[];
  /** ClickHouse's own block framing, for JDBC and Go. */
  readonly framed: boolean;
  readonly gzip: boolean;
}

export async function readCall(request: IncomingMessage, url: URL): Promise<HttpCall> {
  const body = await readBody(request);
  const query = url.searchParams.get("query");
  const settings: (readonly [string, string])[] = [];
  const parameters: (readonly [string, string])[] = [];
  for (const [name, value] of url.searchParams) {
    if (name.startsWith("param_")) parameters.push([name.slice(6), value]);
    else if (!OWN.has(name)) settings.push([name, value]);
  }
  const wantsGzip = url.searchParams.get("enable_http_compression") === "1";
  return {
    statement: query ?? body.toString("utf8"),
    body: query === null ? Buffer.alloc(0) : body,
    database: url.searchParams.get("database") ?? header(request, "x-clickhouse-database"),
    format: url.searchParams.get("default_format") ?? header(request, "x-clickhouse-format"),
    queryId: url.searchParams.get("query_id") ?? crypto.randomUUID(),
    settings,
    parameters,
    framed: url.searchParams.get("compress") === "1",
    gzip: wantsGzip && /\bgzip\b/.test(header(request, "accept-encoding") ?? ""),
  };
}

export const header = (request: IncomingMessage, name: string): string | undefined => {
  const value = request.headers[name];
  return typeof value === "string" ? value : value?.[0];
};

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of decoded(request)) {
    size += (chunk as Buffer).length;
    if (size > MAX_BODY_BYTES) {
      throw new Refusal(307, "TOO_MANY_BYTES", `A body holds at most ${MAX_BODY_BYTES} bytes.`);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks, size);
}

function decoded(request: IncomingMessage): Readable {
  const encoding = header(request, "content-encoding") ?? "identity";
  switch (encoding) {
    case "":
    case "identity":
      return request;
    case "gzip":
    case "x-gzip":
      return through(request, createGunzip());
    case "deflate":
      return through(request, createInflate());
    default:
      throw new Refusal(48, "NOT_IMPLEMENTED", `Content-Encoding ${encoding}: send gzip or plain.`);
  }
}

/** `pipeline` carries a broken connection on to the reader; its own callback has nothing to add. */
function through(request: IncomingMessage, decoder: Transform): Readable {
  pipeline(request, decoder, () => undefined);
  return decoder;
}
