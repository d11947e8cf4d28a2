import { Event } from "../schemas/event.ts";
import { idFromBytes, idFromNative } from "./event-id.ts";
import type { ParsedRecord, ParseFailure } from "./format.ts";
import type { GeoLookup, Network } from "./geo.ts";
import { identityOf } from "./identity.ts";
import { ocsfOf } from "./ocsf.ts";
import { createPlaces } from "./place.ts";
import type { Original } from "./raw-record.ts";
import type { RawBatch } from "./source.ts";
import { isAfter, readTime, type TimeContext } from "./time.ts";
import { visible } from "./values.ts";

/** What is known of one record while it becomes events. */
export interface Work {
  readonly batch: RawBatch;
  readonly original: Original;
  readonly ordinal: number;
  readonly time: TimeContext;
  /** `event.ingested`. */
  readonly arrivedAt: string;
  /** Times after this one are in the future. */
  readonly futureFrom: string;
  readonly sender: Partial<Event>;
}

export interface StampConfig {
  /** dataset → domain: accounts of that dataset resolve to `name@domain`. */
  readonly identityDomains?: Readonly<Record<string, string>>;
  readonly networks?: readonly Network[];
  readonly geo: GeoLookup;
}

/** An event dated further ahead of its arrival is flagged. */
export const FUTURE_MS = 5 * 60_000;

/** `sender.*` and nothing else says how a record came. */
export function senderOf(batch: RawBatch): Partial<Event> {
  const { transport, senderId, peer, authenticated } = batch.provenance;
  const sender: Partial<Event> = {
    "sender.transport": transport,
    "sender.id": senderId,
    "sender.authenticated": authenticated,
  };
  return peer === undefined ? sender : { ...sender, "sender.ip": peer };
}

type Fields = Record<string, unknown>;

const geoKeys = Object.keys(Event.properties).filter((key) => key.startsWith("source.geo."));

/** A place of ours replaces the whole of what the record said: half of each would be neither. */
function forgetPlace(fields: Fields): void {
  for (const key of geoKeys) if (fields[key] !== undefined) delete fields[key];
}

/** Names end up in ids, on terminals and in messages to people: nothing in them may stay unseen. */
const names = ["user.name", "user.target.name", "user.effective.name", "user.email", "host.name"];

function showName(fields: Fields, key: string): void {
  const name = fields[key];
  if (typeof name !== "string") return;
  const shown = visible(name);
  if (shown !== name) fields[key] = shown;
}

export function idOf(work: Work, parsed: ParsedRecord, index: number): string {
  const event = parsed.event as Partial<Event>;
  const parts = {
    tenant: work.batch.provenance.tenant,
    dataset: event["event.dataset"] ?? "",
    timeAsWritten: parsed.timeAsWritten ?? "",
    index,
  };
  if (parsed.nativeId === undefined) {
    return idFromBytes(parts, {
      sender: work.batch.provenance.senderId,
      original: work.original.text,
      encoding: work.original.encoding ?? "",
      ordinal: work.ordinal,
    });
  }
  return idFromNative(parts, {
    nativeId: parsed.nativeId,
    user: event["user.name"] ?? event["user.id"] ?? "",
    source: event["source.ip"] ?? "",
    outcome: event["event.outcome"] ?? "",
  });
}

export interface Stamp {
  /** The Event of what a format read. */
  readonly stamp: (work: Work, parsed: ParsedRecord, index: number) => Event | ParseFailure;
  /** Writes place, account and OCSF class, as far as the event itself gives them. */
  readonly derive: (event: Partial<Event>, into: Fields) => void;
}

/** Lays over what a format read the fields that ingest alone may say. */
export function createStamp(config: StampConfig): Stamp {
  const domains = config.identityDomains ?? {};
  const placeOf = createPlaces(config.networks ?? [], config.geo);

  function derive(event: Partial<Event>, into: Fields): void {
    const place = placeOf(event);
    const identity = identityOf(event, domains);
    const ocsf = event["ocsf.class_uid"] === undefined ? ocsfOf(event) : undefined;
    if (place?.["source.geo.location.lat"] !== undefined) forgetPlace(into);
    if (place !== undefined) Object.assign(into, place);
    if (identity !== undefined) {
      into["user.entity.id"] = identity.id;
      into["user.entity.type"] = identity.type;
    }
    if (ocsf !== undefined) {
      into["ocsf.class_uid"] = ocsf.classUid;
      into["ocsf.activity_id"] = ocsf.activityId;
    }
  }

  function stamp(work: Work, parsed: ParsedRecord, index: number): Event | ParseFailure {
    const event = parsed.event as Partial<Event>;
    const written = parsed.event["@timestamp"] ?? parsed.timeAsWritten;
    const at = written === undefined ? work.arrivedAt : readTime(written, work.time);
    if (at === undefined) {
      return { code: "time_invalid", reason: `cannot read the time ${written!.slice(0, 80)}` };
    }
    const fields: Fields = {
      "@timestamp": at,
      "event.id": idOf(work, parsed, index),
      ...event,
    };
    fields["@timestamp"] = at;
    for (const key of names) showName(fields, key);
    derive(fields, fields);
    fields["organization.id"] = work.batch.provenance.tenant;
    fields["event.ingested"] = work.arrivedAt;
    if (isAfter(at, work.futureFrom)) fields["event.future"] = true;
    for (const key in work.sender) fields[key] = work.sender[key as keyof Event];
    fields["event.original"] = work.original.text;
    if (work.original.encoding !== undefined) {
      fields["event.original_encoding"] = work.original.encoding;
    }
    return fields as Event;
  }

  return { stamp, derive };
}
