import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { normalize } from "../../app/commands/normalize.ts";
import { ndjson, runCommand } from "./streams.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "metsuke-normalize-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

const line = (user: string) =>
  `<38>2026-11-24T10:00:00Z web1 sshd[7]: Failed password for ${user} from 203.0.113.7 port 22 ssh2`;

describe("normalize", () => {
  it("gives every record to exactly one of events and rejects, in order", async () => {
    const rejects = join(folder, "rejects.ndjson");
    const input = `\uFEFF${line("ann")}\r\nnonsense\n\n${line("bob")}\u0000\n{"a":`;
    const { code, out, err } = await runCommand(normalize, ["--rejects", rejects], input);
    expect(code).toBe(0);
    expect(ndjson(out).map((event) => event["user.name"])).toEqual(["ann", "bob"]);
    const refused = ndjson(readFileSync(rejects, "utf8"));
    expect(refused.map((reject) => reject["reject.original"])).toEqual(["nonsense", '{"a":']);
    expect(refused.every((reject) => String(reject["reject.reason"]).includes(": "))).toBe(true);
    expect(err).toMatch(/records 4\nevents 2\nrejects 2\n/);
  });

  it("gives equal lines of one file different ids and the same ids next time", async () => {
    const path = join(folder, "auth.log");
    writeFileSync(path, `${line("ann")}\n`.repeat(3));
    const first = ndjson((await runCommand(normalize, [path])).out).map(
      (event) => event["event.id"],
    );
    const second = ndjson((await runCommand(normalize, [path])).out).map(
      (event) => event["event.id"],
    );
    expect(new Set(first).size).toBe(3);
    expect(second).toEqual(first);
  });

  it("reads its own output again unchanged", async () => {
    const once = (await runCommand(normalize, ["--sender", "s"], `${line("ann")}\n`)).out;
    const twice = (await runCommand(normalize, ["--sender", "s"], once)).out;
    expect(ndjson(twice)).toEqual(ndjson(once));
  });

  it("keeps bytes that are not UTF-8, and answers a line of 20 MB without harm to its neighbours", async () => {
    const rejects = join(folder, "rejects.ndjson");
    const broken = Buffer.concat([Buffer.from(line("ann")), Buffer.from([0xff, 0xfe, 0x0a])]);
    const input = Buffer.concat([
      broken,
      Buffer.alloc(20_000_000, 120),
      Buffer.from(`\n${line("bob")}\n`),
    ]);
    const { out, err } = await runCommand(normalize, ["--rejects", rejects], input);
    const events = ndjson(out);
    expect(events.at(-1)?.["user.name"]).toBe("bob");
    expect(Buffer.from(String(events[0]?.["event.original"]), "latin1").subarray(-2)).toEqual(
      Buffer.from([0xff, 0xfe]),
    );
    expect(err).toContain("rejects 1\n  too_large 1");
    const [large] = ndjson(readFileSync(rejects, "utf8"));
    expect(large?.["reject.reason"]).toContain("20000000 bytes");
  });

  it("unpacks a rotated log as it reads, and says when it is damaged", async () => {
    const path = join(folder, "auth.log.1.gz");
    const packed = gzipSync(`${line("ann")}\n${line("bob")}\n`);
    writeFileSync(path, packed);
    const { out } = await runCommand(normalize, [path]);
    expect(ndjson(out).map((event) => event["user.name"])).toEqual(["ann", "bob"]);
    writeFileSync(path, packed.subarray(0, packed.length - 12));
    await expect(runCommand(normalize, [path])).rejects.toThrow(/cannot read on/);
  });

  it("says what to type for a format it does not know", async () => {
    await expect(runCommand(normalize, ["--dataset", "linux.ssh"], "")).rejects.toThrow(
      /did you mean linux\.sshd/,
    );
    await expect(runCommand(normalize, ["--timezone", "Mars/Base"], "")).rejects.toThrow(/IANA/);
    await expect(runCommand(normalize, [join(folder, "absent")], "")).rejects.toThrow(
      /cannot read/,
    );
  });

  it("says that records hold several events where the sum is not that of the records", async () => {
    const one = { "event.action": "login", "user.name": "ann" };
    const { err } = await runCommand(normalize, [], `${JSON.stringify([one, one])}\nnonsense\n`);
    expect(err).toMatch(/records 2\nevents 2 \(1 more than records: .*\)\nrejects 1\n/);
  });

  it("says which file of rejects it cannot write", async () => {
    const path = join(folder, "absent", "rejects.ndjson");
    await expect(runCommand(normalize, ["--rejects", path], "")).rejects.toThrow(/cannot write/);
  });

  it("gives equal records different ids whatever frames them", async () => {
    const input = `${line("ann")}\n${line("ann")}\r\n\uFEFF${line("ann")}\n`;
    const { out } = await runCommand(normalize, [], input);
    expect(new Set(ndjson(out).map((event) => event["event.id"])).size).toBe(3);
  });

  it("reads zone-less times in the zone named", async () => {
    const text =
      '2026-11-24 10:00:00,123 WARN  [org.keycloak.events] (t) type="LOGIN", realmName="m", clientId="app", userId="u1", ipAddress="203.0.113.7", username="ann"\n';
    const utc = ndjson((await runCommand(normalize, [], text)).out);
    const madrid = ndjson((await runCommand(normalize, ["--timezone", "Europe/Madrid"], text)).out);
    expect(utc[0]?.["@timestamp"]).toBe("2026-11-24T10:00:00.123Z");
    expect(madrid[0]?.["@timestamp"]).toBe("2026-11-24T09:00:00.123Z");
  });
});
