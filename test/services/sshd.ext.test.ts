import { readFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import kafkajs from "kafkajs";
import { type KafkaService, startKafka } from "./kafka.ts";
import { type Sshd, startSshdWithRsyslog } from "./sshd.ts";

describe("sshd and rsyslog over TCP", () => {
  let sshd: Sshd;
  let server: Server;
  let received = "";
  let accountsBefore = "";

  beforeAll(async () => {
    accountsBefore = await readFile("/etc/passwd", "utf8");
    server = createServer((socket) => {
      socket.on("data", (chunk) => (received += chunk.toString()));
      socket.on("error", () => socket.destroy());
    });
    await new Promise<void>((ready) => server.listen(0, "127.0.0.1", ready));
    const { port } = server.address() as AddressInfo;
    sshd = await startSshdWithRsyslog({
      users: [
        { name: "ann", password: "correct horse" },
        { name: "bob", password: "battery" },
      ],
      tcp: { host: "127.0.0.1", port },
    });
  });
  afterAll(async () => {
    await sshd?.stop();
    server.close();
  });

  it("refuses wrong passwords, takes right ones, and rsyslog sends both lines with the address", async () => {
    expect(await sshd.attempt("ann", "wrong", { sourceAddress: "127.0.7.1" })).toMatchObject({
      accepted: false,
    });
    expect(
      await sshd.attempt("ann", "correct horse", { sourceAddress: "127.0.7.2" }),
    ).toMatchObject({ accepted: true });
    expect(await sshd.attempt("bob", "battery")).toMatchObject({ accepted: true });
    expect(await sshd.attempt("nobodyhere", "x")).toMatchObject({ accepted: false });
    await vi.waitFor(
      () => {
        expect(received).toMatch(/Failed password for ann from 127\.0\.7\.1 port \d+ ssh2/);
        expect(received).toMatch(/Accepted password for ann from 127\.0\.7\.2 port \d+ ssh2/);
        expect(received).toMatch(/Accepted password for bob from 127\.0\.0\.1 port \d+ ssh2/);
        expect(received).toMatch(/Failed password for invalid user nobodyhere from 127\.0\.0\.1/);
        expect(received).toMatch(/pam_unix\(sshd:auth\): authentication failure; .*user=ann/);
      },
      { timeout: 15_000 },
    );
    // Octet-counted RFC 5424: length, space, priority of authpriv.info or auth.info, version 1.
    expect(received).toMatch(/^\d+ <\d+>1 \d{4}-\d\d-\d\dT/);
    expect(await sshd.log()).toContain("Accepted password for ann");
  });

  it("leaves the machine's accounts alone", async () => {
    expect(await readFile("/etc/passwd", "utf8")).toBe(accountsBefore);
  });
});

describe("sshd and rsyslog to Kafka", () => {
  let kafka: KafkaService;
  let sshd: Sshd;
  const topic = `raw.linux.${process.pid}`;

  beforeAll(async () => {
    kafka = await startKafka();
    const admin = new kafkajs.Kafka({ brokers: kafka.brokers }).admin();
    await admin.connect();
    await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: true });
    await admin.disconnect();
    sshd = await startSshdWithRsyslog({
      users: [{ name: "ann", password: "correct horse" }],
      kafka: { brokers: kafka.brokers, topic },
    });
  });
  afterAll(async () => {
    await sshd?.stop();
    await kafka?.stop();
  });

  it("sends a failed and an accepted login as lines", async () => {
    const lines: string[] = [];
    const consumer = new kafkajs.Kafka({
      brokers: kafka.brokers,
      logLevel: kafkajs.logLevel.NOTHING,
    }).consumer({ groupId: `sshd-${process.pid}` });
    await consumer.connect();
    try {
      await consumer.subscribe({ topic, fromBeginning: true });
      await consumer.run({
        eachMessage: async ({ message }) => {
          lines.push(message.value?.toString() ?? "");
        },
      });
      expect(await sshd.attempt("ann", "wrong", { sourceAddress: "127.0.7.1" })).toMatchObject({
        accepted: false,
      });
      expect(await sshd.attempt("ann", "correct horse")).toMatchObject({ accepted: true });
      await vi.waitFor(
        () => {
          expect(lines.join("")).toMatch(
            / sshd\[\d+\]: Failed password for ann from 127\.0\.7\.1 /,
          );
          expect(lines.join("")).toMatch(
            / sshd\[\d+\]: Accepted password for ann from 127\.0\.0\.1 /,
          );
        },
        { timeout: 30_000 },
      );
      expect(lines.every((line) => /^\d{4}-\d\d-\d\dT\S+ \S+ .*\n$/.test(line))).toBe(true);
    } finally {
      await consumer.disconnect();
    }
  });
});
