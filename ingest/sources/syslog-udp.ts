import { createSocket } from "node:dgram";
import { once } from "node:events";
import { isIPv6 } from "node:net";
import { errorText } from "../../platform/errors.ts";
import type { OpenSource, RawBatch, SourceContext } from "../source.ts";
import { peerAddress } from "./exposure.ts";
import { persist } from "./persist.ts";
import type { SyslogParams } from "./syslog-params.ts";

const COMPONENT = "ingest.syslog-udp";

function batchOf(context: SourceContext<SyslogParams>, message: Buffer, peer: string): RawBatch {
  const { params } = context;
  const max = params.max_message_bytes;
  const fits = message.length <= max;
  const reason = `the datagram has ${message.length} bytes, at most ${max} are taken`;
  return {
    provenance: {
      tenant: params.tenant,
      transport: "syslog-udp",
      senderId: peer,
      peer,
      // An address in a datagram proves nothing.
      authenticated: false,
    },
    ...(params.dataset === undefined ? {} : { dataset: params.dataset }),
    ...(params.timezone === undefined ? {} : { timezone: params.timezone }),
    records: fits ? [message] : [],
    refused: fits ? [] : [{ bytes: message.subarray(0, max), code: "record_too_long", reason }],
    arrivedAt: context.now(),
  };
}

/** One datagram, one message. UDP cannot be held back: what finds no room is dropped and counted. */
export async function openUdp(
  context: SourceContext<SyslogParams>,
  port: number,
): Promise<OpenSource> {
  const { params, metrics, log } = context;
  const socket = createSocket({
    type: isIPv6(params.host) ? "udp6" : "udp4",
    recvBufferSize: params.udp_receive_bytes,
  });
  const open = new Set<Promise<unknown>>();
  let waiting = 0;

  socket.on("message", (message, { address }) => {
    if (message.length === 0) return;
    if (waiting + message.length > params.udp_waiting_bytes) {
      metrics.errors.inc({ component: COMPONENT, reason: "dropped" });
      return;
    }
    waiting += message.length;
    const batch = batchOf(context, message, peerAddress(address));
    const taken = persist(context, batch, context.signal).then(() => {
      waiting -= message.length;
      open.delete(taken);
    });
    open.add(taken);
  });
  socket.bind(port, params.host);
  await once(socket, "listening");
  socket.on("error", (error) => {
    metrics.errors.inc({ component: COMPONENT, reason: "socket" });
    log.error({ err: errorText(error) }, "udp socket failed");
  });
  const bound = socket.address();
  return {
    address: `udp://${params.host}:${bound.port}`,
    async close() {
      socket.close();
      await Promise.all(open);
    },
  };
}
