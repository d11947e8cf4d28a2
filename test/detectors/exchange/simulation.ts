import { INTERVAL, versionFor } from "../../../detectors/exchange/boundaries.ts";
import {
  addControl,
  addDelta,
  buildStep,
  createExchange,
  type Exchange,
  forgetFolded,
  nextStep,
} from "../../../detectors/exchange/exchange.ts";
import {
  addTableRecord,
  createTables,
  hasVersion,
  lastBoundary,
  type Tables,
} from "../../../detectors/exchange/tables.ts";
import { cutCells, cutCovered, restoreCut } from "../../../detectors/runtime/cells.ts";
import { advance, type Core, createCore } from "../../../detectors/runtime/core.ts";
import { type Gate, judge, moveClock, type Verdict } from "../../../detectors/runtime/gate.ts";
import {
  createInputGate,
  type EngineOptions,
  surround,
} from "../../../detectors/runtime/merged.ts";
import { drain } from "../../../detectors/runtime/outputs.ts";
import { planTopics, type TopicPlan } from "../../../detectors/runtime/plan.ts";
import { apply, runWake } from "../../../detectors/runtime/step.ts";
import type { Event } from "../../../schemas/event.ts";
import type { Control, Delta, Table } from "../../../schemas/exchange.ts";
import { seeded } from "../toys.ts";

/** A rule left out: the run must then go wrong in some schedules. */
export type Mutant =
  | "marker before outputs"
  | "dedupe set not in the cut"
  | "open contributions not in the cut"
  | "abandoned cut counts"
  | "epoch shared by starts"
  | "waits before it sends"
  | "repeats of deltas add up"
  | "last version wins"
  | "exchange keeps its own state"
  | "deltas expire early";

export type Input =
  | { readonly kind: "event"; readonly event: Event; readonly arrival: number }
  | { readonly kind: "beat"; readonly at: number };

interface CutEntry {
  readonly epoch: string;
  readonly number: number;
  readonly full: boolean;
  readonly offset: number;
  readonly cells: ReadonlyMap<string, Uint8Array | null>;
}

/** Everything durable. */
export interface World {
  readonly options: EngineOptions;
  readonly random: () => number;
  readonly mutant: Mutant | undefined;
  readonly inputs: ReadonlyMap<string, readonly Input[]>;
  readonly plans: readonly TopicPlan[];
  readonly deltas: (Delta | undefined)[];
  readonly tables: Table[];
  readonly control: Control[];
  readonly anomalies: Set<string>;
  readonly cuts: Map<string, CutEntry[]>;
  starts: number;
}

interface TaskActor {
  readonly name: string;
  readonly plan: TopicPlan;
  readonly partition: number;
  readonly gate: Gate;
  readonly core: Core;
  readonly tables: Tables;
  readonly epoch: string;
  tablesAt: number;
  at: number;
  number: number;
  hasFull: boolean;
  hand: { readonly event: Event; readonly verdict: Verdict } | "beat" | undefined;
  wait: number | undefined;
}

const chance = (world: World, share: number): boolean => world.random() < share;

function startTask(world: World, plan: TopicPlan, partition: number): TaskActor {
  const around = surround(world.options);
  const gate = createInputGate(world.options);
  const core = createCore({ plan, partition, gate, around });
  const name = `${plan.topic}/${partition}`;
  const restored = restore(world, name);
  if (restored !== undefined) restoreCut({ gate, cores: [core] }, restored.cells);
  world.starts += 1;
  return {
    name,
    plan,
    partition,
    gate,
    core,
    tables: around.tables,
    epoch: world.mutant === "epoch shared by starts" ? "one" : String(world.starts),
    tablesAt: 0,
    at: restored?.offset ?? 0,
    number: 0,
    hasFull: world.mutant === "epoch shared by starts" && restored !== undefined,
    hand: undefined,
    wait: undefined,
  };
}

/** The last whole marker by position, and the chain of its epoch. */
function restore(world: World, name: string) {
  const all = world.cuts.get(name) ?? [];
  const last = all.at(-1);
  if (last === undefined) return undefined;
  const chain = all.filter((entry) => entry.epoch === last.epoch);
  const from = chain.findLastIndex((entry) => entry.full);
  const cells = new Map<string, Uint8Array>();
  for (const entry of chain.slice(from)) {
    for (const [key, value] of entry.cells) {
      if (value === null) cells.delete(key);
      else cells.set(key, value);
    }
  }
  return { cells, offset: last.offset };
}

