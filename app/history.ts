import type { Line } from "../ingest/lines.ts";
import { createNormaliser, type Normaliser } from "../ingest/normalise.ts";
import { openGeo } from "../ingest/geo-files.ts";
import { normaliseSafely } from "../ingest/role-normalise.ts";
import type { RawBatch } from "../ingest/source.ts";
import { createOrdinalMemory } from "../ingest/sources/ordinals.ts";
import type { Event } from "../schemas/event.ts";
import type { Reject } from "../schemas/reject.ts";
import { isEvent } from "../schemas/validate.ts";
import type { Streams } from "./command.ts";
import type { Config } from "./config.ts";
import { geoFiles } from "./geo-options.ts";
import { checkReadable, openFile, readLines } from "./input.ts";
import { createGivenIds, type GivenIds, saidBy } from "./vouched.ts";

/** Events of files that an operator names, with what could not be read beside them. */
export interface History {
  readonly events: readonly Event[];
  readonly rejects: readonly Reject[];
}

const KEPT_BYTES = 16 * 1_048_576;

/**
 * Reads Events (as `normalize` writes them) or ECS documents, flat or nested, file by file in the
 * order of their smallest times. An event that does not say whether its sender was authenticated
 * counts as vouched for by the operator who named the file; an explicit `false` stays, and so does
 * the tenant that it names.
 */
export async function* readHistory(
  paths: readonly string[],
  config: Config,
  options: { readonly streams: Streams; readonly title: string; readonly timezone?: string },
): AsyncIterable<History> {
  const normalise = createNormaliser({
    identityDomains: config.ingest.identity_domains,
    networks: config.ingest.networks,
    geo: await openGeo(geoFiles(config.ingest.geo)),
  });
  const ordered = await inTimeOrder(paths);
  const reading: Reading = {
    normalise,
    config,
    timezone: options.timezone,
    readAt: Date.now(),
    given: createGivenIds(),
  };
  let ordinals = createOrdinalMemory(Number.POSITIVE_INFINITY);
  let latest = BEFORE_ALL;
  for await (const { input, lines, first } of readLines(ordered, options.streams, {
    title: options.title,
    keptBytes: KEPT_BYTES,
  })) {
    if (first) ordinals = createOrdinalMemory(Number.POSITIVE_INFINITY);
    const events: Event[] = [];
    const rejects: Reject[] = [];
    const of: LineOf = { ...reading, file: input.name, ordinals };
    for (const line of lines) {
      const document = parse(line.record);
      const event = whole(document);
      if (event !== undefined) {
        events.push(reading.given(event, event["event.id"] || undefined));
        latest = event["@timestamp"];
        continue;
      }
      const made = readDocument(line, document, of);
      events.push(...made.events);
      // No clock of ours: the same file gives the same rejects.
      for (const reject of made.rejects) rejects.push({ ...reject, "@timestamp": latest });
      latest = made.events.at(-1)?.["@timestamp"] ?? latest;
    }
    yield { events, rejects };
  }
}

/** Time of rejects before the first event. */
const BEFORE_ALL = "1970-01-01T00:00:00.000Z";

interface Reading {
  readonly normalise: Normaliser;
  readonly config: Config;
  readonly timezone: string | undefined;
  /** Epoch ms. */
  readonly readAt: number;
  readonly given: GivenIds;
}

interface LineOf extends Reading {
  readonly file: string;
  readonly ordinals: ReturnType<typeof createOrdinalMemory>;
}

function readDocument({ record, bytes }: Line, document: unknown, of: LineOf): History {
  const said = saidBy(document);
  const cut = bytes > record.length;
  const batch: RawBatch = {
    provenance: {
      tenant: said.tenant ?? of.config.organization,
      transport: "file",
      senderId: of.file,
      authenticated: said.authenticated,
    },
    dataset: "ecs",
    ...(of.timezone === undefined ? {} : { timezone: of.timezone }),
    records: [record],
    ordinals: of.ordinals.take([record]),
    arrivedAt: of.readAt,
  };
  if (cut)
    return refuse(batch, of, `too_large: the record has ${bytes} bytes; ${record.length} are kept`);
  const made = normaliseSafely(of.normalise, batch, () => {});
  // The stamp gives a record without a time that of reading, which says nothing of a file.
  const readAt = new Date(of.readAt).toISOString();
  if (made.events.some((one) => one["@timestamp"] === readAt)) {
    return refuse(batch, of, "time_missing: an event of a file needs @timestamp");
  }
  const alone = made.events.length === 1 ? said.id : undefined;
  return {
    events: made.events.map((one) => of.given(withoutArrival(one), alone)),
    rejects: made.rejects,
  };
}

function refuse(batch: RawBatch, { normalise }: LineOf, problem: string): History {
  const [code = "", reason = ""] = problem.split(": ");
  const refused = batch.records.map((record) => ({ bytes: record, code, reason }));
  return normaliseSafely(normalise, { ...batch, records: [], refused }, () => {});
}

/** Undefined for what is no JSON. */
function parse(record: Buffer): unknown {
  try {
    return JSON.parse(record.toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A line that is a complete Event already; undefined sends it through the normaliser. */
function whole(value: unknown): Event | undefined {
  if (!isEvent(value)) return undefined;
  if (value["user.name"] !== undefined && value["user.entity.id"] === undefined) return undefined;
  value["sender.authenticated"] ??= true;
  return value["sender.transport"] === "file" ? withoutArrival(value) : withoutOriginal(value);
}

type Own = { -readonly [Field in keyof Event]: Event[Field] | undefined };

/**
 * The text as it came is half of an event, and no detector reads it. Overwritten, not copied: a copy
 * of what is left costs half as much as parsing it.
 */
function withoutOriginal(event: Event): Event {
  const own: Own = event;
  if (own["event.original"] !== undefined) own["event.original"] = undefined;
  return event;
}

/** The moment at which we read an old document is not when it arrived. */
function withoutArrival(event: Event): Event {
  const own: Own = event;
  if (own["event.ingested"] !== undefined) own["event.ingested"] = undefined;
  if (own["event.future"] !== undefined) own["event.future"] = undefined;
  return withoutOriginal(event);
}

const TIME = /"@timestamp"\s*:\s*(?:"([^"]{10,40})"|(\d{9,19}(?:\.\d+)?))/;

async function inTimeOrder(paths: readonly string[]): Promise<readonly string[]> {
  if (paths.length < 2 || paths.includes("-")) return paths;
  const first: { readonly path: string; readonly at: number }[] = [];
  for (const path of paths) first.push({ path, at: await smallestTime(path) });
  return first
    .toSorted((left, right) => left.at - right.at || (left.path < right.path ? -1 : 1))
    .map(({ path }) => path);
}

async function smallestTime(path: string): Promise<number> {
  checkReadable(path);
  let smallest = Number.POSITIVE_INFINITY;
  let rest = "";
  const text = openFile(path);
  text.setEncoding("utf8");
  for await (const chunk of text as AsyncIterable<string>) {
    const lines = (rest + chunk).split("\n");
    rest = (lines.pop() ?? "").slice(0, 1 << 20);
    for (const line of lines) smallest = Math.min(smallest, timeIn(line));
  }
  return Math.min(smallest, timeIn(rest));
}

function timeIn(line: string): number {
  const found = TIME.exec(line);
  if (found === null) return Number.POSITIVE_INFINITY;
  const at = found[1] === undefined ? Number(found[2]) * 1000 : Date.parse(found[1]);
  return Number.isNaN(at) ? Number.POSITIVE_INFINITY : at;
}
