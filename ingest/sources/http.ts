import { Readable } from "node:stream";
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from "fastify";
import { MetsukeError, errorText } from "../../platform/errors.ts";
import type { OpenSource, Provenance, RawBatch, Source, SourceContext } from "../source.ts";
import { checkExposure, isLoopback, peerAddress } from "./exposure.ts";
import { takeBody } from "./http-body.ts";
import { HttpParams } from "./http-params.ts";
import { type Token, createTokenFinder } from "./tokens.ts";
import { checkTimezone } from "./timezone.ts";

const DATASET = /^[a-z0-9][a-z0-9._-]{0,63}$/;
const REQUEST_TIMEOUT_MS = 300_000;
const CLOSE_GRACE_MS = 5_000;

type Context = SourceContext<HttpParams>;

/** Name of a `Host` header without its port, lower case; an IPv6 address keeps its brackets. */
const hostName = (header: string): string => header.toLowerCase().replace(/:\d{1,5}$/, "");

/** A page in a browser must not reach us: it always sends an Origin, or a name we do not have. */
function doorKeeper(params: HttpParams) {
  const bracketed = params.host.includes(":") ? `[${params.host}]` : params.host;
  const names = new Set([...params.hosts, bracketed].map((name) => name.toLowerCase()));
  return (request: FastifyRequest): string | undefined => {
    if (request.headers.origin !== undefined) return "requests with an Origin header are refused";
    const host = hostName(request.headers.host ?? "");
    return names.has(host) ? undefined : "this Host is not listed under `hosts`";
  };
}

function provenanceOf(context: Context, request: FastifyRequest, token?: Token): Provenance {
  const { params } = context;
  return {
    tenant: token?.tenant ?? params.tenant,
    transport: "http",
    senderId: token?.id ?? "http",
    peer: peerAddress(request.raw.socket.remoteAddress),
    authenticated: token !== undefined || (params.trusted && params.tokens.length === 0),
  };
}

/** Fixed by the token, else asked for, else configured; null when what is asked for is no name. */
function datasetOf(params: HttpParams, request: FastifyRequest, token?: Token) {
  const asked = (request.query as Record<string, unknown>)["dataset"];
  if (token?.dataset !== undefined) return token.dataset;
  if (asked === undefined) return params.dataset;
  return typeof asked === "string" && DATASET.test(asked) ? asked : null;
}

const refuse = (reply: FastifyReply, status: number, error: string): FastifyReply =>
  // The body was not read: the connection cannot be used again.
  reply.code(status).header("connection", "close").send({ error });

/** Reads a body and answers it, or breaks the connection. */
function bodyReader(context: Context) {
  const { params, accept, metrics } = context;
  const limits = {
    maxRecordBytes: params.max_record_bytes,
    maxInflatedBytes: params.max_inflated_bytes,
    maxRatio: params.max_ratio,
  };
  return async (request: FastifyRequest, reply: FastifyReply, base: RawBatch) => {
    const body = request.body instanceof Readable ? request.body : Readable.from([]);
    const gzip = request.headers["content-encoding"] === "gzip";
    const patienceMs = params.patience_seconds * 1_000;
    const batch = (): RawBatch => ({ ...base, arrivedAt: context.now() });
    try {
      const { problem, ...done } = await takeBody(body, gzip, limits, {
        accept,
        patienceMs,
        batch,
      });
      if (problem === undefined) return reply.send(done);
      metrics.errors.inc({ component: "ingest.http", reason: "body" });
      reply.code(problem.status).header("connection", "close");
      return reply.send({ error: problem.message, ...done });
    } catch (error) {
      metrics.errors.inc({ component: "ingest.http", reason: "dropped" });
      context.log.warn({ err: errorText(error) }, "request dropped, not acknowledged");
      // Several clients lose data on an error status once the body is sent; every one sends again
      // when the connection breaks.
      reply.hijack();
      request.raw.socket.destroy();
      return reply;
    }
  };
}

function eventsHandler(context: Context) {
  const { params, metrics } = context;
  const read = bodyReader(context);
  const find = createTokenFinder(params.tokens);
  let open = 0;

  return async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const token = find(request.headers.authorization);
    if (params.tokens.length > 0 && token === undefined) {
      metrics.errors.inc({ component: "ingest.http", reason: "token" });
      void reply.header("www-authenticate", "Bearer");
      return refuse(reply, 401, "a bearer token is needed");
    }
    const dataset = datasetOf(params, request, token);
    if (dataset === null) return refuse(reply, 400, "dataset is not a dataset name");
    if (!["gzip", "identity", undefined].includes(request.headers["content-encoding"])) {
      return refuse(reply, 415, "content-encoding is gzip or none");
    }
    if (context.full() || open >= params.max_requests) {
      void reply.header("retry-after", "1");
      return refuse(reply, 503, "full; send it again");
    }
    open++;
    try {
      return await read(request, reply, {
        provenance: provenanceOf(context, request, token),
        ...(dataset === undefined ? {} : { dataset }),
        ...(params.timezone === undefined ? {} : { timezone: params.timezone }),
        records: [],
        arrivedAt: 0,
      });
    } finally {
      open--;
    }
  };
}

function createServer(context: Context): FastifyInstance {
  const server = fastify({ logger: false, requestTimeout: REQUEST_TIMEOUT_MS, bodyLimit: 2 ** 40 });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser("*", (_request, payload, done) => {
    done(null, payload);
  });
  const refusal = doorKeeper(context.params);
  server.addHook("onRequest", async (request, reply) => {
    const reason = refusal(request);
    // A body is bytes whatever its sender calls it, also when that is no media type.
    request.raw.headers["content-type"] = "application/octet-stream";
    if (reason === undefined) return undefined;
    context.metrics.errors.inc({ component: "ingest.http", reason: "door" });
    return refuse(reply, 403, reason);
  });
  server.get("/health", async () => ({ status: "ok", full: context.full() }));
  server.post("/v1/events", eventsHandler(context));
  return server;
}

/** `POST /v1/events`: NDJSON, lines or one JSON array; answered when durable. `GET /health`. */
export const http: Source<HttpParams> = {
  name: "http",
  title: "HTTP, NDJSON",
  params: HttpParams,

  async open(context): Promise<OpenSource> {
    const { params, log } = context;
    checkTimezone("http", params.timezone);
    checkExposure(
      {
        name: "http",
        host: params.host,
        proves: params.tokens.length > 0,
        unauthenticated: params.unauthenticated,
        remedy: "give it `tokens`",
      },
      log,
    );
    if (params.trusted && !isLoopback(params.host)) {
      const message = "Source http: `trusted` is for loopback; beyond it, senders need `tokens`.";
      throw new MetsukeError("METSUKE_CONFIG_INVALID", message);
    }
    const server = createServer(context);
    const address = await server.listen({ host: params.host, port: params.port });
    return {
      address: `${address}/v1/events`,
      async close() {
        // Who is still sending by then was not answered, and sends again.
        const timer = setTimeout(() => server.server.closeAllConnections(), CLOSE_GRACE_MS);
        await server.close();
        clearTimeout(timer);
      },
    };
  },
};
