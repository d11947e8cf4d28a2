import { type Static, Type } from "typebox";

const RawTopic = Type.Object(
  {
    topic: Type.String({ description: "Topic that shippers write.", minLength: 1 }),
    dataset: Type.Optional(
      Type.String({ description: "Format of its records; without it each record is sniffed." }),
    ),
    authenticated: Type.Boolean({
      description: "Vouch for the topic's access list, so that its events may lead to a lock.",
      default: false,
    }),
    tenant: Type.String({ description: "Tenant of its events.", default: "default" }),
    timezone: Type.Optional(Type.String({ description: "IANA zone of times without one." })),
  },
  { additionalProperties: false },
);

export const KafkaParams = Type.Object(
  {
    topics: Type.Array(RawTopic, { description: "Raw topics to read.", minItems: 1 }),
    group: Type.String({
      description: "Consumer group that shares the partitions.",
      default: "metsuke-ingest",
    }),
    max_record_bytes: Type.Integer({
      description: "A longer record becomes a reject with its head.",
      minimum: 1_024,
      maximum: 16_777_216,
      default: 524_288,
    }),
  },
  { additionalProperties: false },
);
export type KafkaParams = Static<typeof KafkaParams>;
