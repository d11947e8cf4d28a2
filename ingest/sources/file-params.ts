import { type Static, Type } from "typebox";

export const FileParams = Type.Object(
  {
    paths: Type.Array(Type.String(), { description: "Files to read.", minItems: 1 }),
    follow: Type.Boolean({
      description: "Keep reading what is appended, over rotations; false reads to the end once.",
      default: true,
    }),
    name: Type.String({
      description: "Names the saved positions; unique among the file sources of a machine.",
      default: "file",
      minLength: 1,
    }),
    authenticated: Type.Boolean({
      description: "Vouch for who can write the files, so that their events may lead to a lock.",
      default: false,
    }),
    tenant: Type.String({ description: "Tenant of their events.", default: "default" }),
    dataset: Type.Optional(
      Type.String({ description: "Format of their records; without it each record is sniffed." }),
    ),
    timezone: Type.Optional(Type.String({ description: "IANA zone of times without one." })),
    historical: Type.Boolean({
      description: "Learn from them without raising anomalies, as `backfill` does.",
      default: false,
    }),
    poll_ms: Type.Integer({
      description: "How often a followed file is looked at.",
      minimum: 10,
      default: 500,
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
export type FileParams = Static<typeof FileParams>;
