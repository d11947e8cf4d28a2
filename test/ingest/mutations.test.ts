import { describe, expect, it } from "vitest";
import { type FixtureName, fixtures, mutate, runMutations } from "./mutations.ts";

describe("seeded mutations", () => {
  it("are the same for the same seed", () => {
    const record = Buffer.from("Nov 21 19:13:01 vm sshd[1]: Invalid user x from 192.0.2.1 port 4");
    expect(mutate(7, record)).toEqual(mutate(7, record));
    expect(mutate(8, record)).not.toEqual(mutate(7, record));
  });

  it.each(Object.keys(fixtures) as FixtureName[])(
    "of %s crash nothing, and each is answered once",
    (format) => {
      const [report] = runMutations({ count: 2_000, seed: 20_261_124, formats: [format] });
      expect(report!.defects).toEqual([]);
      expect(report!.slow).toEqual([]);
      expect(report!.events + report!.rejects).toBe(report!.records);
      expect(report!.events).toBeGreaterThan(0);
      expect(report!.rejects).toBeGreaterThan(0);
    },
    20_000,
  );
});
