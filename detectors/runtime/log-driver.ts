import { MetsukeError } from "../../platform/errors.ts";
import type { StoredRecord } from "../../platform/event-log/port.ts";
import type { Event } from "../../schemas/event.ts";
import { versionFor } from "../exchange/boundaries.ts";
import { hasVersion } from "../exchange/tables.ts";
import { restoreCut } from "./cells.ts";
import { advance, type Core, createCore, type Surroundings } from "./core.ts";
import {
  createRun,
  createStatus,
  cut,
  type Driver,
  type DriverOptions,
  flush,
  healthOf,
  isCutDue,
  report,
  type Run,
  type Status,
  supervise,
} from "./driver.ts";
import { arrivalOf, type Gate, hearBeat, judge } from "./gate.ts";
import { createInputGate, surround } from "./merged.ts";
import { createSeen, observe } from "./observe.ts";
import { drain } from "./outputs.ts";
import { planTopics, type TopicPlan } from "./plan.ts";
import { readInput } from "./records.ts";
import { apply, runWake } from "./step.ts";
import {
  createTableFeeds,
  joinFeed,
  leaveFeed,
  reachedBy,
  type TableFeed,
  type TableFeeds,
  versionHere,
} from "./table-feed.ts";

/** Consumer group of the detection tasks. */
const GROUP = "metsuke-detect";

/** One (topic, partition) owned by this process. */
interface Task {
  readonly status: Status;
  readonly stopping: AbortController;
  run: Run | undefined;
  done: Promise<void>;
}

/** One start of a task. */
interface Work {
  readonly run: Run;
  readonly core: Core;
  readonly gate: Gate;
  readonly feed: TableFeed;
}

/** Tasks over the topic partitions that the log assigns; deltas and tables go through topics. */
export function createLogDriver(options: DriverOptions): Driver {
  const plans = planTopics(options.detectors);
  const around = surround(options);
  const tasks = new Map<string, Task>();
  const stopping = new AbortController();
  const own = createStatus("detect");
  const feeds = createTableFeeds(options.log, (error) =>
    report({ options, status: own }, "tables_unreadable", error),
  );
  const handlers = {
    assigned(topic: string, partition: number, signal: AbortSignal) {
      const plan = plans.find((one) => one.topic === topic);
      if (plan === undefined) return;
      const context = { options, plan, partition, around, feeds };
      const ended = AbortSignal.any([signal, stopping.signal]);
      tasks.set(`${topic}/${partition}`, startTask(context, ended));
    },
    async revoked(topic: string, partition: number) {
      const task = tasks.get(`${topic}/${partition}`);
      task?.stopping.abort();
      await task?.done;
      if (tasks.get(`${topic}/${partition}`) === task) tasks.delete(`${topic}/${partition}`);
    },
  };
  const names = plans.map((plan) => plan.topic);
  return {
    start: () => options.log.assign(names, GROUP, handlers, stopping.signal),
    async stop() {
      stopping.abort();
      await Promise.all([...tasks.values()].map((task) => task.done));
    },
    health: () => healthOf([...tasks.values()].map((task) => [task.status, task.run?.cutting])),
  };
}

interface TaskContext {
  readonly options: DriverOptions;
  readonly plan: TopicPlan;
  readonly partition: number;
  readonly around: Surroundings;
  readonly feeds: TableFeeds;
}

function startTask(context: TaskContext, ended: AbortSignal): Task {
  const { options, plan, partition } = context;
  const task: Task = {
    status: createStatus(`detect/${plan.topic}/${partition}`),
    stopping: new AbortController(),
    run: undefined,
    done: Promise.resolve(),
  };
  const signal = AbortSignal.any([ended, task.stopping.signal]);
  const once = (until: AbortSignal) => runOnce(context, task, until);
  task.done = supervise(options, task.status, once, signal);
  return task;
}

