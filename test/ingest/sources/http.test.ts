import { once } from "node:events";
import { connect } from "node:net";
import { request } from "node:http";
import { gzipSync } from "node:zlib";
import { afterEach, describe, expect, test, vi } from "vitest";
import { http } from "../../../ingest/sources/http.ts";
import { hashToken } from "../../../ingest/sources/tokens.ts";
import type { IngestOptions } from "../../../ingest/role.ts";
import { type Rig, createRig } from "../ingest-rig.ts";

const rigs: Rig[] = [];
afterEach(async () => {
  for (const rig of rigs.splice(0)) {
    rig.memory.release();
    await rig.ingest.close();
  }
});

async function listen(params: object = {}, options: Partial<IngestOptions> = {}) {
  const rig = createRig(options);
  rigs.push(rig);
  const { address } = await rig.open(http, { port: 0, ...params });
  return { rig, url: address };
}

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers: Record<string, unknown>;
}

/** A client that may send any header; rejects when the connection breaks. */
function send(
  url: string,
  body: string | Buffer,
  headers: Record<string, string> = {},
  method = "POST",
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(url, { method, headers, agent: false }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on("data", (chunk: Buffer) => chunks.push(chunk));
      answer.on("error", reject);
      answer.on("end", () => {
        const text = Buffer.concat(chunks).toString();
        resolve({
          status: answer.statusCode ?? 0,
          body: text === "" ? {} : (JSON.parse(text) as Record<string, unknown>),
          headers: answer.headers,
        });
      });
    });
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}

describe("what it answers", () => {
  test("numbers and first reasons, when durable", async () => {
    const { rig, url } = await listen();
    const answer = await send(url, '{"message":"a"}\nbad\n{"message":"b"}');
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual({ accepted: 2, rejected: 1, rejects: ["bad: it says so"] });
    expect(rig.messages()).toEqual(["a", "b"]);
  });

  test("at most five reasons", async () => {
    const { url } = await listen();
    const { body } = await send(url, "bad\n".repeat(5_000));
    expect(body).toMatchObject({ accepted: 0, rejected: 5_000 });
    expect(body["rejects"]).toHaveLength(5);
  });

  test("an array, any content type, none, an empty body", async () => {
    const { rig, url } = await listen();
    const types = ["application/json", "application/x-ndjson", "text/plain", "nonsense"];
    for (const type of types) {
      const answer = await send(url, '[{"message":"a"},{"message":"b"}]', { "content-type": type });
      expect(answer.body).toMatchObject({ accepted: 2 });
    }
    expect((await send(url, '{"message":"c"}')).body).toMatchObject({ accepted: 1 });
    expect((await send(url, "")).body).toEqual({ accepted: 0, rejected: 0, rejects: [] });
    expect(rig.messages()).toHaveLength(9);
  });

  test("a record above the limit is a reject, not a refusal", async () => {
    const { rig, url } = await listen({ max_record_bytes: 1_024 });
    const answer = await send(url, `${"x".repeat(3_000)}\n{"message":"a"}`);
    expect(answer).toMatchObject({ status: 200, body: { accepted: 1, rejected: 1 } });
    expect(rig.messages()).toEqual(["a"]);
  });

  test("equal records of one request are told apart over its slices, and repeats fold", async () => {
    const { rig, url } = await listen();
    const body = '{"message":"same"}\n'.repeat(5_000);
    await send(url, body);
    await send(url, body);
    const ids = rig.memory.lines("events").map((line) => line["event.id"]);
    expect(ids).toHaveLength(10_000);
    expect(new Set(ids).size).toBe(5_000);
  });

  test("only after the log has it", async () => {
    const { rig, url } = await listen();
    rig.memory.hold();
    let answered = false;
    const answer = send(url, '{"message":"a"}').then((got) => {
      answered = true;
      return got;
    });
    await vi.waitFor(() => expect(rig.memory.waiting()).toBe(1));
    expect(answered).toBe(false);
    rig.memory.release();
    expect((await answer).status).toBe(200);
  });

  test("health", async () => {
    const { url } = await listen();
    const answer = await send(url.replace("/v1/events", "/health"), "", {}, "GET");
    expect(answer.body).toEqual({ status: "ok", full: false });
  });
});

describe("overload", () => {
  test("503 with Retry-After before the body is read, once full", async () => {
    const { rig, url } = await listen({}, { maxInFlightBytes: 100 });
    rig.memory.hold();
    const first = send(url, '{"message":"a"}');
    await vi.waitFor(() => expect(rig.ingest.full()).toBe(true));
    const second = await send(url, '{"message":"b"}');
    expect(second.status).toBe(503);
    expect(second.headers["retry-after"]).toBe("1");
    rig.memory.release();
    expect((await first).status).toBe(200);
    expect(rig.messages()).toEqual(["a"]);
  });

  test("a connection is broken, not acknowledged, when the log takes nothing in time", async () => {
    const { rig, url } = await listen({ patience_seconds: 0.02 });
    rig.memory.hold();
    await expect(send(url, '{"message":"a"}')).rejects.toThrow(/hang up|ECONNRESET/);
    rig.memory.release();
    await vi.waitFor(() => expect(rig.messages()).toEqual(["a"]));
    expect((await send(url, '{"message":"b"}')).status).toBe(200);
  });

  test("a client that goes away in the middle leaves no half record", async () => {
    const { rig, url } = await listen();
    const socket = connect(Number(new URL(url).port), "127.0.0.1");
    await once(socket, "connect");
    const body = '{"message":"whole"}\n{"message":"ha';
    socket.write(
      `POST /v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Length: 999\r\n\r\n${body}`,
    );
    await vi.waitFor(() => expect(socket.bytesWritten).toBeGreaterThan(80));
    socket.destroy();
    await vi.waitFor(() => expect(rig.warnings.join("")).toContain("not acknowledged"));
    expect(rig.messages()).toEqual([]);
  });
});

