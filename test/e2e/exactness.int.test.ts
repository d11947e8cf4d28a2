import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { company, writeCompany } from "./exactness-company.ts";
import { differences, type Outcome } from "./exactness-outcome.ts";
import { type Input, lived, replayed } from "./exactness-runs.ts";

let folder = "";
let input: Input;
let reference: Outcome;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "metsuke-exactness-"));
  const path = join(folder, "events.ndjson");
  input = { path, company: company({ seed: 7, people: 24, days: 6, attacksADay: 8 }) };
  await writeCompany(path, input.company);
  reference = await replayed(path);
});

afterAll(() => rm(folder, { recursive: true, force: true }));

describe("the same events, embedded", () => {
  it("are enough to find, to page, to plan and to hold back", () => {
    expect(input.company.lines.length).toBeGreaterThan(1_500);
    expect(reference.anomalies.length).toBeGreaterThan(10);
    expect(reference.pages.length).toBeGreaterThan(3);
    expect(reference.actions.some((action) => action.includes(" planned"))).toBe(true);
    expect(reference.actions.some((action) => action.includes(" suppressed"))).toBe(true);
  });

  it.each(["http", "file", "backlog"] as const)(
    "one partition, %s: anomalies, incidents, actions and pages of replay",
    async (way) => {
      const setting = { name: way, partitions: 1, processes: 0, way };
      const { live } = await lived(setting, input);
      expect(differences(reference, live)).toEqual([]);
      expect({ ...live, about: undefined }).toEqual({ ...reference, about: undefined });
    },
  );

  it("two partitions, live: the anomalies of replay, and what its casework says", async () => {
    const setting = { name: "two", partitions: 2, processes: 0, way: "http" } as const;
    const { live, refolded } = await lived(setting, input);
    expect(differences(reference, live)).toEqual([]);
    expect(live.actions).toEqual(refolded.actions);
  });
});
