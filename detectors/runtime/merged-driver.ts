import { randomUUID } from "node:crypto";
import type { StoredRecord } from "../../platform/event-log/port.ts";
import type { Control, Table } from "../../schemas/exchange.ts";
import { topics } from "../../schemas/topics.ts";
import { follow, linesOf, readToEnd } from "../exchange/reading.ts";
import {
  createRun,
  createStatus,
  cut,
  type Driver,
  type DriverOptions,
  flush,
  healthOf,
  isCutDue,
  type Run,
  supervise,
} from "./driver.ts";
import { arrivalOf, hearBeat } from "./gate.ts";
import {
  createMerged,
  type Merged,
  processControl,
  recallTable,
  restoreMerged,
  takeClock,
  takeEvent,
} from "./merged.ts";
import { createSeen, observe } from "./observe.ts";
import { drain } from "./outputs.ts";
import { readInput } from "./records.ts";

const TASK = "detect/merged";

/**
 * One process, one partition: reads `events` alone and runs the tasks of all topics merged, each
 * event through all of them before the next.
 */
export function createMergedDriver(options: DriverOptions): Driver {
  const status = createStatus(TASK);
  const stopping = new AbortController();
  let current: Run | undefined;
  let running: Promise<void> = Promise.resolve();
  const once = async (signal: AbortSignal): Promise<void> => {
    const merged = createMerged(options, randomUUID());
    current = createRun(options, { status, cutting: merged, signal });
    const control = await recall(current, merged);
    await Promise.all([readEvents(current, merged), followControl(current, merged, control)]);
  };
  return {
    async start() {
      running = supervise(options, status, once, stopping.signal);
    },
    async stop() {
      stopping.abort();
      await running;
    },
    health: () => healthOf([[status, current?.cutting]]),
  };
}

function followControl(run: Run, merged: Merged, from: number): Promise<void> {
  const range = { topic: topics.control.name, partition: 0, from };
  return follow(run.options.log, range, (record) => takeControl(merged, record), run.signal);
}

/** Brings back state, the versions made so far, and the control records after them; returns the next offset of `control`. */
async function recall(run: Run, merged: Merged): Promise<number> {
  const { options, status, signal } = run;
  const { log } = options;
  const restored = await log.restore(TASK);
  if (restored !== undefined) {
    restoreMerged(merged, restored.cells);
    status.offset = restored.offset;
  }
  const tables = { topic: topics.tables.name, partition: 0, from: 0 };
  const takeTables = (record: StoredRecord) => {
    for (const row of linesOf<Table>(record, tables.topic)) recallTable(merged, row);
  };
  await readToEnd(log, tables, takeTables, signal);
  const control = { topic: topics.control.name, partition: 0, from: merged.around.tables.control };
  return readToEnd(log, control, (record) => takeControl(merged, record), signal);
}

function takeControl(merged: Merged, record: StoredRecord): void {
  for (const row of linesOf<Control>(record, topics.control.name)) {
    processControl(merged, record.offset, row);
  }
}

async function readEvents(run: Run, merged: Merged): Promise<void> {
  const { options, status, signal } = run;
  const seen = createSeen();
  const topic = topics.events.name;
  for await (const records of options.log.read(topic, 0, status.offset, signal)) {
    for (const record of records) takeRecord(run, merged, record);
    if (!(await flush(run, drain(merged.outbox)))) return;
    status.offset = (records.at(-1)?.offset ?? status.offset - 1) + 1;
    observe(merged, options.metrics, seen);
    if (isCutDue(run)) await cut(run);
  }
  await cut(run);
}

function takeRecord(run: Run, merged: Merged, record: StoredRecord): void {
  const input = readInput(record, topics.events.name);
  switch (input.kind) {
    case "events":
      run.events += input.events.length;
      run.options.metrics.received.inc({ component: "detect" }, input.events.length);
      for (const event of input.events) {
        const arrival = arrivalOf(merged.gate, event["event.ingested"], record.appendedAt);
        takeEvent(merged, event, arrival, input.historical);
      }
      return;
    case "heartbeat":
      for (const beat of input.beats) {
        hearBeat(merged.gate, { ...beat, appendedAt: record.appendedAt });
      }
      takeClock(merged);
      return;
    case "unknown":
      run.options.metrics.rejected.inc({ component: "detect", reason: "unknown_schema" });
      run.options.logger.warn({ offset: record.offset, schema: input.schema }, "record skipped");
  }
}
