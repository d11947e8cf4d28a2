import { createHash } from "node:crypto";
import { createNormaliser } from "../ingest/normalise.ts";
import { hash128 } from "../schemas/ids.ts";
import type { Event } from "../schemas/event.ts";
import { HOUR, organisation } from "./organisation.ts";
import { type Random, random } from "./random.ts";

export interface Lines {
  /** NDJSON, every line with its line feed. */
  readonly bytes: Buffer;
  /** Where each line starts, and the end. */
  readonly starts: Uint32Array;
  readonly count: number;
  readonly sha256: string;
}

export const START = Date.UTC(2026, 0, 5);

export interface Company {
  readonly seed: number;
  readonly people: number;
  readonly days: number;
  /**
   * Further process starts and flows for each one of the company's: endpoint and network sensors
   * write many of the same for every sign-in.
   */
  readonly telemetry: number;
  /** Whether documents carry what Elastic's shippers add to every one: agent, host, input, offset. */
  readonly shipper: boolean;
}

/** What ingest sets itself is not in what a shipper sends. */
const shippedFields = (key: string, value: unknown): unknown =>
  key.startsWith("user.entity.") || key.startsWith("sender.") ? undefined : value;

/** Fields as Filebeat and Winlogbeat 9 write them beside what happened. */
const agent = {
  "ecs.version": "8.17.0",
  "agent.id": "5a1cbe4e-6b52-4b4e-a1a9-8f3dca2c74b1",
  "agent.ephemeral_id": "9d0b9a35-3c5d-4f0e-8a53-5dcb4a1ff0d2",
  "agent.name": "collector-02",
  "agent.type": "filebeat",
  "agent.version": "9.2.1",
  "input.type": "filestream",
  "log.file.path": "/var/log/identity/audit.json",
  "log.file.device_id": "64769",
  "log.file.inode": "1837266",
  "host.architecture": "x86_64",
  "host.os.type": "linux",
  "host.os.platform": "ubuntu",
  "host.os.version": "24.04.3 LTS (Noble Numbat)",
  "host.os.kernel": "6.8.0-87-generic",
  tags: ["identity", "production"],
};

function shipped(event: Event, index: number): string {
  const document = JSON.stringify(event, shippedFields);
  if (index < 0) return document;
  const rest = JSON.stringify({ ...agent, "log.offset": 40_960 + 512 * index });
  return `${document.slice(0, -1)},${rest.slice(1)}`;
}

const BATCH = 500;
const BATCH_MS = 60_000;

/**
 * Events of the synthetic company as ingest writes them to the log: made by the normaliser from ECS
 * documents, with hashed ids, arrival, sender and the original text.
 */
export function companyLines(of: Company): Lines {
  const normalise = createNormaliser({ geo: () => undefined });
  const parts: Buffer[] = [];
  let batch: Event[] = [];
  const ship = (): void => {
    const latest = batch.at(-1);
    if (latest === undefined) return;
    const { events } = normalise({
      provenance: { tenant: "default", transport: "http", senderId: "bench", authenticated: true },
      dataset: "ecs",
      records: batch.map((event, index) => Buffer.from(shipped(event, of.shipper ? index : -1))),
      arrivedAt: Date.parse(latest["@timestamp"]) + 800,
    });
    for (const event of events) parts.push(Buffer.from(`${JSON.stringify(event)}\n`));
    batch = [];
  };
  for (const event of companyEvents(of)) {
    const first = batch[0] ?? event;
    const span = Date.parse(event["@timestamp"]) - Date.parse(first["@timestamp"]);
    if (batch.length >= BATCH || span > BATCH_MS) ship();
    batch.push({ ...event, "event.id": hash128(event["event.id"]) });
  }
  ship();
  return linesOf(parts);
}

/** The company's events in time order, with what sensors add within the hours after. */
function* companyEvents(of: Company): Iterable<Event> {
  const org = organisation({ ...of, start: START });
  const programs = new Map(org.people.map((person) => [person.name, person.programs]));
  const dice = random(of.seed, 31);
  let waiting: Event[] = [];
  let hour = "";
  for (const event of org.events()) {
    const at = event["@timestamp"];
    if (at.slice(0, 13) !== hour) {
      hour = at.slice(0, 13);
      waiting.sort(byTime);
      const due = waiting.findIndex((one) => one["@timestamp"] >= at);
      yield* waiting.splice(0, due < 0 ? waiting.length : due);
    }
    waiting.push(event);
    const category = event["event.category"]?.[0];
    if (category !== "process" && category !== "network") continue;
    const own = programs.get(event["user.name"] ?? "") ?? [];
    for (let index = 0; index < of.telemetry; index++) waiting.push(again(event, dice, own));
  }
  yield* waiting.sort(byTime);
}

const byTime = (left: Event, right: Event): number =>
  left["@timestamp"] < right["@timestamp"] ? -1 : left["@timestamp"] > right["@timestamp"] ? 1 : 0;

/** Another start of one of the person's programs, or another flow, in the three hours after. */
function again(event: Event, dice: Random, programs: readonly string[]): Event {
  const at = Date.parse(event["@timestamp"]) + dice.integer(3 * HOUR);
  const same = {
    ...event,
    "@timestamp": new Date(at).toISOString(),
    "event.id": `${event["event.id"]}-${dice.integer(2 ** 31)}`,
  };
  return event["event.category"]?.[0] === "process"
    ? { ...same, "process.name": dice.pick(programs) }
    : { ...same, "source.bytes": dice.integer(20_000) };
}

function linesOf(parts: readonly Buffer[]): Lines {
  const starts = new Uint32Array(parts.length + 1);
  for (const [index, part] of parts.entries()) {
    starts[index + 1] = (starts[index] as number) + part.length;
  }
  const bytes = Buffer.concat(parts);
  const sha256 = createHash("sha256").update(bytes).digest("hex");
  return { bytes, starts, count: parts.length, sha256 };
}

/** Text of line `index` without its line feed. */
export const lineText = ({ bytes, starts }: Lines, index: number): string =>
  bytes.toString("utf8", starts[index], (starts[index + 1] as number) - 1);
