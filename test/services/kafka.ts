import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { openSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import kafkajs from "kafkajs";
import {
  docker,
  dockerRun,
  firstOf,
  freePort,
  mavenJars,
  named,
  debianProgram,
  program,
  until,
} from "./provision.ts";

export const KAFKA_VERSION = "4.1.0";
const READY_MS = 60_000;

export interface KafkaService {
  readonly brokers: string[];
  /** The same broker over TLS with SASL/PLAIN, where `secured` was wished. */
  readonly secured?: Secured;
  /** Ends it and deletes its data. Nothing happens to a broker that the environment named. */
  stop(): Promise<void>;
  /** Kills the broker at once; its data stays. */
  kill(): Promise<void>;
  /** Starts it again (after an orderly end when it runs), on the same port and data. */
  restart(): Promise<void>;
}

export interface Secured {
  readonly brokers: string[];
  /** The broker's certificate, PEM. */
  readonly ca: string;
  readonly username: string;
  readonly password: string;
}

export interface KafkaWishes {
  /** Also listens with TLS and SASL/PLAIN. */
  readonly secured?: boolean;
  /** A broker of one's own, to be killed, whatever the environment names. */
  readonly own?: boolean;
  /** More broker properties. */
  readonly properties?: Readonly<Record<string, string>>;
}

/**
 * One Kafka broker: METSUKE_TEST_KAFKA (`host:port,…`), else its jars from Maven (Java 17 or
 * later), else the image apache/kafka.
 */
export function startKafka(wishes: KafkaWishes = {}): Promise<KafkaService> {
  return firstOf("Kafka", [
    { name: "METSUKE_TEST_KAFKA", attempt: async () => fromEnvironment(wishes) },
    { name: "Maven", attempt: () => fromMaven(wishes) },
    { name: "Docker", attempt: () => fromDocker(wishes) },
  ]);
}

async function fromEnvironment(wishes: KafkaWishes): Promise<KafkaService> {
  const brokers = named("METSUKE_TEST_KAFKA").split(",");
  if (wishes.own === true || wishes.secured === true) {
    throw new Error("this test needs a broker of its own");
  }
  await ready(brokers, 10_000);
  const refuse = () => Promise.reject(new Error("the broker belongs to the environment"));
  return { brokers, stop: () => Promise.resolve(), kill: refuse, restart: refuse };
}

const settings = (port: number, controller: number, host: string) => ({
  "process.roles": "broker,controller",
  "node.id": "1",
  "controller.quorum.voters": `1@127.0.0.1:${controller}`,
  listeners: `PLAINTEXT://${host}:${port},CONTROLLER://127.0.0.1:${controller}`,
  "advertised.listeners": `PLAINTEXT://127.0.0.1:${port}`,
  "controller.listener.names": "CONTROLLER",
  "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT,SASL_SSL:SASL_SSL",
  "offsets.topic.replication.factor": "1",
  "offsets.topic.num.partitions": "4",
  "transaction.state.log.replication.factor": "1",
  "transaction.state.log.min.isr": "1",
  "share.coordinator.state.topic.replication.factor": "1",
  "share.coordinator.state.topic.min.isr": "1",
  "group.initial.rebalance.delay.ms": "0",
  "group.min.session.timeout.ms": "1000",
});

/** Folder of the broker's and the tools' jars. */
export const kafkaJars = (): Promise<string> =>
  mavenJars(`kafka-${KAFKA_VERSION}`, [
    `org.apache.kafka:kafka_2.13:${KAFKA_VERSION}`,
    `org.apache.kafka:kafka-tools:${KAFKA_VERSION}`,
  ]);

async function fromMaven(wishes: KafkaWishes): Promise<KafkaService> {
  const java = await debianProgram("java", ["openjdk-17-jre-headless"]);
  const lib = await kafkaJars();
  const dir = await mkdtemp(join(tmpdir(), "metsuke-kafka-"));
  const port = await freePort();
  const file = join(dir, "server.properties");
  const plain = settings(port, await freePort(), "127.0.0.1");
  const lock = wishes.secured === true ? await securedListener(dir, plain) : undefined;
  const properties = {
    ...plain,
    ...lock?.properties,
    "log.dirs": join(dir, "data"),
    ...wishes.properties,
  };
  const text = Object.entries(properties).map(([name, value]) => `${name}=${value}\n`);
  await writeFile(file, text.join(""));
  const format = ["-cp", join(lib, "*"), "kafka.tools.StorageTool", "format"];
  await promisify(execFile)(java, [...format, "-t", clusterId(), "-c", file]);
  const brokers = [`127.0.0.1:${port}`];
  const broker = javaProcess(java, lib, file, join(dir, "broker.log"));
  const start = async () => {
    broker.start();
    await ready(brokers, READY_MS).catch(async (error: unknown) => {
      const log = await readFile(join(dir, "broker.log"), "utf8");
      throw new Error(`the broker did not start: ${log.slice(-2_000)}`, { cause: error });
    });
  };
  await start();
  return {
    brokers,
    ...(lock === undefined ? {} : { secured: lock.secured }),
    async stop() {
      await broker.end("SIGKILL");
      await rm(dir, { recursive: true, force: true });
    },
    kill: () => broker.end("SIGKILL"),
    async restart() {
      await broker.end("SIGTERM");
      await start();
    },
  };
}

/** A certificate for 127.0.0.1 made on the spot, and a listener that asks for a password. */
async function securedListener(dir: string, plain: ReturnType<typeof settings>) {
  const [username, password] = ["metsuke", randomUUID()];
  const port = await freePort();
  const store = join(dir, "broker.p12");
  const keytool = await program("keytool");
  const entry = ["-keystore", store, "-storepass", password, "-alias", "broker"];
  const names = ["-dname", "CN=localhost", "-ext", "SAN=ip:127.0.0.1,dns:localhost"];
  const key = ["-keyalg", "EC", "-storetype", "PKCS12", "-validity", "30"];
  await promisify(execFile)(keytool, ["-genkeypair", ...entry, ...names, ...key]);
  const { stdout: ca } = await promisify(execFile)(keytool, ["-exportcert", "-rfc", ...entry]);
  const login = `org.apache.kafka.common.security.plain.PlainLoginModule required user_${username}="${password}";`;
  return {
    secured: { brokers: [`127.0.0.1:${port}`], ca, username, password },
    properties: {
      listeners: `${plain.listeners},SASL_SSL://127.0.0.1:${port}`,
      "advertised.listeners": `${plain["advertised.listeners"]},SASL_SSL://127.0.0.1:${port}`,
      "sasl.enabled.mechanisms": "PLAIN",
      "listener.name.sasl_ssl.plain.sasl.jaas.config": login,
      "ssl.keystore.location": store,
      "ssl.keystore.type": "PKCS12",
      "ssl.keystore.password": password,
    },
  };
}

const clusterId = () => Buffer.from(randomUUID().replaceAll("-", ""), "hex").toString("base64url");

/** Runs the broker below a shell that kills it when this process is gone, however that went. */
const KEEPER = `"$@" 3<&- & broker=$!
{ cat <&3 >/dev/null; kill -9 $broker; } 2>/dev/null &
exec 3<&-
trap 'kill -TERM $broker' TERM
wait $broker
wait $broker`;

function javaProcess(java: string, lib: string, file: string, log: string) {
  const small = ["-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"];
  let child: ChildProcess | undefined;
  return {
    start(): void {
      const output = openSync(log, "a");
      const command = [java, ...small, "-cp", join(lib, "*"), "kafka.Kafka", file];
      child = spawn("/bin/sh", ["-c", KEEPER, "sh", ...command], {
        stdio: ["ignore", output, output, "pipe"],
      });
    },
    async end(signal: "SIGTERM" | "SIGKILL"): Promise<void> {
      const ending = child;
      child = undefined;
      if (ending === undefined || ending.exitCode !== null || ending.signalCode !== null) return;
      const ended = once(ending, "exit");
      // The keeper kills as soon as the pipe is closed.
      if (signal === "SIGKILL") ending.stdio[3]?.destroy();
      else ending.kill(signal);
      await ended;
      ending.stdio[3]?.destroy();
    },
  };
}

async function fromDocker(wishes: KafkaWishes): Promise<KafkaService> {
  if (wishes.secured === true) throw new Error("needs keytool and the jars");
  const port = await freePort();
  const properties = {
    ...settings(port, port === 29_093 ? 29_094 : 29_093, "0.0.0.0"),
    ...wishes.properties,
  };
  const environment = Object.entries(properties).flatMap(([name, value]) => [
    "-e",
    `KAFKA_${name.toUpperCase().replaceAll(".", "_")}=${value}`,
  ]);
  const publish = ["-p", `127.0.0.1:${port}:${port}`];
  const id = await dockerRun([...publish, ...environment, `apache/kafka:${KAFKA_VERSION}`]);
  const brokers = [`127.0.0.1:${port}`];
  await ready(brokers, READY_MS);
  return {
    brokers,
    stop: () => docker("rm", "-f", id),
    kill: () => docker("kill", id),
    async restart() {
      await docker("restart", id);
      await ready(brokers, READY_MS);
    },
  };
}

function ready(brokers: readonly string[], timeoutMs: number): Promise<void> {
  return until(async () => {
    const client = new kafkajs.Kafka({
      brokers: [...brokers],
      clientId: "ready",
      logLevel: kafkajs.logLevel.NOTHING,
      retry: { retries: 0 },
    });
    const admin = client.admin();
    try {
      await admin.connect();
      await admin.describeCluster();
    } finally {
      await admin.disconnect();
    }
  }, timeoutMs);
}
