import type { Event } from "../schemas/event.ts";
import { hash128 } from "../schemas/ids.ts";
import type { Reject } from "../schemas/reject.ts";
import { isEvent } from "../schemas/validate.ts";
import { createOrdinals } from "./event-id.ts";
import type { ParsedRecord, ParseFailure, RawRecord } from "./format.ts";
import { chooseReading, formats } from "./index.ts";
import { originalOf, readRaw } from "./raw-record.ts";
import type { RawBatch } from "./source.ts";
import {
  createStamp,
  FUTURE_MS,
  idOf,
  senderOf,
  type Stamp,
  type StampConfig,
  type Work,
} from "./stamp.ts";
import { createZones } from "./time.ts";

export interface Limits {
  /** Greatest record in bytes that is parsed; a longer one is rejected as `too_large`. Default 1 MiB. */
  readonly recordBytes: number;
  /** Bytes of a rejected record that are kept. Default 16 MiB; a log with a message limit needs less. */
  readonly keptBytes: number;
}

export interface NormaliserConfig extends StampConfig {
  readonly limits?: Partial<Limits>;
}

export interface Normalised {
  readonly events: Event[];
  readonly rejects: Reject[];
}

/**
 * Raw records → Events and Rejects, in order; a record gives events or exactly one reject.
 * Throws RangeError for a `timezone` that is no IANA zone, and for nothing in a record.
 */
export type Normaliser = (batch: RawBatch) => Normalised;

export const defaultLimits: Limits = { recordBytes: 1_048_576, keptBytes: 16 * 1_048_576 };

function rejectOf(work: Work, failure: ParseFailure, dataset: string | undefined): Reject {
  const { batch, original } = work;
  const tenant = batch.provenance.tenant;
  const encoding = original.encoding;
  return {
    "reject.id": hash128(
      tenant,
      batch.provenance.senderId,
      original.text,
      encoding ?? "",
      String(work.ordinal),
    ),
    "@timestamp": work.arrivedAt,
    "reject.code": failure.code,
    "reject.reason": `${failure.code}: ${failure.reason}`,
    "reject.original": original.text,
    ...(encoding === undefined ? {} : { "reject.original_encoding": encoding }),
    ...(dataset === undefined ? {} : { "event.dataset": dataset }),
    "organization.id": tenant,
    ...work.sender,
  };
}

interface Failed {
  readonly failure: ParseFailure;
  readonly dataset: string | undefined;
}

/**
 * An Event that was already made (output of `normalize`, history) goes through as it is, what it
 * lacks is added. Only from a file: there the operator vouches for what it says.
 */
function readyEvent(work: Work, views: readonly RawRecord[], make: Make): Event | undefined {
  const flat = work.batch.provenance.transport === "file" ? views[0]?.flat : undefined;
  if (flat?.["event.id"] === undefined || flat["event.dataset"] === undefined) return undefined;
  const event: unknown = { ...flat };
  if (!isEvent(event) || event["event.id"] === "") return undefined;
  const { original, batch } = work;
  const lacks: Record<string, unknown> = {};
  make.derive(event, lacks);
  lacks["organization.id"] = batch.provenance.tenant;
  lacks["event.ingested"] = work.arrivedAt;
  if (event["sender.transport"] === undefined) Object.assign(lacks, work.sender);
  if (event["event.original"] === undefined) {
    lacks["event.original"] = original.text;
    if (original.encoding !== undefined) lacks["event.original_encoding"] = original.encoding;
  }
  const whole: Record<string, unknown> = { ...event, "event.id": givenId(work, event, make.given) };
  for (const [key, value] of Object.entries(lacks)) whole[key] ??= value;
  return whole as Event;
}

/** Ids that events brought along, and what they stand for. */
type GivenIds = Map<string, string>;

/** An id that already stands for something else in this batch would hide this event: it gets its own. */
function givenId(work: Work, event: Event, given: GivenIds): string {
  const id = event["event.id"];
  const nativeIdOf = { event, nativeId: id, timeAsWritten: event["@timestamp"] };
  const meaning = idOf(work, nativeIdOf, 0);
  const before = given.get(id);
  if (before === undefined) given.set(id, meaning);
  return before === undefined || before === meaning ? id : meaning;
}

interface Make extends Stamp {
  readonly given: GivenIds;
}

