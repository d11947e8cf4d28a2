import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { count, createTeller } from "../../../app/demo/teller.ts";

function listen(isTTY: boolean) {
  const out = Object.assign(new PassThrough(), { isTTY });
  const text = (): string => (out.read() as Buffer | null)?.toString("utf8") ?? "";
  return { streams: { out, err: out, in: new PassThrough() }, text };
}

describe("the teller", () => {
  it("writes plain lines on a pipe and colours on a terminal", () => {
    for (const isTTY of [false, true]) {
      const { streams, text } = listen(isTTY);
      const teller = createTeller(streams);
      teller.step(1, "A title");
      teller.check({ held: true, text: "it held" });
      expect(text().includes("\u001b[")).toBe(isTTY);
    }
  });

  it("aligns rows under their names and shortens what is long", () => {
    const { streams, text } = listen(false);
    createTeller(streams).rows("SELECT 1", [
      { a: "x", message: "y".repeat(500) },
      { a: "longer", message: null },
    ]);
    const [sql, head, first, second] = text().split("\n");
    expect(sql).toContain("SELECT 1");
    expect(head).toMatch(/^ +a {7}message$/);
    expect(first?.length).toBeLessThan(150);
    expect(first).toContain("…");
    expect(second?.trim()).toBe("longer");
  });

  it("names in the closing table what did not hold", () => {
    const { streams, text } = listen(false);
    createTeller(streams).summary([
      { title: "Good", checks: [{ held: true, text: "fine" }], sum: "1 ms" },
      { title: "Bad", checks: [{ held: false, text: "the lock is missing" }], sum: "not finished" },
    ]);
    const said = text();
    expect(said).toMatch(/Good +held +1 ms/);
    expect(said).toMatch(/Bad +FAILED +not finished/);
    expect(said).toContain("the lock is missing");
  });

  it("is silent once muted", () => {
    const { streams, text } = listen(false);
    const teller = createTeller(streams);
    teller.mute();
    teller.line("too late");
    expect(text()).toBe("");
  });

  it("groups thousands", () => {
    expect([count(7), count(999), count(10_000), count(1_234_567)]).toEqual([
      "7",
      "999",
      "10 000",
      "1 234 567",
    ]);
  });
});
