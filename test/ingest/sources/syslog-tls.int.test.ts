import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ConnectionOptions, connect } from "node:tls";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { syslog } from "../../../ingest/sources/syslog.ts";
import { type Rig, createRig } from "../ingest-rig.ts";

let folder: string;
let rig: Rig;

const at = (name: string): string => join(folder, name);
const openssl = (...args: string[]): unknown =>
  execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });

function certificate(name: string, authority: string): void {
  openssl(
    "req",
    "-newkey",
    "rsa:2048",
    "-nodes",
    "-keyout",
    `${name}.key`,
    "-out",
    `${name}.csr`,
    "-subj",
    `/CN=${name}`,
  );
  openssl(
    "x509",
    "-req",
    "-in",
    `${name}.csr`,
    "-CA",
    `${authority}.pem`,
    "-CAkey",
    `${authority}.key`,
    "-CAcreateserial",
    "-days",
    "2",
    "-out",
    `${name}.pem`,
  );
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "metsuke-tls-"));
  for (const name of ["authority", "stranger"]) {
    openssl(
      "req",
      "-x509",
      "-newkey",
      "rsa:2048",
      "-nodes",
      "-keyout",
      `${name}.key`,
      "-out",
      `${name}.pem`,
      "-subj",
      `/CN=${name}`,
      "-days",
      "2",
    );
  }
  certificate("server", "authority");
  certificate("shipper-7", "authority");
  certificate("mallory", "stranger");
});
afterAll(() => rmSync(folder, { recursive: true }));
afterEach(() => rig.ingest.close());

async function listen(ca: boolean): Promise<number> {
  rig = createRig();
  const tls = {
    cert: at("server.pem"),
    key: at("server.key"),
    ...(ca ? { ca: at("authority.pem") } : {}),
  };
  const { address } = await rig.open(syslog, { port: 0, tls });
  return Number(/^tls:.*:(\d+)$/.exec(address)?.[1]);
}

/** Sends one record; resolves when the connection is over. */
async function send(port: number, client: string | undefined): Promise<void> {
  const options: ConnectionOptions = {
    port,
    host: "127.0.0.1",
    ca: readFileSync(at("authority.pem")),
    checkServerIdentity: () => undefined,
  };
  if (client !== undefined) {
    options.cert = readFileSync(at(`${client}.pem`));
    options.key = readFileSync(at(`${client}.key`));
  }
  const socket = connect(options);
  socket.on("error", () => undefined);
  socket.end("7 <38>one");
  socket.resume();
  await new Promise((resolve) => socket.on("close", resolve));
}

const refused = async (): Promise<number> => {
  const { values } = await rig.metrics.errors.get();
  return values.find(({ labels }) => labels["reason"] === "tls")?.value ?? 0;
};

test("a client certificate names and authenticates the sender", async () => {
  await send(await listen(true), "shipper-7");
  await vi.waitFor(() => expect(rig.messages()).toEqual(["<38>one"]));
  expect(rig.memory.lines("events")[0]).toMatchObject({
    "sender.id": "shipper-7",
    "sender.authenticated": true,
    "sender.transport": "syslog-tcp",
  });
});

test.each([["mallory"], [undefined]])(
  "certificate of %s: refused, nothing taken",
  async (client) => {
    await send(await listen(true), client);
    await vi.waitFor(async () => expect(await refused()).toBe(1));
    expect(rig.messages()).toEqual([]);
  },
);

test("TLS without an authority of clients authenticates nobody", async () => {
  await send(await listen(false), "shipper-7");
  await vi.waitFor(() => expect(rig.messages()).toEqual(["<38>one"]));
  expect(rig.memory.lines("events")[0]).toMatchObject({ "sender.authenticated": false });
});

test("a certificate that cannot be read is said at the start", async () => {
  rig = createRig();
  const opened = rig.open(syslog, {
    port: 0,
    tls: { cert: at("none.pem"), key: at("server.key") },
  });
  await expect(opened).rejects.toMatchObject({ code: "METSUKE_FILE_UNREADABLE" });
});