/** Events of one document of a record. */
function eventsOf(work: Work, views: readonly RawRecord[], make: Make): Event[] | Failed {
  const ready = readyEvent(work, views, make);
  if (ready !== undefined) return [ready];
  const reading = chooseReading(views, work.batch.dataset);
  if ("code" in reading) return { failure: reading, dataset: work.batch.dataset };
  const dataset = reading.format.name;
  const parsed = reading.format.parse(reading.raw);
  if ("code" in parsed) return { failure: parsed, dataset };
  const events: Event[] = [];
  for (const said of parsed) {
    const record = dataset === "ecs" ? ownDataset(work.batch, said) : said;
    const event = make.stamp(work, record, events.length);
    if ("code" in event) return { failure: event, dataset };
    events.push(event);
  }
  return events;
}

const readByUs: ReadonlySet<string> = new Set(formats.map(({ name }) => name));

/**
 * Accounts of a dataset may be an identity system's own, so that a document from outside cannot call
 * itself a record that we read from the system's own log.
 */
function ownDataset(batch: RawBatch, record: ParsedRecord): ParsedRecord {
  const claimed = record.event["event.dataset"] ?? "ecs";
  if (batch.provenance.transport === "file" || claimed === "ecs" || !readByUs.has(claimed))
    return record;
  return { ...record, event: { ...record.event, "event.dataset": `ecs.${claimed}` } };
}

/** Equal documents in one record are as many occurrences: each gets an id of its own. */
function distinct(events: readonly Event[]): Event[] {
  const seen = new Map<string, number>();
  return events.map((event) => {
    const id = event["event.id"];
    const count = seen.get(id) ?? 0;
    seen.set(id, count + 1);
    return count === 0 ? event : { ...event, "event.id": hash128(id, String(count)) };
  });
}

function recordEvents(work: Work, make: Make): Event[] | Failed {
  const timezone = work.batch.timezone ?? "UTC";
  const read = readRaw(work.original.text, { arrivedAt: work.batch.arrivedAt, timezone });
  if ("code" in read) return { failure: read, dataset: work.batch.dataset };
  if (read.length === 1) return eventsOf(work, read[0]!, make);
  const events: Event[] = [];
  for (const views of read) {
    // Each keeps its own text: the whole list in each of them would grow with the square.
    const text = JSON.stringify(views[0]?.json);
    const found = eventsOf({ ...work, original: { ...work.original, text } }, views, make);
    if (!Array.isArray(found)) return found;
    events.push(...found);
  }
  return distinct(events);
}

/** Undefined for a record of a size that is read. */
function tooLarge(batch: RawBatch, record: Buffer, limits: Limits): Failed | undefined {
  const bytes = record.length;
  if (bytes <= limits.recordBytes) return undefined;
  const kept = Math.min(bytes, limits.keptBytes);
  const rest = kept < bytes ? `; the first ${kept} are kept` : "";
  const reason = `${bytes} bytes, at most ${limits.recordBytes} are read${rest}`;
  return { failure: { code: "too_large", reason }, dataset: batch.dataset };
}

/** The one way from bytes to Events, for every transport and for the command line. */
export function createNormaliser(config: NormaliserConfig): Normaliser {
  const limits = { ...defaultLimits, ...config.limits };
  const stamp = createStamp(config);
  const zones = createZones();

  return (batch) => {
    const normalised: Normalised = { events: [], rejects: [] };
    const make: Make = { ...stamp, given: new Map() };
    const ordinals = batch.ordinals ?? createOrdinals();
    const arrivedAt = new Date(batch.arrivedAt).toISOString();
    const time = { arrivedAt: batch.arrivedAt, offset: zones(batch.timezone ?? "UTC") };
    const futureFrom = new Date(batch.arrivedAt + FUTURE_MS).toISOString();
    const sender = senderOf(batch);
    for (const record of batch.records) {
      const original = originalOf(record.subarray(0, limits.keptBytes));
      const work: Work = {
        batch,
        time,
        arrivedAt,
        futureFrom,
        sender,
        original,
        ordinal: ordinals(record),
      };
      const made = tooLarge(batch, record, limits) ?? recordEvents(work, make);
      if (Array.isArray(made)) for (const event of made) normalised.events.push(event);
      else normalised.rejects.push(rejectOf(work, made.failure, made.dataset));
    }
    return normalised;
  };
}
