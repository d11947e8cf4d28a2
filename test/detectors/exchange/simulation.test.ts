import { describe, expect, it } from "vitest";
import type { Detector } from "../../../detectors/detector.ts";
import { lastBoundary, sharedTable } from "../../../detectors/exchange/tables.ts";
import {
  createMerged,
  processEvent,
  processHeartbeat,
  recallTable,
} from "../../../detectors/runtime/merged.ts";
import type { Event } from "../../../schemas/event.ts";
import type { Control } from "../../../schemas/exchange.ts";
import { partitionOf } from "../../../schemas/ids.ts";
import { eventKey, routingKey } from "../../../schemas/topics.ts";
import { counter, MINUTE, randomEvents, sources, T0 } from "../toys.ts";
import { finishTables, type Input, type Mutant, simulate } from "./simulation.ts";

const options = { detectors: [counter, sources] as Detector[], params: {}, timezone: "UTC" };
const END = T0 + 8 * 60 * MINUTE;
const PARTITIONS = 2;

const control: Control[] = Array.from({ length: 6 }, (_, index) => ({
  "@timestamp": "2026-03-02T00:00:00.000Z",
  "organization.id": "default",
  "control.kind": "list",
  "control.name": "devices",
  "control.value": `d${index % 3}`,
  "control.removed": index === 4,
  "control.by": "test",
}));

function inputsOf(events: readonly Event[]): Map<string, Input[]> {
  const inputs = new Map<string, Input[]>();
  for (const topic of ["events", "events.by-source"]) {
    for (let partition = 0; partition < PARTITIONS; partition++)
      inputs.set(`${topic}/${partition}`, []);
  }
  const add = (name: string, input: Input) => inputs.get(name)?.push(input);
  for (const [index, event] of events.entries()) {
    const input: Input = {
      kind: "event",
      event,
      arrival: Date.parse(event["event.ingested"] ?? ""),
    };
    add(`events/${partitionOf(eventKey(event), PARTITIONS)}`, input);
    const source = routingKey("default", event["source.ip"] ?? "");
    add(`events.by-source/${partitionOf(source, PARTITIONS)}`, input);
    if (index % 10 !== 9) continue;
    const at = Date.parse(event["@timestamp"]) - 5 * MINUTE;
    for (const name of inputs.keys()) add(name, { kind: "beat", at });
  }
  for (const name of inputs.keys()) add(name, { kind: "beat", at: END });
  return inputs;
}

/** Events of some hours, a tenth of them sent twice. */
function eventsOf(seed: number): Event[] {
  const events = randomEvents(seed, 150, 1 / 4);
  return events.flatMap((event, index) => {
    const old = events[index - 4];
    return index % 10 === 5 && old !== undefined ? [event, old] : [event];
  });
}

/** What went wrong in one schedule; empty when nothing did. */
function violations(seed: number, mutant?: Mutant): string[] {
  const events = eventsOf(seed % 7);
  const { world, finished } = simulate({
    options,
    inputs: inputsOf(events),
    control,
    seed,
    mutant,
  });
  if (!finished) return ["deadlock"];
  const found: string[] = [];
  const tables = finishTables(world);
  const oracle = createMerged(options, "oracle");
  const expected = new Set<string>();
  for (const record of world.tables) recallTable(oracle, record);
  for (const event of events) {
    const outputs = processEvent(oracle, event, Date.parse(event["event.ingested"] ?? ""));
    for (const anomaly of outputs.anomalies) expected.add(anomaly["anomaly.id"]);
  }
  for (const anomaly of processHeartbeat(oracle, END).anomalies)
    expected.add(anomaly["anomaly.id"]);
  const missing = [...expected].filter((id) => !world.anomalies.has(id)).length;
  const extra = [...world.anomalies].filter((id) => !expected.has(id)).length;
  if (missing > 0) found.push(`${missing} anomalies missing`);
  if (extra > 0) found.push(`${extra} anomalies too many`);
  const last = lastBoundary(tables) ?? 0;
  const table = (name: string) => sharedTable(tables, last, { tenant: "default", table: name });
  const seen = new Set(
    events
      .filter((event) => Date.parse(event["@timestamp"]) < last)
      .map((event) => event["event.id"]),
  );
  let counted = 0;
  for (const [, value] of table("toy.sources").entries()) counted += value;
  if (counted !== seen.size) found.push(`${counted} contributions of ${seen.size}`);
  const lists = [...table("control").entries()].map(([key, value]) => `${key}=${value}`).sort();
  const right = "list:devices:d0=1,list:devices:d2=1";
  if (lists.join(",") !== right) found.push(`control ${lists.join(",")}`);
  return found;
}

describe("simulation of checkpoints and exchange", () => {
  it("holds in every schedule: crashes, late owners, lost answers, abandoned cuts", () => {
    for (let seed = 1; seed <= Number(process.env["METSUKE_SEEDS"] ?? 40); seed++) {
      expect({ seed, found: violations(seed) }).toEqual({ seed, found: [] });
    }
  }, 60_000);

  it.each<Mutant>([
    "marker before outputs",
    "dedupe set not in the cut",
    "open contributions not in the cut",
    "abandoned cut counts",
    "epoch shared by starts",
    "waits before it sends",
    "repeats of deltas add up",
    "last version wins",
    "exchange keeps its own state",
    "deltas expire early",
  ])(
    "catches the mutant: %s",
    (mutant) => {
      const caught = Array.from({ length: 60 }, (_, index) => index + 1).find(
        (seed) => violations(seed, mutant).length > 0,
      );
      expect(caught).toBeDefined();
    },
    60_000,
  );
});
