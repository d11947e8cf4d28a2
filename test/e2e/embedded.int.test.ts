import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { until } from "../services/provision.ts";
import { metsuke, type Metsuke, startMetsuke } from "./processes.ts";

let folder = "";
let config: string[] = [];
let running: Metsuke;
let http = "";
let store = "";

const ask = (sql: string) => metsuke(["query", sql, "--format", "TabSeparated", ...config]);

const signIn = (minute: number, more: object, day = 24) => ({
  "@timestamp": `2026-11-${day}T08:${String(minute).padStart(2, "0")}:00Z`,
  "event.category": "authentication",
  "event.outcome": "success",
  "user.name": "Ann",
  ...more,
});

const madrid = {
  "source.ip": "203.0.113.7",
  "source.geo.location.lat": 40.42,
  "source.geo.location.lon": -3.7,
};
const singapore = {
  "source.ip": "198.51.100.9",
  "source.geo.location.lat": 1.35,
  "source.geo.location.lon": 103.82,
};

/** A jump is certain only of an account that is known: the days before, at home. */
const history = [20, 21, 22, 23].map((day) => signIn(0, madrid, day));

async function start(): Promise<void> {
  running = await startMetsuke(config);
  http = /(http:\S+\/v1\/events)/.exec(running.output())?.[1] ?? "";
  store = /query\s+(http:\S+)/.exec(running.output())?.[1] ?? "";
}

async function send(body: string): Promise<Record<string, unknown>> {
  const response = await fetch(http, {
    method: "POST",
    headers: { "content-type": "application/x-ndjson" },
    body,
  });
  expect(response.status).toBe(200);
  return (await response.json()) as Record<string, unknown>;
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "metsuke-embedded-"));
  const file = join(folder, "metsuke.yaml");
  await writeFile(
    file,
    `data_dir: ${join(folder, "data")}
store: { embedded: { port: 0 } }
metrics_port: 0
ingest: { sources: { http: { port: 0 } } }
`,
  );
  config = ["--config", file];
  await start();
});

afterAll(async () => {
  await running.end();
  await rm(folder, { recursive: true, force: true });
});

describe("everything in one process", () => {
  it("takes events, finds what is odd, and answers queries while it runs", async () => {
    const events = [...history, signIn(0, madrid), signIn(30, singapore)];
    const lines = events.map((event) => JSON.stringify(event));
    expect(await send(`${lines.join("\n")}\nnonsense\n`)).toMatchObject({
      accepted: 6,
      rejected: 1,
    });
    // Sent again: taken, and folded by id.
    expect(await send(`${lines.join("\n")}\n`)).toMatchObject({ accepted: 6 });
    await until(async () => {
      expect((await ask("SELECT count(), uniqExact(`event.id`) FROM events")).output).toBe(
        "6\t6\n",
      );
      const found = await ask("SELECT `detector.name`, `entity.id` FROM anomalies");
      expect(found.output).toContain("impossible-travel\tann\n");
    }, 15_000);
    const direct = await fetch(`${store}/?user=reader`, {
      method: "POST",
      body: "SELECT count() FROM events",
    });
    expect(await direct.text()).toBe("6\n");
  });

  it("lists rejects by reason and shows their bytes", async () => {
    const list = await metsuke(["rejects", "list", ...config]);
    expect(list.output).toContain("format_unknown");
    const show = await metsuke(["rejects", "show", "--reason", "format_unknown", ...config]);
    expect(show.output).toContain("nonsense");
  });

  it("plans, and executes nothing", async () => {
    const list = await metsuke(["actions", "list", "--json", ...config]);
    const statuses = list.output
      .split("\n")
      .filter((line) => line.startsWith("{"))
      .map((line) => (JSON.parse(line) as Record<string, unknown>)["action.status"]);
    expect(statuses.length).toBeGreaterThan(0);
    expect(statuses.every((status) => status === "planned" || status === "suppressed")).toBe(true);
  });

  it("refuses what a reader may not do, with a sentence and a code", async () => {
    const written = await ask("DROP TABLE events_raw");
    expect(written).toMatchObject({ code: 1 });
    expect(written.output).toMatch(/^metsuke: .*\[METSUKE_[A-Z_]+\]\n$/s);
  });

  it("serves metrics and health", async () => {
    const address = /metrics (http:\S+)/.exec(running.output())?.[1] ?? "";
    expect(await (await fetch(address)).text()).toContain(
      'metsuke_received_total{component="ingest',
    );
    expect((await fetch(address.replace("/metrics", "/health"))).status).toBe(200);
  });

  it("refuses a second process on the same data", async () => {
    const second = await metsuke(["run", ...config]);
    expect(second.code).toBe(1);
    expect(second.output).toContain("[METSUKE_DATA_IN_USE]");
  });

  it("drains on SIGTERM, and the data answers without a running instance", async () => {
    expect(await running.end()).toBe(0);
    expect((await ask("SELECT count() FROM events")).output).toBe("6\n");
    expect((await metsuke(["actions", "list", ...config])).code).toBe(0);
  });

  it("stops and resumes by a file that needs nothing else", async () => {
    const stopped = await metsuke(["actions", "stop", ...config]);
    expect(stopped.output).toContain("Stopped");
    const resumed = await metsuke(["actions", "resume", ...config]);
    expect(resumed).toMatchObject({ code: 0 });
  });

  it("resumes where it was, after a kill as well, and nothing is there twice", async () => {
    await start();
    await send(`${JSON.stringify(signIn(45, madrid))}\n`);
    await running.end("SIGKILL");
    await start();
    await until(async () => {
      expect((await ask("SELECT count(), uniqExact(`event.id`) FROM events")).output).toBe(
        "7\t7\n",
      );
      expect((await ask("SELECT count(), uniqExact(`anomaly.id`) FROM anomalies")).output).toMatch(
        /^(\d+)\t\1\n$/,
      );
    }, 20_000);
  });
});

describe("the command line", () => {
  it.each([
    [[], 2, "Usage: metsuke COMMAND"],
    [["--help"], 0, "Usage: metsuke COMMAND"],
    [["replay", "--help"], 0, "--out VALUE"],
    [["aktions"], 2, 'did you mean "metsuke actions"?'],
    [["why", "x"], 2, 'there is no command "why"'],
    [["replay", "x.ndjson"], 2, "replay takes --out DIR"],
    [["replay", "absent.ndjson", "--out", "/tmp/never"], 1, "cannot read absent.ndjson"],
    [["run", "--rolle", "x"], 2, "did you mean --role?"],
    [["check", "absent.yaml"], 1, "[METSUKE_FILE_UNREADABLE]"],
  ])("%j ends with %i", async (args, code, text) => {
    const ended = await metsuke(args);
    expect(ended.output).toContain(text);
    expect(ended.code).toBe(code);
  });
});
