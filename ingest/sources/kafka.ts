import { topics } from "../../schemas/topics.ts";
import type { OpenSource, Source, SourceContext } from "../source.ts";
import { KafkaParams } from "./kafka-params.ts";
import { addLane, createReader, look, removeLane, runTurns } from "./kafka-reader.ts";
import { checkTimezone } from "./timezone.ts";

const LOOK_MS = 1_000;

/** A raw topic that no shipper has written yet is made, so that reading it can begin. */
async function ensureRawTopics(context: SourceContext<KafkaParams>): Promise<void> {
  for (const { topic } of context.params.topics) {
    if ((await context.eventLog.partitions(topic)) > 0) continue;
    context.log.warn({ topic }, "raw topic does not exist; created with one partition");
    const { events } = topics;
    const spec = { ...events, name: topic, writtenBy: "shippers", partitions: 1 };
    await context.eventLog.ensureTopics([spec]);
  }
}

/** Raw topics that shippers write; several that catch up are merged by record time. */
export const kafka: Source<KafkaParams> = {
  name: "kafka",
  title: "Raw topics of the event log",
  params: KafkaParams,

  async open(context): Promise<OpenSource> {
    const { params, eventLog } = context;
    const names = params.topics.map(({ topic }) => topic);
    for (const { timezone } of params.topics) checkTimezone("kafka", timezone);
    await ensureRawTopics(context);
    const own = new AbortController();
    const stop = AbortSignal.any([own.signal, context.signal]);
    const reader = createReader(context, stop);
    const tasks = new Map<
      string,
      { readonly end: AbortController; readonly done: Promise<void> }
    >();
    const running = runTurns(reader);
    const timer = setInterval(() => {
      for (const lane of reader.lanes.values()) void look(reader, lane);
    }, LOOK_MS);

    const assigned = (topic: string, partition: number, signal: AbortSignal): void => {
      const end = new AbortController();
      const done = addLane(reader, topic, partition, AbortSignal.any([signal, stop, end.signal]));
      tasks.set(`${topic}/${partition}`, { end, done });
    };
    const revoked = async (topic: string, partition: number): Promise<void> => {
      const task = tasks.get(`${topic}/${partition}`);
      tasks.delete(`${topic}/${partition}`);
      task?.end.abort();
      await task?.done;
      await removeLane(reader, topic, partition);
    };
    const close = async (): Promise<void> => {
      clearInterval(timer);
      own.abort();
      await running;
      await Promise.all([...tasks.values()].map(({ done }) => done));
      const lanes = [...reader.lanes.values()];
      await Promise.all(lanes.map((lane) => removeLane(reader, lane.topic, lane.partition)));
    };

    try {
      await eventLog.assign(names, params.group, { assigned, revoked }, stop);
    } catch (error) {
      await close();
      throw error;
    }
    return { address: `topics ${names.join(", ")}`, close };
  },
};
