import { readFile } from "node:fs/promises";
import { once } from "node:events";
import { type AddressInfo, type Server, type Socket, createServer } from "node:net";
import { type PeerCertificate, TLSSocket, createServer as createTlsServer } from "node:tls";
import { MetsukeError, errorText } from "../../platform/errors.ts";
import type { OpenSource, Provenance, SourceContext } from "../source.ts";
import { isLoopback, peerAddress } from "./exposure.ts";
import { createFramer } from "./frames.ts";
import { createOrdinalMemory } from "./ordinals.ts";
import { persist } from "./persist.ts";
import type { Split } from "./split.ts";
import type { SyslogParams } from "./syslog-params.ts";

type Context = SourceContext<SyslogParams>;

const COMPONENT = "ingest.syslog-tcp";
const HANDSHAKE_MS = 10_000;
/** How long a peer may take to see that we closed; what it sent before that is still taken. */
const GRACE_MS = 1_000;

function certificateName(certificate: PeerCertificate): string {
  const name = certificate.subject?.CN as string | string[] | undefined;
  const first = Array.isArray(name) ? name[0] : name;
  return first ?? certificate.subjectaltname ?? certificate.fingerprint256;
}

function provenanceOf(context: Context, socket: Socket): Provenance {
  const { params } = context;
  const peer = peerAddress(socket.remoteAddress);
  const from = { tenant: params.tenant, transport: "syslog-tcp", peer } as const;
  if (socket instanceof TLSSocket && socket.authorized && params.tls?.ca !== undefined) {
    return { ...from, senderId: certificateName(socket.getPeerCertificate()), authenticated: true };
  }
  const relay = params.trusted_relay && isLoopback(peer);
  return { ...from, senderId: relay ? "relay" : peer, authenticated: relay };
}

/** Reads one connection to its end; nothing more is read while a batch waits to be durable. */
async function serve(context: Context, socket: Socket): Promise<void> {
  const { params } = context;
  const provenance = provenanceOf(context, socket);
  const framer = createFramer(params.max_message_bytes);
  const memory = createOrdinalMemory();
  const idle = params.idle_seconds * 1_000;
  socket.on("timeout", () => socket.destroy());

  const send = async (split: Split): Promise<void> => {
    if (split.records.length + split.refused.length === 0) return;
    // Our own waiting is not the peer's silence.
    socket.setTimeout(0);
    const batch = {
      provenance,
      ...(params.dataset === undefined ? {} : { dataset: params.dataset }),
      ...(params.timezone === undefined ? {} : { timezone: params.timezone }),
      ...split,
      ordinals: memory.take(split.records),
      arrivedAt: context.now(),
    };
    await persist(context, batch, context.signal);
    socket.setTimeout(idle);
  };

  let orderly = false;
  socket.setTimeout(idle);
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) await send(framer.push(chunk));
    orderly = !socket.errored;
  } catch (error) {
    context.metrics.errors.inc({ component: COMPONENT, reason: "connection" });
    context.log.warn({ peer: provenance.peer, err: errorText(error) }, "connection broke");
  } finally {
    socket.destroy();
  }
  await send(framer.end(orderly));
}

async function createListener(params: SyslogParams): Promise<Server> {
  if (params.tls === undefined) return createServer({ noDelay: true });
  const read = async (path: string): Promise<Buffer> =>
    readFile(path).catch((cause: unknown) => {
      const message = `Source syslog: ${path} cannot be read (${errorText(cause)}).`;
      throw new MetsukeError("METSUKE_FILE_UNREADABLE", message, { cause });
    });
  const { cert, key, ca } = params.tls;
  return createTlsServer({
    cert: await read(cert),
    key: await read(key),
    handshakeTimeout: HANDSHAKE_MS,
    ...(ca === undefined
      ? {}
      : { ca: await read(ca), requestCert: true, rejectUnauthorized: true }),
  });
}

/** Whether one more connection from the peer may open; counts it until it closes. */
function createDoor(context: Context) {
  const { params, metrics } = context;
  const peers = new Map<string, number>();
  let total = 0;
  return (socket: Socket): boolean => {
    const peer = peerAddress(socket.remoteAddress);
    const count = peers.get(peer) ?? 0;
    if (total >= params.max_connections || count >= params.max_connections_per_peer) {
      metrics.errors.inc({ component: COMPONENT, reason: "connections" });
      socket.destroy();
      return false;
    }
    total++;
    peers.set(peer, count + 1);
    socket.once("close", () => {
      total--;
      const left = (peers.get(peer) ?? 1) - 1;
      if (left === 0) peers.delete(peer);
      else peers.set(peer, left);
    });
    return true;
  };
}

/** Syslog over TCP or TLS. */
export async function openTcp(context: Context): Promise<OpenSource & { readonly port: number }> {
  const { params, log } = context;
  const server = await createListener(params);
  const sockets = new Set<Socket>();
  const serving = new Set<Promise<void>>();
  const admits = createDoor(context);

  const start = (socket: Socket): void => {
    sockets.add(socket);
    const served = serve(context, socket)
      .catch((error: unknown) => {
        log.error({ err: errorText(error) }, "end of a connection lost");
      })
      .finally(() => {
        sockets.delete(socket);
        serving.delete(served);
      });
    serving.add(served);
  };

  server.on("connection", (socket: Socket) => {
    // A handshake may fail before anyone else listens.
    socket.on("error", () => socket.destroy());
    if (admits(socket) && params.tls === undefined) start(socket);
  });
  server.on("secureConnection", start);
  server.on("tlsClientError", (error: Error) => {
    context.metrics.errors.inc({ component: COMPONENT, reason: "tls" });
    log.warn({ err: error.message }, "TLS handshake failed");
  });
  server.listen(params.port, params.host);
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    address: `${params.tls === undefined ? "tcp" : "tls"}://${params.host}:${port}`,
    port,
    async close() {
      server.close();
      for (const socket of sockets) socket.end();
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy();
      }, GRACE_MS);
      while (serving.size > 0) await Promise.all(serving);
      clearTimeout(timer);
    },
  };
}
