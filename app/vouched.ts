import { hash32 } from "../detectors/stats/hash.ts";
import type { Event } from "../schemas/event.ts";
import { hash128 } from "../schemas/ids.ts";

/** What a document of a file says of itself; the operator who names the file vouches for it. */
export interface Said {
  readonly tenant: string | undefined;
  readonly authenticated: boolean;
  readonly id: string | undefined;
}

/** Reads `organization.id`, `sender.authenticated` and `event.id`, flat or nested. */
export function saidBy(document: unknown): Said {
  const tenant = fieldOf(document, "organization", "id");
  const id = fieldOf(document, "event", "id");
  return {
    tenant: typeof tenant === "string" && tenant !== "" ? tenant.slice(0, 256) : undefined,
    authenticated: fieldOf(document, "sender", "authenticated") !== false,
    id: typeof id === "string" && id !== "" ? id : undefined,
  };
}

function fieldOf(document: unknown, group: string, name: string): unknown {
  if (!isRecord(document)) return undefined;
  const flat = document[`${group}.${name}`];
  if (flat !== undefined) return flat;
  const nested = document[group];
  return isRecord(nested) ? nested[name] : undefined;
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** Whether an id has the form of ours: 32 lower-case hex digits. Every event passes here: no pattern. */
function isOurs(id: string): boolean {
  if (id.length !== 32) return false;
  for (let at = 0; at < 32; at++) {
    const code = id.charCodeAt(at);
    if (!((code >= 48 && code <= 57) || (code >= 97 && code <= 102))) return false;
  }
  return true;
}

const REMEMBERED = 1 << 18;

export type GivenIds = (event: Event, said: string | undefined) => Event;

/**
 * Keeps the id that a document brought along, so that evidence names what its owner can find. An id
 * that already stands for something else among the latest ones would hide this event: it gets its own.
 */
export function createGivenIds(): GivenIds {
  let latest = new Map<string, number>();
  let before = new Map<string, number>();
  return (event, said) => {
    if (said === undefined || isOurs(said)) return event;
    const meaning = hash32(meaningOf(event));
    const known = latest.get(said) ?? before.get(said);
    if (known === undefined) {
      if (latest.size >= REMEMBERED) [before, latest] = [latest, new Map()];
      latest.set(said, meaning);
    }
    const id = known === undefined || known === meaning ? said : hash128(said, meaningOf(event));
    return event["event.id"] === id ? event : { ...event, "event.id": id };
  };
}

const meaningOf = (event: Event): string =>
  [
    event["organization.id"],
    event["event.dataset"],
    event["@timestamp"],
    event["event.action"],
    event["event.outcome"],
    event["user.name"],
    event["source.ip"],
    event["host.name"],
  ].join("\n");
