import { openKafkaLog } from "../../../platform/event-log/kafka.ts";
import { createLogger } from "../../../platform/logger.ts";

/** Joins a group and prints `+topic/partition` when it gets one, `-topic/partition` when it drained. */
const [broker, prefix, topic, group] = process.argv.slice(2);
if (broker === undefined || prefix === undefined || topic === undefined || group === undefined) {
  throw new Error("usage: member-child BROKER PREFIX TOPIC GROUP");
}
const say = (text: string) => process.stdout.write(`${text}\n`);
const log = await openKafkaLog({
  brokers: [broker],
  clientId: "member-child",
  topicPrefix: prefix,
  sessionTimeoutMs: 3_000,
  logger: createLogger({ level: "silent" }),
});
await log.assign(
  [topic],
  group,
  {
    assigned: (name, partition) => say(`+${name}/${partition}`),
    revoked: async (name, partition) => {
      say(`-${name}/${partition}`);
    },
  },
  new AbortController().signal,
);
