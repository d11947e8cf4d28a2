import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { writeCompany } from "./exactness-company.ts";
import { crashed } from "./exactness-crash.ts";
import { crowd } from "./exactness-crowd.ts";
import { differences } from "./exactness-outcome.ts";
import { lived, replayed } from "./exactness-runs.ts";

const EVENTS = 20_000;

describe("one embedded process that is killed three times while it takes events", () => {
  it("stores each once, finds what an undisturbed run finds, decides what its casework says", async () => {
    const company = crowd(11, EVENTS, Date.now() + 30_000);
    const folder = await mkdtemp(join(tmpdir(), "metsuke-crowd-"));
    try {
      const path = join(folder, "events.ndjson");
      await writeCompany(path, company);
      const crash = await crashed({
        seed: 11,
        company,
        kills: 3,
        repeated: 0.05,
        settleMs: 90_000,
      });
      expect([crash.count, crash.distinct]).toEqual([EVENTS, EVENTS]);
      const setting = { name: "undisturbed", partitions: 1, processes: 0, way: "http" } as const;
      const { live } = await lived(setting, { company, path });
      const reference = await replayed(path);
      expect(differences(live, crash.live)).toEqual([]);
      expect(differences(reference, crash.live)).toEqual([]);
      expect(crash.stored).toEqual(crash.live.anomalies);
      expect(crash.live.actions).toEqual(crash.refolded.actions);
      expect(crash.live.anomalies.length).toBeGreaterThan(10);
      expect(crash.unanswered).toBeGreaterThan(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }, 300_000);
});
