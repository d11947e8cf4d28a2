import { openEmbeddedLog } from "../../../platform/event-log/embedded.ts";

/**
 * Appends lines `0, 1, 2 …` of `size` bytes to topic `crash` from several loops and prints each
 * number once it is acknowledged; prints the error's code and ends when an append fails.
 */
const [dir, size] = process.argv.slice(2);
if (dir === undefined || size === undefined) throw new Error("usage: writer-child DIR SIZE");
const pad = "x".repeat(Number(size));
const log = await openEmbeddedLog({ dir });
await log.ensureTopics([
  {
    name: "crash",
    partitions: 1,
    writtenBy: "test",
    retentionMs: 0,
    compacted: false,
    serves: [],
    description: "test",
  },
]);
process.stdout.write("open\n");
let next = 0;
let failed = false;
async function loop(): Promise<void> {
  while (!failed) {
    const text = String(next++);
    try {
      const value = Buffer.from(`${text} ${pad}\n`);
      await log.append([{ topic: "crash", partition: 0, records: [{ value }] }]);
      process.stdout.write(`${text}\n`);
    } catch (error) {
      failed = true;
      process.stdout.write(`failed ${(error as { code?: string }).code}\n`);
    }
  }
}
await Promise.all([loop(), loop(), loop(), loop()]);
process.exit(3);
