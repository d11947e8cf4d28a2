import kafkajs from "kafkajs";
import snappy from "snappy";
import { describe, expect, it } from "vitest";
import { createLogger } from "../../../platform/logger.ts";
import { compressSnappy } from "../../../platform/event-log/kafka-codecs.ts";
import { BATCH_BYTES, openProducer } from "../../../platform/event-log/kafka-producer.ts";

const record = (mark: string) => ({
  topic: "events",
  partition: 0,
  record: { value: Buffer.alloc(BATCH_BYTES - 1_000, mark) },
});

describe("the producer, when a send fails", () => {
  it("lets nothing that waited behind it into the log first", async () => {
    const sent: string[] = [];
    let failures = 1;
    const producer = openProducer(
      { brokers: [], clientId: "test", logger: createLogger({ level: "silent" }) },
      {
        async send(messages) {
          failures -= 1;
          if (failures >= 0) throw new Error("no leader");
          for (const { messages: values } of messages) {
            for (const { value } of values) sent.push(String(value?.toString().slice(0, 1)));
          }
        },
        close: () => Promise.resolve(),
      },
    );
    const append = () => producer.append([record("a"), record("b"), record("c")]);
    await expect(append()).rejects.toThrow(/no leader/);
    expect(sent).toEqual([]);
    await append();
    expect(sent).toEqual(["a", "b", "c"]);
  });
});

describe("the producer, appended to several times in one turn", () => {
  const counting = () => {
    const sends: number[] = [];
    const sender = {
      async send(messages: readonly { readonly messages: readonly unknown[] }[]) {
        sends.push(messages.reduce((sum, one) => sum + one.messages.length, 0));
      },
      close: () => Promise.resolve(),
    };
    const logger = createLogger({ level: "silent" });
    return { sends, producer: openProducer({ brokers: [], clientId: "test", logger }, sender) };
  };
  const small = (topic: string) => ({ topic, partition: 0, record: { value: Buffer.from("{}") } });

  it("sends one request", async () => {
    const { sends, producer } = counting();
    await Promise.all(
      ["deltas", "deltas", "scores"].map((topic) => producer.append([small(topic)])),
    );
    expect(sends).toEqual([3]);
  });

  it("sends it before it closes", async () => {
    const { sends, producer } = counting();
    const appended = producer.append([small("deltas")]);
    await producer.close();
    await appended;
    expect(sends).toEqual([1]);
  });
});

describe("the snappy codec that the producer registers", () => {
  it.each([
    ["framed", compressSnappy(Buffer.from("line\n"))],
    ["raw", snappy.compressSync(Buffer.from("line\n"))],
  ])("reads for consumers of the same process what is %s", async (_, bytes) => {
    openProducer({ brokers: [], clientId: "test", logger: createLogger({ level: "silent" }) });
    const codec = kafkajs.CompressionCodecs[kafkajs.CompressionTypes.Snappy] as () => {
      decompress(bytes: Buffer): Promise<Buffer>;
    };
    expect((await codec().decompress(bytes)).toString()).toBe("line\n");
  });
});
