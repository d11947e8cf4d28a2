import type { EventLog, StoredRecord } from "./port.ts";

/** Yields what a partition holds from `from` up to the end as it is now, then returns. */
export async function* readToEnd(
  log: EventLog,
  topic: string,
  partition: number,
  from = 0,
): AsyncIterable<readonly StoredRecord[]> {
  const { first, next } = await log.bounds(topic, partition);
  if (next <= Math.max(first, from)) return;
  const stop = new AbortController();
  try {
    for await (const records of log.read(topic, partition, from, stop.signal)) {
      yield records;
      if ((records.at(-1)?.offset ?? -1) >= next - 1) return;
    }
  } finally {
    stop.abort();
  }
}

/** The JSON lines of a record's value. @throws SyntaxError when a line is not JSON. */
export function* jsonLines(record: StoredRecord): Iterable<unknown> {
  for (const line of record.value.toString("utf8").split("\n")) {
    if (line !== "") yield JSON.parse(line);
  }
}