describe("compressed bodies", () => {
  const gzip = { "content-encoding": "gzip" };

  test("are taken", async () => {
    const { rig, url } = await listen();
    const answer = await send(url, gzipSync('{"message":"a"}\n{"message":"b"}'), gzip);
    expect(answer.body).toMatchObject({ accepted: 2 });
    expect(rig.messages()).toEqual(["a", "b"]);
  });

  test("that inflate too far end with 413, what came before stays", async () => {
    const { url } = await listen();
    const bomb = gzipSync(Buffer.alloc(32 * 1024 * 1024, `{"message":"${"a".repeat(5_000)}"}\n`));
    const answer = await send(url, bomb, gzip);
    expect(answer.status).toBe(413);
    expect(answer.body["error"]).toContain("more than 200 times");
    expect(Number(answer.body["accepted"])).toBeLessThan(6_000);
  });

  test("of more than the cap end with 413", async () => {
    const { url } = await listen({ max_inflated_bytes: 1_048_576, max_ratio: 10_000 });
    const answer = await send(
      url,
      gzipSync(Buffer.alloc(2_000_000, `bad ${"x".repeat(5_000)}\n`)),
      gzip,
    );
    expect(answer.status).toBe(413);
    expect(answer.body["error"]).toContain("1048576 bytes");
  });

  test.each([
    ["no gzip", Buffer.from("plain text")],
    ["a part of it", gzipSync("x".repeat(10_000)).subarray(0, 20)],
  ])("%s is 400", async (_name, body) => {
    const { url } = await listen();
    expect((await send(url, body, gzip)).status).toBe(400);
  });

  test("another encoding is 415", async () => {
    const { url } = await listen();
    expect((await send(url, "x", { "content-encoding": "br" })).status).toBe(415);
  });
});

describe("who may send", () => {
  const secret = "a-token-of-some-length";
  const tokens = [{ hash: hashToken(secret), id: "web", tenant: "acme", dataset: "ecs" }];

  test.each([
    ["without tokens", {}, {}, 200, { "sender.authenticated": false, "sender.id": "http" }],
    ["trusted", { trusted: true }, {}, 200, { "sender.authenticated": true }],
    [
      "the token",
      { tokens },
      { authorization: `Bearer ${secret}` },
      200,
      {
        "sender.authenticated": true,
        "sender.id": "web",
        "organization.id": "acme",
        "event.dataset": "ecs",
      },
    ],
    ["no token", { tokens }, {}, 401, undefined],
    ["no token although trusted", { tokens, trusted: true }, {}, 401, undefined],
    ["a wrong token", { tokens }, { authorization: `Bearer ${secret}x` }, 401, undefined],
    ["an Origin", {}, { origin: "http://localhost" }, 403, undefined],
    ["a null Origin", {}, { origin: "null" }, 403, undefined],
    [
      "an Origin with the token",
      { tokens },
      { authorization: `Bearer ${secret}`, origin: "x" },
      403,
      undefined,
    ],
    ["a strange Host", {}, { host: "evil.example" }, 403, undefined],
    ["a Host that only begins well", {}, { host: "localhost.evil.example" }, 403, undefined],
    ["localhost", {}, { host: "LOCALHOST:7701" }, 200, {}],
    ["a listed Host", { hosts: ["logs.example"] }, { host: "logs.example:80" }, 200, {}],
  ])("%s", async (_name, params, headers, status, event) => {
    const { rig, url } = await listen(params);
    const answer = await send(url, '{"message":"a"}', headers as Record<string, string>);
    expect(answer.status).toBe(status);
    expect(rig.memory.lines("events")).toMatchObject(event === undefined ? [] : [event]);
  });

  test("a dataset may be asked for where no token fixes it", async () => {
    const { rig, url } = await listen({ dataset: "zeek.conn" });
    await send(`${url}?dataset=linux.sshd`, '{"message":"a"}');
    await send(url, '{"message":"b"}');
    const datasets = rig.memory.lines("events").map((line) => line["event.dataset"]);
    expect(datasets).toEqual(["linux.sshd", "zeek.conn"]);
    expect((await send(`${url}?dataset=../x`, "{}")).status).toBe(400);
    expect((await send(`${url}?dataset=a&dataset=b`, "{}")).status).toBe(400);
  });

  test.each([[{ host: "0.0.0.0" }], [{ host: "0.0.0.0", tokens, trusted: true }]])(
    "beyond loopback %o does not open",
    async (params) => {
      await expect(listen(params)).rejects.toMatchObject({ code: "METSUKE_CONFIG_INVALID" });
    },
  );

  test.each([[{ host: "0.0.0.0", tokens }], [{ host: "0.0.0.0", unauthenticated: true }]])(
    "beyond loopback %o opens",
    async (params) => {
      expect((await listen(params)).url).toMatch(/^http:/);
    },
  );
});

test("a time zone that is none is refused at the start", async () => {
  const opened = listen({ timezone: "Mars/Olympus" });
  await expect(opened).rejects.toMatchObject({ code: "METSUKE_CONFIG_INVALID" });
});
