import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type Socket, connect } from "node:net";
import { afterEach, describe, expect, test, vi } from "vitest";
import { syslog } from "../../../ingest/sources/syslog.ts";
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
  const opened = await rig.open(syslog, { port: 0, ...params });
  const port = Number(/:(\d+)(?: |$)/.exec(opened.address)?.[1]);
  return { rig, port, opened };
}

async function dial(port: number): Promise<Socket> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  await once(socket, "connect");
  return socket;
}

const errors = async (rig: Rig, reason: string): Promise<number> => {
  const { values } = await rig.metrics.errors.get();
  return values
    .filter(({ labels }) => labels["reason"] === reason)
    .reduce((n, v) => n + v.value, 0);
};

describe("TCP", () => {
  test("takes both framings on one port and says who sent what", async () => {
    const { rig, port } = await listen({ dataset: "linux.sshd", tenant: "acme" });
    (await dial(port)).end("<38>one\n<38>two\n");
    (await dial(port)).end("7 <38>six7 <38>ten");
    await vi.waitFor(() => expect(rig.messages()).toHaveLength(4));
    expect(
      rig
        .messages()
        .map(String)
        .toSorted((a, b) => a.localeCompare(b)),
    ).toEqual(["<38>one", "<38>six", "<38>ten", "<38>two"]);
    for (const line of rig.memory.lines("events")) {
      expect(line).toMatchObject({
        "sender.transport": "syslog-tcp",
        "sender.id": "127.0.0.1",
        "sender.authenticated": false,
        "organization.id": "acme",
        "event.dataset": "linux.sshd",
      });
    }
  });

  test("a trusted relay on loopback is authenticated", async () => {
    const { rig, port } = await listen({ trusted_relay: true });
    (await dial(port)).end("<38>one\n");
    await vi.waitFor(() => expect(rig.messages()).toHaveLength(1));
    expect(rig.memory.lines("events")[0]).toMatchObject({
      "sender.id": "relay",
      "sender.authenticated": true,
    });
  });

  test("equal lines of a connection are told apart, across reads too", async () => {
    const { rig, port } = await listen();
    const socket = await dial(port);
    socket.write("<38>same\n<38>same\n");
    await vi.waitFor(() => expect(rig.messages()).toHaveLength(2));
    socket.end("<38>same\n");
    await vi.waitFor(() => expect(rig.messages()).toHaveLength(3));
    expect(new Set(rig.memory.lines("events").map((line) => line["event.id"])).size).toBe(3);
  });

  test("a message above the limit becomes a reject and the stream stays in step", async () => {
    const { rig, port } = await listen({ max_message_bytes: 480 });
    (await dial(port)).end(`<38>${"x".repeat(2_000)}\n<38>after\n`);
    await vi.waitFor(() => expect(rig.messages()).toEqual(["<38>after"]));
    expect(rig.memory.lines("rejects")[0]).toMatchObject({ "reject.code": "record_too_long" });
  });

  test("while the log stalls it stops reading, keeps the connection and loses nothing", async () => {
    const { rig, port } = await listen({ idle_seconds: 0.05 }, { maxInFlightBytes: 50_000 });
    const socket = await dial(port);
    rig.memory.hold();
    const count = 20_000;
    const line = (index: number): string =>
      `<38>${String(index).padStart(8, "0")} ${"x".repeat(4_000)}\n`;
    let sent = 0;
    let stalled = false;
    while (sent < count && !stalled) {
      stalled = !socket.write(line(sent++)) && socket.writableLength > 1_000_000;
      if (sent % 100 === 0) await new Promise((resolve) => setImmediate(resolve));
    }
    // Our side reads no more: the peer's own buffer grows.
    expect(stalled).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(socket.destroyed).toBe(false);
    rig.memory.release();
    socket.end();
    await vi.waitFor(async () => {
      expect((await rig.metrics.sent.get()).values[0]?.value).toBe(sent);
    }, 4_000);
    const numbers = rig.messages().map((message) => Number(String(message).slice(4, 12)));
    expect(numbers).toEqual(Array.from({ length: sent }, (_, index) => index));
  });

  test("a silent connection is closed", async () => {
    const { port } = await listen({ idle_seconds: 0.02 });
    const socket = await dial(port);
    await once(socket, "close");
    expect(socket.destroyed).toBe(true);
  });

  test("connections are capped per peer", async () => {
    const { rig, port } = await listen({ max_connections_per_peer: 2 });
    const first = await dial(port);
    await dial(port);
    const third = await dial(port);
    await once(third, "close");
    expect(await errors(rig, "connections")).toBe(1);
    first.end();
    await once(first, "close");
    await vi.waitFor(async () => {
      const next = await dial(port);
      next.write("<38>in\n");
      await vi.waitFor(() => expect(rig.messages()).toEqual(["<38>in"]), { timeout: 200 });
    });
  });

  test("close takes what was already sent", async () => {
    const { rig, port, opened } = await listen();
    const socket = await dial(port);
    socket.write("<38>one\n<38>two\n");
    await vi.waitFor(() => expect(rig.messages()).toHaveLength(2));
    socket.write("<38>three\n");
    await opened.close();
    expect(rig.messages()).toEqual(["<38>one", "<38>two", "<38>three"]);
  });
});

describe("UDP", () => {
  test("one datagram is one message, never authenticated", async () => {
    const { rig, port } = await listen({ tcp: false, udp: true, trusted_relay: true });
    const socket = createSocket("udp4");
    socket.send("<38>one\ntwo", port, "127.0.0.1");
    await vi.waitFor(() => expect(rig.messages()).toEqual(["<38>one\ntwo"]));
    socket.close();
    expect(rig.memory.lines("events")[0]).toMatchObject({
      "sender.transport": "syslog-udp",
      "sender.authenticated": false,
    });
  });

  test("what finds no room is dropped and counted", async () => {
    const { rig, port } = await listen({ tcp: false, udp: true, udp_waiting_bytes: 65_536 });
    rig.memory.hold();
    const socket = createSocket("udp4");
    for (let index = 0; index < 4; index++) {
      socket.send(Buffer.alloc(30_000, 65 + index), port, "127.0.0.1");
    }
    await vi.waitFor(async () => expect(await errors(rig, "dropped")).toBe(2));
    rig.memory.release();
    await vi.waitFor(() => expect(rig.messages()).toHaveLength(2));
    socket.close();
  });

  test("and TCP share a port number", async () => {
    const { opened } = await listen({ udp: true });
    const ports = [...opened.address.matchAll(/:(\d+)(?= |$)/g)].map(([, port]) => port);
    expect(ports).toHaveLength(2);
    expect(ports[0]).toBe(ports[1]);
  });
});

test.each([
  [{ host: "0.0.0.0" }],
  [{ host: "0.0.0.0", udp: true, tls: { cert: "c", key: "k", ca: "a" } }],
  [{ host: "0.0.0.0", tls: { cert: "c", key: "k" } }],
])("beyond loopback %o does not open", async (params) => {
  await expect(listen(params)).rejects.toMatchObject({ code: "METSUKE_CONFIG_INVALID" });
});

test("beyond loopback for anyone it opens when told so, and warns", async () => {
  const { rig } = await listen({ host: "0.0.0.0", unauthenticated: true });
  expect(rig.warnings.join("")).toContain("never lock");
});

test("a time zone that is none is refused at the start", async () => {
  const opened = listen({ timezone: "Mars/Olympus" });
  await expect(opened).rejects.toMatchObject({ code: "METSUKE_CONFIG_INVALID" });
});
