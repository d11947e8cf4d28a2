import { describe, expect, it } from "vitest";
import { createLogger } from "../../../platform/logger.ts";
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
