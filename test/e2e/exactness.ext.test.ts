import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type KafkaService, startKafka } from "../services/kafka.ts";
import { company, writeCompany } from "./exactness-company.ts";
import { differences, type Outcome } from "./exactness-outcome.ts";
import { type Input, lived, replayed } from "./exactness-runs.ts";

let folder = "";
let input: Input;
let reference: Outcome;
let kafka: KafkaService;

beforeAll(async () => {
  kafka = await startKafka();
  folder = await mkdtemp(join(tmpdir(), "metsuke-exactness-"));
  const path = join(folder, "events.ndjson");
  input = { path, company: company({ seed: 7, people: 24, days: 6, attacksADay: 5 }) };
  await writeCompany(path, input.company);
  reference = await replayed(path);
});

afterAll(async () => {
  await kafka?.stop();
  await rm(folder, { recursive: true, force: true });
});

describe("the same events on Kafka, two partitions", () => {
  it.each([
    ["live, one detect process", { processes: 0, way: "http" }],
    ["after a backlog, two detect processes", { processes: 2, way: "backlog" }],
  ] as const)("%s: the anomalies of replay, and what its casework says", async (name, how) => {
    const setting = { name, partitions: 2, brokers: kafka.brokers, ...how };
    const { live, refolded } = await lived(setting, input);
    expect(differences(reference, live)).toEqual([]);
    expect(live.actions).toEqual(refolded.actions);
  });
});
