import { type Static, Type } from "typebox";

const closed = { additionalProperties: false };

export const SyslogParams = Type.Object(
  {
    host: Type.String({ description: "Address to listen on.", default: "127.0.0.1" }),
    port: Type.Integer({
      description: "Port of TCP (or TLS) and UDP; 0 takes a free one.",
      minimum: 0,
      maximum: 65_535,
      default: 5514,
    }),
    tcp: Type.Boolean({ description: "Listen on TCP, both framings.", default: true }),
    udp: Type.Boolean({ description: "Listen on UDP.", default: false }),
    tls: Type.Optional(
      Type.Object(
        {
          cert: Type.String({ description: "Path of the server certificate, PEM." }),
          key: Type.String({ description: "Path of its private key, PEM." }),
          ca: Type.Optional(
            Type.String({
              description:
                "Path of the authority of client certificates, PEM; with it every sender needs one, and is authenticated by it.",
            }),
          ),
        },
        { ...closed, description: "TLS on the TCP port." },
      ),
    ),
    trusted_relay: Type.Boolean({
      description: "Vouch for TCP peers on loopback: a relay on this machine.",
      default: false,
    }),
    unauthenticated: Type.Boolean({
      description: "Listen beyond loopback without proof of who sends; such events never lock.",
      default: false,
    }),
    tenant: Type.String({ description: "Tenant of its events.", default: "default" }),
    dataset: Type.Optional(
      Type.String({ description: "Format of its records; without it each record is sniffed." }),
    ),
    timezone: Type.Optional(Type.String({ description: "IANA zone of times without one." })),
    max_message_bytes: Type.Integer({
      description: "A longer message becomes a reject with its head.",
      minimum: 480,
      maximum: 1_048_576,
      default: 65_536,
    }),
    idle_seconds: Type.Number({
      description: "A connection silent for so long is closed; 0 never.",
      minimum: 0,
      default: 3_600,
    }),
    max_connections: Type.Integer({ description: "Open at once.", minimum: 1, default: 1_024 }),
    max_connections_per_peer: Type.Integer({
      description: "Open at once from one address.",
      minimum: 1,
      default: 64,
    }),
    udp_receive_bytes: Type.Integer({
      description: "Receive buffer asked of the system (SO_RCVBUF).",
      minimum: 65_536,
      default: 8_388_608,
    }),
    udp_waiting_bytes: Type.Integer({
      description: "Datagrams that may wait for the event log; more are dropped and counted.",
      minimum: 65_536,
      default: 16_777_216,
    }),
  },
  closed,
);
export type SyslogParams = Static<typeof SyslogParams>;