function cut(world: World, task: TaskActor): void {
  if (world.mutant !== "marker before outputs") flush(world, task);
  const cells = new Map<string, Uint8Array | null>();
  const full = !task.hasFull;
  const cutting = { gate: task.gate, cores: [task.core] };
  for (const [key, value] of cutCells(cutting, full)) {
    if (world.mutant === "dedupe set not in the cut" && key.startsWith("d/")) continue;
    if (world.mutant === "open contributions not in the cut" && key.includes("|c/")) continue;
    cells.set(key, value === null ? null : Uint8Array.from(value));
  }
  const { epoch, number, at: offset } = task;
  task.number += 1;
  const durable = !chance(world, 0.3);
  if (durable) {
    const entries = world.cuts.get(task.name) ?? [];
    world.cuts.set(task.name, entries);
    entries.push({ epoch, number, full, offset, cells });
    task.hasFull = true;
  }
  if (durable || (world.mutant === "abandoned cut counts" && task.hasFull)) cutCovered(cutting);
}

function flush(world: World, task: TaskActor): void {
  const outputs = drain(task.core.outbox);
  for (const failure of outputs.failures) throw new Error(failure.error);
  for (const delta of outputs.deltas) world.deltas.push(delta);
  for (const anomaly of outputs.anomalies) world.anomalies.add(anomaly["anomaly.id"]);
}

function readTables(world: World, of: { readonly tables: Tables; tablesAt: number }): boolean {
  let grew = false;
  const records = world.tables.slice(of.tablesAt);
  for (const [index, record] of records.entries()) {
    const beaten =
      world.mutant === "last version wins" &&
      record.kind === "marker" &&
      records
        .slice(index + 1)
        .some((other) => other.kind === "marker" && other.boundary === record.boundary);
    if (!beaten && addTableRecord(of.tables, record)) grew = true;
  }
  of.tablesAt = world.tables.length;
  return grew;
}

/** One step of a task; true when it moved. */
function stepTask(world: World, task: TaskActor): boolean {
  if (task.wait !== undefined) {
    if (chance(world, 0.5)) readTables(world, task);
    if (!hasVersion(task.tables, task.wait)) return false;
    task.wait = undefined;
  }
  if (task.hand === undefined) {
    const input = world.inputs.get(task.name)?.[task.at];
    if (input === undefined) {
      flush(world, task);
      return false;
    }
    if (input.kind === "beat") moveClock(task.gate, input.at);
    task.hand =
      input.kind === "beat"
        ? "beat"
        : { event: input.event, verdict: judge(task.gate, input.event, input.arrival, false) };
  }
  const needed = advance(task.core, task.gate.watermark, runWake);
  if (needed !== undefined) return waitFor(world, task, needed);
  if (task.hand !== "beat" && !task.hand.verdict.repeat) {
    const boundary = versionFor(task.hand.verdict.asOf);
    if (!hasVersion(task.tables, boundary)) return waitFor(world, task, boundary);
    apply(task.core, task.hand.event, task.hand.verdict);
  }
  task.hand = undefined;
  task.at += 1;
  if (chance(world, 0.3)) flush(world, task);
  if (chance(world, 0.08)) cut(world, task);
  return true;
}

function waitFor(world: World, task: TaskActor, boundary: number): boolean {
  if (world.mutant !== "waits before it sends") flush(world, task);
  task.wait = boundary;
  return true;
}

interface ExchangeActor {
  readonly exchange: Exchange;
  readonly tables: Tables;
  readonly writer: number;
  tablesAt: number;
  deltasAt: number;
  controlAt: number;
  tries: number;
  pending: string;
}

function startExchange(world: World): ExchangeActor {
  const tables = createTables();
  world.starts += 1;
  const exchange = createExchange({
    tables,
    specs: [],
    expected: [...world.inputs.keys()],
    patience: 40,
  });
  const actor: ExchangeActor = {
    exchange,
    tables,
    writer: world.starts,
    tablesAt: 0,
    deltasAt: 0,
    controlAt: 0,
    tries: 0,
    pending: "",
  };
  if (readTables(world, actor)) forgetFolded(exchange);
  readDeltas(world, actor, world.deltas.length);
  return actor;
}

function readDeltas(world: World, actor: ExchangeActor, count: number): void {
  for (const delta of world.deltas.slice(actor.deltasAt, actor.deltasAt + count)) {
    actor.deltasAt += 1;
    if (delta === undefined) continue;
    if (world.mutant !== "repeats of deltas add up") {
      addDelta(actor.exchange, delta);
      continue;
    }
    const known = actor.exchange.partitions
      .get(`${delta.topic}/${delta.partition}`)
      ?.open.get(delta.boundary);
    const size = known?.deltas.size ?? 0;
    if (delta.kind === "delta") addDelta(actor.exchange, { ...delta, part: size + 1000 });
    else addDelta(actor.exchange, { ...delta, deltas: size });
  }
}

