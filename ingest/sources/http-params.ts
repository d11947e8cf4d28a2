import { type Static, Type } from "typebox";
import { Token } from "./tokens.ts";

const closed = { additionalProperties: false };

export const HttpParams = Type.Object(
  {
    host: Type.String({ description: "Address to listen on.", default: "127.0.0.1" }),
    port: Type.Integer({
      description: "Port to listen on; 0 takes a free one.",
      minimum: 0,
      maximum: 65_535,
      default: 7701,
    }),
    hosts: Type.Array(Type.String(), {
      description:
        "Names a `Host` header may carry, beside the address listened on; others are refused.",
      default: ["localhost", "127.0.0.1", "[::1]"],
    }),
    tokens: Type.Array(Token, {
      description: "Who may send. Without any, whoever reaches the address may.",
      default: [],
    }),
    trusted: Type.Boolean({
      description:
        "Without tokens, on loopback: vouch for what comes, so that it may lead to a lock.",
      default: false,
    }),
    unauthenticated: Type.Boolean({
      description: "Listen beyond loopback without tokens; such events never lead to a lock.",
      default: false,
    }),
    tenant: Type.String({ description: "Tenant where no token says it.", default: "default" }),
    dataset: Type.Optional(Type.String({ description: "Format where nothing else says it." })),
    timezone: Type.Optional(Type.String({ description: "IANA zone of times without one." })),
    max_record_bytes: Type.Integer({
      description: "A longer record becomes a reject with its head.",
      minimum: 1_024,
      maximum: 16_777_216,
      default: 524_288,
    }),
    max_inflated_bytes: Type.Integer({
      description: "A compressed body may inflate to this.",
      minimum: 1_048_576,
      default: 67_108_864,
    }),
    max_ratio: Type.Integer({
      description: "A compressed body above 4 MiB may grow by this factor.",
      minimum: 10,
      default: 200,
    }),
    max_requests: Type.Integer({
      description: "Bodies read at once; above it `503` with `Retry-After`.",
      minimum: 1,
      default: 64,
    }),
    patience_seconds: Type.Number({
      description: "How long a body waits for the event log before its connection is dropped.",
      exclusiveMinimum: 0,
      default: 20,
    }),
  },
  closed,
);
export type HttpParams = Static<typeof HttpParams>;
