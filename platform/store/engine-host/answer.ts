import type { Role } from "./accounts.ts";
import { firstWord } from "./call-text.ts";
import { formatOf } from "./call-settings.ts";
import { createCurrentDatabase } from "./current-database.ts";
import type { Engine, EngineResult } from "./engine.ts";
import type { HttpCall } from "./http-call.ts";
import { type HostSettings, WRITER_CONCURRENCY } from "./protocol.ts";
import { createReaderCall } from "./reader-call.ts";
import { createSlots, type Slots } from "./slots.ts";
import { createWriterCalls } from "./writer-call.ts";

export interface Answer {
  readonly result: EngineResult;
  readonly format: string;
}

export interface Desk {
  answer(call: HttpCall, role: Role, signal: AbortSignal): Promise<Answer>;
}

/**
 * Runs statements for the two roles. Readers and writers have slots of their own, together fewer
 * than the pool has threads, so that a write never waits behind heavy reads.
 */
export function createDesk(engine: Engine, settings: HostSettings, bodies: string): Desk {
  const inDatabase = createCurrentDatabase(engine, settings.database);
  const readerCall = createReaderCall(engine, settings, inDatabase);
  const writer = createWriterCalls(engine, bodies, inDatabase);
  const readerSlots = createSlots(settings.limits.concurrency, 64);
  const writerSlots = createSlots(WRITER_CONCURRENCY, 1024);
  return {
    answer(call, role, signal) {
      return within(role === "reader" ? readerSlots : writerSlots, signal, async () => {
        if (role === "writer" && firstWord(call.statement) === "INSERT") {
          return { result: await writer.insert(call, signal), format: formatOf(undefined, call) };
        }
        const ready = role === "reader" ? await readerCall(call) : await writer.prepare(call);
        return { result: await engine.run(ready, signal), format: ready.format };
      });
    },
  };
}

async function within<T>(slots: Slots, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const release = await slots.take();
  try {
    signal.throwIfAborted();
    return await work();
  } finally {
    release();
  }
}
