import { describe, expect, it } from "vitest";
import { baseline } from "../../detectors/baseline.ts";
import { machineBaseline } from "../../detectors/machine-baseline.ts";
import { event, run } from "./harness.ts";
import { DAY, fleet, idOf, inOrder, intrusion, NIGHT, START, VICTIM } from "./machines.ts";

const learning = { learning_days: 5, learning_entity_days: 60 };
const params = {
  baseline: { ...learning, budget_per_day: 9 },
  "machine-baseline": { ...learning, budget_per_day: 1 },
};
const events = inOrder([...fleet(16, 24), ...intrusion()]);
const dayText = new Date(START + NIGHT * DAY).toISOString().slice(0, 10);

describe("machine-baseline", () => {
  const both = run([baseline, machineBaseline], events, { params });
  const ofKind = (kind: string) =>
    both.scores.filter((one) => one.kind === kind && one.closed && one.day === dayText);

  it("ranks a laptop that serves a new account at night with new programs above its peers", () => {
    const ranked = ofKind("device").toSorted((left, right) => right.score - left.score);
    expect(ranked).toHaveLength(16);
    expect(ranked[0]?.entity).toBe(idOf("device", VICTIM));
    expect(ranked[0]?.p).toBeLessThan((ranked[1]?.p ?? 0) / 2);
  });

  it("alerts within a budget of its own, and says what is new there", () => {
    const found = both.findings.filter((one) => one.detector === "machine-baseline");
    const hit = found.find((one) => one.entity === idOf("device", VICTIM));
    expect(hit).toMatchObject({ certain: false, kind: "device", windowStart: START + NIGHT * DAY });
    expect(hit?.explanation.map((line) => line.observed).join("; ")).toContain(
      "1 new account (stranger)",
    );
  });

  it("scores a server by who uses it and from where", () => {
    expect(ofKind("host").map(({ entity }) => entity)).toContain(idOf("host", "srv-0"));
    expect(both.states).toMatchObject({
      "machine-baseline device": 16,
      "machine-baseline host": 6,
    });
  });

  it("without a budget scores days and alerts about none", () => {
    const none = { ...params, "machine-baseline": { ...learning, budget_per_day: 0 } };
    const quiet = run([machineBaseline], events, { params: none });
    expect(quiet.findings).toEqual([]);
    expect(quiet.scores.some(({ p }) => p !== null && p < 0.01)).toBe(true);
  });

  it("changes nothing about accounts", () => {
    const alone = run([baseline], events, { params });
    expect(alone.scores.length).toBeGreaterThan(300);
    const accounts = both.scores.filter(({ kind }) => kind === "user");
    expect(JSON.stringify(accounts)).toBe(JSON.stringify(alone.scores));
    expect(both.findings.filter((one) => one.detector === "baseline")).toEqual(alone.findings);
  });

  it("stays within its bytes whatever it is fed", () => {
    const long = "日".repeat(500);
    const hostile = Array.from({ length: 40 * 60 }, (_, index) =>
      event(START + Math.floor(index / 60) * DAY + (index % 60) * 24 * 60_000, {
        "event.id": `${"e".repeat(40)}${index}`,
        "device.id": "laptop",
        "user.entity.id": `${long}${index}`,
        "host.name": `${long}h${index}`,
        "process.name": `${"\u0007".repeat(40)}p${index}"\\`,
        "service.name": `s${index}`,
        "url.domain": `d${index}.example`,
        "session.id": `${index % 3}`,
        "source.ip": `7.${index % 250}.1.1`,
      }),
    );
    const { bytes } = run([machineBaseline], hostile, { recode: true });
    expect(bytes["machine-baseline"]).toBeLessThanOrEqual(4096);
  });
});
