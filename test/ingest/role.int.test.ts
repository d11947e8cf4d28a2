import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pino } from "pino";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createIngest } from "../../ingest/role.ts";
import type { FileParams } from "../../ingest/sources/file-params.ts";
import { file } from "../../ingest/sources/file.ts";
import type { HttpParams } from "../../ingest/sources/http-params.ts";
import { http } from "../../ingest/sources/http.ts";
import type { KafkaParams } from "../../ingest/sources/kafka-params.ts";
import { kafka } from "../../ingest/sources/kafka.ts";
import type { SyslogParams } from "../../ingest/sources/syslog-params.ts";
import { syslog } from "../../ingest/sources/syslog.ts";
import { openEmbeddedLog } from "../../platform/event-log/embedded.ts";
import type { EventLog } from "../../platform/event-log/port.ts";
import { createMetrics } from "../../platform/metrics.ts";
import { topics } from "../../schemas/topics.ts";
import { paramsOf, plainNormalise } from "./ingest-rig.ts";

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "metsuke-ingest-"));
});
afterEach(() => rm(dir, { recursive: true }));

async function open() {
  const log = await openEmbeddedLog({ dir: join(dir, "log") });
  const specs = [topics.events, topics.byHost, topics.rejects];
  await log.ensureTopics(
    specs.map((spec) => ({ ...spec, partitions: spec === topics.rejects ? 1 : 2 })),
  );
  const ingest = createIngest({
    log,
    normalise: plainNormalise,
    partitions: 2,
    projections: ["byHost"],
    logger: pino({ level: "silent" }),
    metrics: createMetrics(),
    ingestId: "one",
    now: Date.now,
    heartbeatMs: 20,
  });
  return { log, ingest };
}

async function lines(log: EventLog, topic: string, partitions: number) {
  const all: Record<string, unknown>[] = [];
  for (let partition = 0; partition < partitions; partition++) {
    const { next } = await log.bounds(topic, partition);
    const stop = new AbortController();
    if (next === 0) continue;
    for await (const records of log.read(topic, partition, 0, stop.signal)) {
      const texts = records.flatMap(({ value }) => value.toString().trimEnd().split("\n"));
      for (const text of texts) all.push(JSON.parse(text) as Record<string, unknown>);
      if ((records.at(-1)?.offset ?? 0) + 1 >= next) stop.abort();
    }
  }
  return all;
}

const messages = async (log: EventLog): Promise<string[]> =>
  (await lines(log, "events", 2))
    .filter((line) => line["kind"] !== "heartbeat")
    .map((line) => String(line["message"]))
    .toSorted((a, b) => a.localeCompare(b));

test("all sources at once on the embedded log; what was taken is there after a restart, once", async () => {
  const path = join(dir, "some.log");
  await writeFile(path, "file-1\nfile-2\n");
  const raw = paramsOf<KafkaParams>(kafka, { topics: [{ topic: "raw.a" }] });
  const tail = paramsOf<FileParams>(file, { paths: [path], poll_ms: 10 });

  const first = await open();
  first.ingest.start();
  await first.ingest.open(kafka, raw);
  await first.ingest.open(file, tail);
  const web = await first.ingest.open(http, paramsOf<HttpParams>(http, { port: 0 }));
  const tcp = await first.ingest.open(syslog, paramsOf<SyslogParams>(syslog, { port: 0 }));
  const put = (text: string) =>
    first.log.append([{ topic: "raw.a", partition: 0, records: [{ value: Buffer.from(text) }] }]);
  await put("kafka-1");
  await put("kafka-2");
  connect(Number(tcp.address.split(":").at(-1)), "127.0.0.1").end("tcp-1\ntcp-2\n");
  const body = '{"message":"http-1","host.name":"h"}\nbad\n';
  const answer = await fetch(web.address, { method: "POST", body });
  expect(await answer.json()).toMatchObject({ accepted: 1, rejected: 1 });
  const expected = ["file-1", "file-2", "http-1", "kafka-1", "kafka-2", "tcp-1", "tcp-2"];
  await vi.waitFor(async () => expect(await messages(first.log)).toEqual(expected), 10_000);
  await vi.waitFor(async () => {
    for (const topic of ["events", "events.by-host"]) {
      const beats = (await lines(first.log, topic, 2)).filter(
        (line) => line["kind"] === "heartbeat",
      );
      expect(beats.length).toBeGreaterThan(2);
    }
  }, 10_000);
  await first.ingest.close();
  await first.log.close();

  const second = await open();
  expect(await messages(second.log)).toEqual(expected);
  expect(await lines(second.log, "rejects", 1)).toHaveLength(1);
  await second.ingest.open(kafka, raw);
  await second.ingest.open(file, tail);
  await appendFile(path, "file-3\n");
  await vi.waitFor(async () => {
    expect(await messages(second.log)).toEqual(
      [...expected, "file-3"].toSorted((a, b) => a.localeCompare(b)),
    );
  }, 10_000);
  await second.ingest.close();
  await second.log.close();
});
