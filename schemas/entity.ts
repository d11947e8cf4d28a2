import { type Static, Type } from "typebox";

/** What state is kept about and what actions aim at. */
export const EntityKind = Type.Union([
  Type.Literal("user"),
  Type.Literal("service"),
  Type.Literal("device"),
  Type.Literal("host"),
  Type.Literal("source"),
  Type.Literal("session"),
  Type.Literal("organization"),
]);
export type EntityKind = Static<typeof EntityKind>;

export const EntityRef = Type.Object({ type: EntityKind, id: Type.String() });
export type EntityRef = Static<typeof EntityRef>;

/** Two anomalies of one family are one piece of evidence. */
export const EvidenceFamily = Type.Union([
  Type.Literal("place"),
  Type.Literal("device"),
  Type.Literal("failures"),
  Type.Literal("access"),
  Type.Literal("software"),
  Type.Literal("volume"),
  Type.Literal("time"),
  Type.Literal("persistence"),
  Type.Literal("deception"),
]);
export type EvidenceFamily = Static<typeof EvidenceFamily>;