/** One step of an exchange; `now` counts steps. */
function stepExchange(world: World, actor: ExchangeActor, now: number): void {
  const { exchange } = actor;
  if (chance(world, 0.5) && readTables(world, actor)) forgetFolded(exchange);
  readDeltas(world, actor, Math.floor(world.random() * 12));
  while (actor.controlAt < world.control.length && chance(world, 0.5)) {
    addControl(exchange, actor.controlAt, world.control[actor.controlAt] as Control);
    actor.controlAt += 1;
  }
  const step = nextStep(exchange, now);
  if (step === undefined || actor.pending === `${step.kind}${step.boundary}`) return;
  actor.tries += 1;
  const records = buildStep(exchange, step, `${actor.writer}-${actor.tries}`);
  // A crash or a lost link in the middle leaves chunks without a marker.
  const whole = chance(world, 0.85);
  const written = whole ? records : records.slice(0, Math.floor(world.random() * records.length));
  world.tables.push(...written);
  // The answer may be lost: then it tries again under another id.
  if (whole && chance(world, 0.9)) actor.pending = `${step.kind}${step.boundary}`;
  if (world.mutant === "exchange keeps its own state" && whole) {
    for (const record of records) addTableRecord(actor.tables, record);
    forgetFolded(exchange);
  }
}

export interface SimulationOptions {
  readonly options: EngineOptions;
  readonly inputs: ReadonlyMap<string, readonly Input[]>;
  readonly control: readonly Control[];
  readonly seed: number;
  readonly mutant?: Mutant | undefined;
}

const STEPS = 60_000;
const ZOMBIE_STEPS = 40;

/** Runs one seeded schedule; `finished` is false when the tasks never came to the end of their input. */
export function simulate(of: SimulationOptions): {
  readonly world: World;
  readonly finished: boolean;
} {
  const world: World = {
    options: of.options,
    random: seeded(of.seed),
    mutant: of.mutant,
    inputs: of.inputs,
    plans: planTopics(of.options.detectors),
    deltas: [],
    tables: [],
    control: [],
    anomalies: new Set(),
    cuts: new Map(),
    starts: 0,
  };
  const start = (name: string): TaskActor => {
    const split = name.lastIndexOf("/");
    const plan = world.plans.find((one) => one.topic === name.slice(0, split)) as TopicPlan;
    return startTask(world, plan, Number(name.slice(split + 1)));
  };
  const names = [...of.inputs.keys()];
  const tasks = names.map(start);
  const exchanges = [startExchange(world)];
  let zombies: { readonly run: (now: number) => void; left: number }[] = [];
  /** A process that is taken for dead may go on for a while. */
  const leave = (run: (now: number) => void) => {
    if (chance(world, 0.5)) zombies.push({ run, left: ZOMBIE_STEPS });
  };
  for (let now = 0; now < STEPS; now++) {
    const pick = Math.floor(world.random() * (names.length + 2));
    if (now % 300 === 0 && world.control.length < of.control.length) {
      world.control.push(of.control[world.control.length] as Control);
    }
    if (world.mutant === "deltas expire early" && now % 500 === 499) {
      world.deltas.fill(undefined, 0, Math.max(0, world.deltas.length - 20));
    }
    for (const zombie of zombies) {
      if (!chance(world, 0.3)) continue;
      zombie.left -= 1;
      zombie.run(now);
    }
    zombies = zombies.filter((zombie) => zombie.left > 0);
    const task = tasks[pick];
    if (task === undefined) {
      const exchange = exchanges[0] as ExchangeActor;
      stepExchange(world, exchange, now);
      if (!chance(world, 0.01)) continue;
      leave((at) => stepExchange(world, exchange, at));
      exchanges[0] = startExchange(world);
    } else {
      stepTask(world, task);
      if (chance(world, 0.004)) {
        leave(() => void stepTask(world, task));
        tasks[pick] = start(task.name);
      }
    }
    const done = tasks.every(
      (task) => task.hand === undefined && task.at === of.inputs.get(task.name)?.length,
    );
    if (done && world.control.length === of.control.length) {
      for (const task of tasks) flush(world, task);
      return { world, finished: true };
    }
  }
  return { world, finished: false };
}

/** Lets a last exchange fold everything that is there: all tasks close one more boundary. */
export function finishTables(world: World): Tables {
  const closed = world.deltas.map((delta) => delta?.boundary ?? 0);
  const boundary = Math.max(...closed, lastBoundary(startExchange(world).tables) ?? 0) + INTERVAL;
  for (const name of world.inputs.keys()) {
    const split = name.lastIndexOf("/");
    const of = { topic: name.slice(0, split), partition: Number(name.slice(split + 1)) };
    world.deltas.push({ kind: "close", ...of, boundary, deltas: 0 });
  }
  const actor = startExchange(world);
  for (const [offset, record] of world.control.entries())
    addControl(actor.exchange, offset, record);
  for (let now = 1e9; now < 1e9 + 20_000; now += 1000) {
    const step = nextStep(actor.exchange, now);
    if (step === undefined) continue;
    actor.tries += 1;
    world.tables.push(...buildStep(actor.exchange, step, `${actor.writer}-${actor.tries}`));
    readTables(world, actor);
    forgetFolded(actor.exchange);
  }
  return actor.tables;
}
