import { createReadStream } from "node:fs";
import { createNormaliser } from "../ingest/normalise.ts";
import { openGeo } from "../ingest/geo-files.ts";
import { normaliseSafely } from "../ingest/role-normalise.ts";
import { createOrdinalMemory } from "../ingest/sources/ordinals.ts";
import type { Event } from "../schemas/event.ts";
import type { Reject } from "../schemas/reject.ts";
import { isEvent } from "../schemas/validate.ts";
import type { Streams } from "./command.ts";
import type { Config } from "./config.ts";
import { geoFiles } from "./geo-options.ts";
import { checkReadable, readLines } from "./input.ts";

/** Events of files that an operator names, with what could not be read beside them. */
export interface History {
  readonly events: readonly Event[];
  readonly rejects: readonly Reject[];
}

const KEPT_BYTES = 16 * 1_048_576;

/**
 * Reads Events (as `normalize` writes them) or ECS documents, flat or nested, file by file in the
 * order of their smallest times. An event that does not say whether its sender was authenticated
 * counts as vouched for by the operator who named the file; an explicit `false` stays.
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
  let ordinals = createOrdinalMemory(Number.POSITIVE_INFINITY);
  for await (const { input, lines, first } of readLines(ordered, options.streams, {
    title: options.title,
    keptBytes: KEPT_BYTES,
  })) {
    if (first) ordinals = createOrdinalMemory(Number.POSITIVE_INFINITY);
    const events: Event[] = [];
    const rejects: Reject[] = [];
    for (const line of lines) {
      const event = whole(line.record);
      if (event !== undefined) {
        events.push(event);
        continue;
      }
      const made = normaliseSafely(
        normalise,
        {
          provenance: {
            tenant: config.organization,
            transport: "file",
            senderId: input.name,
            authenticated: true,
          },
          dataset: "ecs",
          ...(options.timezone === undefined ? {} : { timezone: options.timezone }),
          records: [line.record],
          ordinals: ordinals.take([line.record]),
          arrivedAt: Date.now(),
        },
        () => {},
      );
      for (const one of made.events) events.push(withoutArrival(one));
      rejects.push(...made.rejects);
    }
    yield { events, rejects };
  }
}

/** A line that is a complete Event already; undefined sends it through the normaliser. */
function whole(record: Buffer): Event | undefined {
  let value: unknown;
  try {
    value = JSON.parse(record.toString("utf8"));
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  if (!isEvent(value)) return undefined;
  if (value["user.name"] !== undefined && value["user.entity.id"] === undefined) return undefined;
  value["sender.authenticated"] ??= true;
  return value;
}

/** The moment at which we read an old document is not when it arrived. */
function withoutArrival(event: Event): Event {
  const { "event.ingested": _ingested, "event.future": _future, ...rest } = event;
  return rest;
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
  for await (const chunk of createReadStream(path, { encoding: "utf8", highWaterMark: 1 << 20 })) {
    const lines = (rest + String(chunk)).split("\n");
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
