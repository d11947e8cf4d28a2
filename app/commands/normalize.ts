import { createWriteStream, openSync, type WriteStream } from "node:fs";
import { once } from "node:events";
import { openGeo } from "../../ingest/geo-files.ts";
import { formats } from "../../ingest/index.ts";
import { normaliseSafely } from "../../ingest/role-normalise.ts";
import type { Line } from "../../ingest/lines.ts";
import { createNormaliser } from "../../ingest/normalise.ts";
import type { RawBatch } from "../../ingest/source.ts";
import { createOrdinalMemory, type OrdinalMemory } from "../../ingest/sources/ordinals.ts";
import { errorText, MetsukeError } from "../../platform/errors.ts";
import type { Reject } from "../../schemas/reject.ts";
import {
  type Command,
  nearest,
  stringOption,
  timezoneOption,
  usageError,
  type Values,
} from "../command.ts";
import { loadConfig } from "../config.ts";
import { geoFiles } from "../geo-options.ts";
import { readLines, writeTo } from "../input.ts";

/** Bytes of one record that are kept: longer ones become rejects that say how long they were. */
const KEPT_BYTES = 16 * 1_048_576;

/** Lines that become Events at once: few, so that what they leave behind is collected young. */
const SLICE = 256;

interface Tally {
  records: number;
  events: number;
  rejects: number;
  readonly reasons: Map<string, number>;
}

export const normalize: Command = {
  name: "normalize",
  summary: "raw records in, Events out, by the code that the ingest role runs",
  usage: [
    "normalize [--dataset NAME] [--sender NAME] [--timezone ZONE] [--rejects FILE] [FILE… | -]",
  ],
  options: {
    dataset: { type: "string" },
    sender: { type: "string" },
    timezone: { type: "string" },
    rejects: { type: "string" },
    config: { type: "string" },
  },
  help: {
    dataset: `format of every record; without it each is sniffed (${[...formats].map((one) => one.name).join(", ")})`,
    sender:
      "name of the sender, part of the id of records without one of their own (default: file name)",
    timezone: "IANA zone of times that have none (default UTC)",
    rejects: "file for what could not become an Event, one Reject a line",
    config: "configuration, for one's own networks, geo files and identity domains",
  },
  async run(values, positionals, streams) {
    const dataset = datasetOption(values);
    const timezone = timezoneOption(values);
    const sender = stringOption(values, "sender");
    const { config } = loadConfig(stringOption(values, "config"));
    const normalise = createNormaliser({
      identityDomains: config.ingest.identity_domains,
      networks: config.ingest.networks,
      geo: await openGeo(geoFiles(config.ingest.geo)),
    });
    const batchOf = batches(config.organization, { sender, dataset, timezone });
    const rejects = rejectStream(stringOption(values, "rejects"));
    const tally: Tally = { records: 0, events: 0, rejects: 0, reasons: new Map() };
    const started = process.hrtime.bigint();
    let ordinals = createOrdinalMemory(Number.POSITIVE_INFINITY);
    for await (const { input, lines, first } of readLines(positionals, streams, {
      title: "normalize",
      keptBytes: KEPT_BYTES,
    })) {
      if (first) ordinals = createOrdinalMemory(Number.POSITIVE_INFINITY);
      for (let from = 0; from < lines.length; from += SLICE) {
        const slice = lines.slice(from, from + SLICE);
        const batch = batchOf(slice, input.name, ordinals);
        tally.records += slice.length;
        await emit(
          normaliseSafely(normalise, batch, () => {}),
          { out: streams.out, rejects, tally },
        );
      }
    }
    await finish(rejects);
    const seconds = Number(process.hrtime.bigint() - started) / 1e9;
    streams.err.write(summary(tally, seconds, rejects !== undefined));
    return 0;
  },
};

interface Given {
  readonly sender: string | undefined;
  readonly dataset: string | undefined;
  readonly timezone: string | undefined;
}

/** Lines of an input as the batch that a source would make of them. */
function batches(tenant: string, { sender, dataset, timezone }: Given) {
  return (lines: readonly Line[], name: string, ordinals: OrdinalMemory): RawBatch => {
    const isWhole = (line: Line): boolean => line.bytes === line.record.length;
    const whole = lines.filter(isWhole).map((line) => line.record);
    return {
      provenance: {
        tenant,
        transport: "file",
        senderId: sender ?? name,
        authenticated: true,
      },
      ...(dataset === undefined ? {} : { dataset }),
      ...(timezone === undefined ? {} : { timezone }),
      records: whole,
      ordinals: ordinals.take(whole),
      arrivedAt: Date.now(),
      refused: lines
        .filter((line) => !isWhole(line))
        .map((line) => ({
          bytes: line.record,
          code: "too_large",
          reason: `the record has ${line.bytes} bytes; the first ${line.record.length} are kept`,
        })),
    };
  };
}

function datasetOption(values: Values): string | undefined {
  const name = stringOption(values, "dataset");
  const known = [...formats].map((format) => format.name);
  if (name === undefined || known.includes(name)) return name;
  const near = nearest(name, known);
  throw usageError(
    `--dataset "${name}" is not a format${near === undefined ? "" : `; did you mean ${near}?`} (${known.join(", ")})`,
  );
}

/** @throws METSUKE_FILE_UNWRITABLE */
function rejectStream(path: string | undefined): WriteStream | undefined {
  if (path === undefined) return undefined;
  try {
    return createWriteStream(path, { fd: openSync(path, "w") });
  } catch (cause) {
    const reason = `cannot write ${path}: ${errorText(cause)}`;
    throw new MetsukeError("METSUKE_FILE_UNWRITABLE", reason, { cause });
  }
}

async function finish(stream: WriteStream | undefined): Promise<void> {
  if (stream === undefined) return;
  stream.end();
  await once(stream, "finish");
}

interface Sinks {
  readonly out: NodeJS.WritableStream;
  readonly rejects: WriteStream | undefined;
  readonly tally: Tally;
}

async function emit(
  made: { readonly events: readonly object[]; readonly rejects: readonly Reject[] },
  sinks: Sinks,
): Promise<void> {
  const { tally } = sinks;
  tally.events += made.events.length;
  tally.rejects += made.rejects.length;
  for (const reject of made.rejects) {
    const code = reject["reject.code"];
    tally.reasons.set(code, (tally.reasons.get(code) ?? 0) + 1);
  }
  await writeTo(sinks.out, ndjson(made.events));
  if (sinks.rejects !== undefined) await writeTo(sinks.rejects, ndjson(made.rejects));
}

const ndjson = (values: readonly object[]): string =>
  values.map((value) => `${JSON.stringify(value)}\n`).join("");

function summary(tally: Tally, seconds: number, kept: boolean): string {
  const rate = Math.round(tally.records / Math.max(seconds, 1e-9));
  const more = tally.events + tally.rejects - tally.records;
  const lists = more > 0 ? ` (${more} more than records: some hold several)` : "";
  const lines = [
    `records ${tally.records}`,
    `events ${tally.events}${lists}`,
    `rejects ${tally.rejects}`,
    ...[...tally.reasons]
      .toSorted(([left], [right]) => (left < right ? -1 : 1))
      .map(([code, count]) => `  ${code} ${count}`),
    `records/s ${rate}`,
  ];
  if (tally.rejects > 0 && !kept) lines.push("--rejects FILE keeps the rejected records.");
  return `${lines.join("\n")}\n`;
}