async function runOnce(context: TaskContext, task: Task, signal: AbortSignal): Promise<void> {
  const { options, plan, partition, feeds } = context;
  const { status } = task;
  const restored = await options.log.restore(status.task);
  const gate = createInputGate(options);
  let core = createCore({ plan, partition, gate, around: context.around });
  status.offset = 0;
  if (restored !== undefined) {
    restoreCut({ gate, cores: [core] }, restored.cells);
    status.offset = restored.offset;
  }
  const feed = joinFeed(feeds, status.task, core.reached);
  core = { ...core, around: { ...context.around, tables: feed.tables } };
  const run = createRun(options, { status, cutting: { gate, cores: [core] }, signal });
  task.run = run;
  try {
    await readRecords({ run, core, gate, feed });
  } finally {
    leaveFeed(feeds, feed, status.task);
  }
}

async function readRecords(work: Work): Promise<void> {
  const { run, core } = work;
  const { options, status, signal, cutting } = run;
  const seen = createSeen();
  const records = options.log.read(core.topic, core.partition, status.offset, signal);
  for await (const batch of records) {
    for (const record of batch) {
      if (!(await takeRecord(work, record))) return;
    }
    if (!(await flush(run, drain(core.outbox)))) return;
    status.offset = (batch.at(-1)?.offset ?? status.offset - 1) + 1;
    observe(cutting, options.metrics, seen);
    if (isCutDue(run)) await cut(run);
  }
  await cut(run);
}

/** False when the run was stopped in the middle of the record: nothing after it may be kept. */
async function takeRecord(work: Work, record: StoredRecord): Promise<boolean> {
  const { run, core, gate } = work;
  const { metrics, logger } = run.options;
  const input = readInput(record, core.topic);
  switch (input.kind) {
    case "events":
      run.events += input.events.length;
      metrics.received.inc({ component: "detect" }, input.events.length);
      for (const event of input.events) {
        const arrival = arrivalOf(gate, event["event.ingested"], record.appendedAt);
        const wait = takeEvent(work, event, arrival, input.historical);
        if (wait !== undefined && !(await wait)) return false;
      }
      return true;
    case "heartbeat":
      for (const beat of input.beats) {
        hearBeat(gate, { ...beat, appendedAt: record.appendedAt });
      }
      return (await settle(work)) ?? true;
    case "unknown":
      metrics.rejected.inc({ component: "detect", reason: "unknown_schema" });
      logger.warn({ offset: record.offset, schema: input.schema }, "record skipped");
      return true;
  }
}

/** Undefined when the event was handled at once; else a promise of whether it was. */
function takeEvent(
  work: Work,
  event: Event,
  arrival: number,
  historical: boolean,
): Promise<boolean> | undefined {
  const { core, gate } = work;
  const verdict = judge(gate, event, arrival, historical);
  const boundary = versionFor(verdict.asOf);
  const finish = (): void => {
    if (!verdict.repeat) apply(core, event, verdict);
  };
  const here = !Number.isFinite(boundary) || hasVersion(core.around.tables, boundary);
  const settling = settle(work);
  if (settling === undefined && here) {
    finish();
    return undefined;
  }
  return (async () => {
    if ((await settling) === false) return false;
    if (!verdict.repeat && Number.isFinite(boundary) && !(await waitFor(work, boundary))) {
      return false;
    }
    finish();
    return true;
  })();
}

/** Runs wakes and closes that are due; undefined when none had to wait for a table version. */
function settle(work: Work): Promise<boolean> | undefined {
  const { core, gate, feed, run } = work;
  const needed = advance(core, gate.watermark, runWake);
  if (needed === undefined) {
    reachedBy(feed, run.status.task, core.reached);
    return undefined;
  }
  return (async () => {
    let next: number | undefined = needed;
    while (next !== undefined) {
      if (!(await waitFor(work, next))) return false;
      next = advance(core, gate.watermark, runWake);
    }
    reachedBy(feed, run.status.task, core.reached);
    return true;
  })();
}

/** Sends what is due first: others may wait for it as this task waits for them. */
async function waitFor(work: Work, boundary: number): Promise<boolean> {
  const { run, core, feed } = work;
  if (!(await flush(run, drain(core.outbox)))) return false;
  if (hasVersion(feed.tables, boundary)) return true;
  run.status.paused = `waits for the tables of ${new Date(boundary).toISOString()}`;
  const here = await versionHere(feed, boundary, run.signal);
  run.status.paused = undefined;
  if (!here && !run.signal.aborted) {
    throw new MetsukeError("METSUKE_LOG_UNAVAILABLE", "tables cannot be read", { retryable: true });
  }
  return here;
}
