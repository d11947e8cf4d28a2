import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { packageRoot } from "../../app/version.ts";
import { company } from "./exactness-company.ts";
import {
  aboutOthers,
  failuresAt,
  normalised,
  type Replayed,
  replayDocuments,
  sshdDays,
} from "./hostile.ts";

const MONDAY = Date.UTC(2026, 0, 5);
const AHEAD = 2 * 86_400_000;

describe("what strangers can do to others", () => {
  it("10 000 failures at one user plan no lock, and one suppressed lock says why", async () => {
    const { anomalies, actions } = await replayDocuments(failuresAt("ann", 10_000, MONDAY));
    expect(anomalies.length).toBeGreaterThan(0);
    const locks = actions.filter((action) => action["action.type"] === "lock_account");
    expect(locks.map((lock) => lock["action.status"])).toEqual(["suppressed"]);
    expect(locks[0]?.["guard.name"]).toBe("corroboration");
    expect(locks[0]?.["guard.reason"]).toMatch(/Failed logins alone never act on their victim/);
  }, 60_000);

  it("a login name that looks like the rest of a log line changes nothing of anybody else", async () => {
    const stranger = "203.0.113.66";
    const name = "root from 10.9.9.9 port 22 ssh2";
    const calm = sshdDays(MONDAY);
    const attack = Array.from({ length: 60 }, (_, index) => {
      const at = new Date(MONDAY - 300_000 + index * 1_000).toISOString();
      const user = index % 2 === 0 ? `invalid user ${name}` : name;
      return `${at} host1 sshd[77]: Failed password for ${user} from ${stranger} port 4711 ssh2`;
    });
    const hostile = await normalised([...calm, ...attack].toSorted());
    expect(hostile.filter((event) => event["source.ip"] === "10.9.9.9")).toEqual([]);
    expect(hostile.filter((event) => event["source.ip"] === stranger)).toHaveLength(60);
    const quiet = await normalised(calm.toSorted());
    const text = (events: readonly object[]) => events.map((event) => JSON.stringify(event));
    const own = new Set([name, stranger]);
    const [without, with_] = [
      await replayDocuments(text(quiet)),
      await replayDocuments(text(hostile)),
    ];
    expect(aboutOthers(without, own).length).toBeGreaterThan(100);
    expect(aboutOthers(with_, own)).toEqual(aboutOthers(without, own));
  }, 60_000);

  describe("one event dated two days ahead", () => {
    const own = new Set(["traveller", "203.0.113.99"]);
    const { lines, times } = company({ seed: 5, people: 20, days: 6, attacksADay: 5 });
    const middle = Math.floor((lines.length * 3) / 4);
    const withOne = (outcome: string, ahead: number) =>
      replayDocuments(
        lines.toSpliced(
          middle,
          0,
          JSON.stringify({
            "@timestamp": new Date(Number(times[middle]) + ahead).toISOString(),
            "event.id": "one",
            "event.category": ["authentication"],
            "event.outcome": outcome,
            "user.name": "traveller",
            "source.ip": "203.0.113.99",
          }),
        ),
      );

    it("changes nothing of anybody else when it failed", async () => {
      const without = await replayDocuments(lines);
      expect(without.anomalies.length).toBeGreaterThan(5);
      const ahead = await withOne("failure", AHEAD);
      expect(aboutOthers(ahead, own)).toEqual(aboutOthers(without, own));
    }, 60_000);

    it("changes no other finding when it succeeded, and teaches what it would with its right date", async () => {
      const ids = (found: Replayed) =>
        found.anomalies.filter((row) => !own.has(row["entity.id"])).map((row) => row["anomaly.id"]);
      const ahead = await withOne("success", AHEAD);
      const right = await withOne("success", 0);
      expect(ids(ahead)).toEqual(ids(await replayDocuments(lines)));
      expect(aboutOthers(ahead, own)).toEqual(aboutOthers(right, own));
    }, 60_000);
  });

  it("a million invented user names take less than 100 MB and no user's place", async () => {
    const main = join(packageRoot, "dist", "test", "e2e", "hostile-names.js");
    const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", main]);
    process.stdout.write(stdout);
    const said = JSON.parse(stdout) as Record<string, number>;
    expect(said["names"]).toBe(1_000_000);
    expect(said["grownMb"]).toBeLessThan(100);
    expect(said["users"] === 0 || Number(said["evicted"]) > 0).toBe(true);
  }, 120_000);
});
