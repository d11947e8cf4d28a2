import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";

const main = join(import.meta.dirname, "..", "..", "dist", "app", "main.js");
const children: ChildProcess[] = [];

function start(...args: readonly string[]) {
  const child = spawn(process.execPath, [main, "demo", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, METSUKE_CONFIG: "", LOG_LEVEL: "warn" },
  });
  children.push(child);
  let said = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => {
      said += text;
    });
  }
  return { child, said: () => said, folder: () => /^ +data +(\S+)$/m.exec(said)?.[1] ?? "" };
}

afterEach(() => {
  for (const child of children.splice(0)) child.kill("SIGKILL");
});

describe("metsuke demo", () => {
  it("tells the whole story, every step of it holds, and nothing is left behind", async () => {
    const { child, said, folder } = start("--exit");
    const [code] = (await once(child, "close")) as [number | null];
    const text = said();
    expect(text).not.toContain("FAILED");
    expect(text).toMatch(/held {4}all \d\d \d{3} are in ClickHouse, each once/);
    expect(text).toMatch(/held {4}locked and read back [\d ]+ ms after the event/);
    expect(text).toContain("held    both sessions are gone");
    expect(text).toMatch(/impossible-travel +bo\.ruiz/);
    expect(text).toContain("Failed logins alone never act on their victim");
    expect(text).toMatch(/held {4}10 000 failures are in ClickHouse/);
    expect(text).toMatch(/emil\.ruiz is not locked and signs in again/);
    expect(text).toMatch(/held {4}blocked and read back [\d ]+ ms after the event/);
    expect(text).toMatch(/\$ METSUKE_CONFIG=\S+ npm run -s metsuke -- actions undo --incident \w+/);
    expect(text).toMatch(/held {4}undone and read back [\d ]+ ms after the command/);
    expect(text).toContain("held    the same evidence does not lock her again");
    expect(text).toContain("6 of 6 steps held");
    expect(text).not.toContain("\u001b[");
    expect(code).toBe(0);
    expect(existsSync(folder())).toBe(false);
  }, 240_000);

  it("goes when it is interrupted, and takes its folder along", async () => {
    const { child, said, folder } = start();
    await vi.waitFor(() => expect(said()).toContain("Five weeks pass"), 60_000);
    expect(existsSync(folder())).toBe(true);
    child.kill("SIGINT");
    const [code] = (await once(child, "close")) as [number | null];
    expect(code).toBe(0);
    expect(said()).not.toContain("FAILED");
    expect(existsSync(folder())).toBe(false);
  });
});
