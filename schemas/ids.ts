import { hash } from "node:crypto";
import type { EntityKind } from "./entity.ts";

/**
 * 128-bit hex hash of its parts. Each part is preceded by its length, so that no two different
 * lists of parts give the same input.
 */
export function hash128(...parts: readonly string[]): string {
  let input = "";
  for (const part of parts) input += `${part.length}:${part}`;
  return hash("sha256", input).slice(0, 32);
}

/**
 * The id everything downstream of ingest keys an entity by. Plain today; the one place where a
 * pseudonym would be made.
 */
export function entityId(_tenant: string, _kind: EntityKind, name: string): string {
  return name;
}

export const anomalyId = (of: {
  readonly tenant: string;
  readonly detector: string;
  readonly version: string;
  readonly entity: { readonly type: string; readonly id: string };
  readonly windowStart: number;
  readonly discriminator: string;
}): string =>
  hash128(
    of.tenant,
    of.detector,
    of.version,
    of.entity.type,
    of.entity.id,
    String(of.windowStart),
    of.discriminator,
  );

export const incidentId = (tenant: string, firstAnomalyId: string): string =>
  hash128(tenant, firstAnomalyId);

export const actionId = (of: {
  readonly tenant: string;
  readonly type: string;
  readonly target: { readonly type: string; readonly id: string };
  readonly incident: string;
  readonly lease: number;
}): string =>
  hash128(of.tenant, of.type, of.target.type, of.target.id, of.incident, String(of.lease));

/** BullMQ refuses `:` and plain integers in a job id; hex joined by `-` is neither. */
export const jobId = (action: string, step: string, attempt: number): string =>
  `${action}-${step}-${attempt}`;

/** Number of slots between key and partition: partitions must divide into it. */
export const SLOTS = 256;

/** FNV-1a, 32 bit (Fowler, Noll, Vo; RFC 9923), over UTF-16 code units; then mod {@link SLOTS}. */
export function slotOf(key: string): number {
  let value = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) {
    value = Math.imul(value ^ key.charCodeAt(index), 0x01000193);
  }
  return ((value >>> 16) ^ value) & (SLOTS - 1);
}

export const partitionOf = (key: string, partitions: number): number => slotOf(key) % partitions;
