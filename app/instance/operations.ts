import { randomUUID } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { errorText, MetsukeError } from "../../platform/errors.ts";
import type { EventLog } from "../../platform/event-log/port.ts";
import { jsonLines, readToEnd } from "../../platform/event-log/read-to-end.ts";
import type { Action } from "../../schemas/action.ts";
import type { Casework } from "../../schemas/casework.ts";
import { topics } from "../../schemas/topics.ts";

/** What operators can ask of an installation, of a running one or of its data. */
export interface Operations {
  status(): Promise<Readonly<Record<string, unknown>>>;
  /** The newest record of every action, oldest first. */
  actions(): Promise<readonly Action[]>;
  undo(ids: readonly string[], by: string): Promise<void>;
  stop(by: string): Promise<{ readonly recorded: boolean }>;
  resume(by: string): Promise<{ readonly recorded: boolean }>;
  /** Read-only SQL; the answer's bytes in the given ClickHouse format. @throws METSUKE_QUERY_REFUSED */
  query(sql: string, format: string): Promise<AsyncIterable<Uint8Array>>;
}

/** While this file exists no effect starts; undo goes on. It works with everything else down. */
export const stopFile = (dataDir: string): string => join(dataDir, "STOP");

/** Operations on the parts themselves. Parts that are not open here are opened on first use. */
export function localOperations(parts: {
  readonly dataDir: string;
  readonly log: () => Promise<EventLog>;
  readonly query: Operations["query"];
  readonly status: () => Readonly<Record<string, unknown>>;
  readonly now: () => number;
}): Operations {
  const request = async (
    kind: "undo" | "stop" | "resume",
    actions: readonly string[],
    by: string,
  ): Promise<void> => {
    const log = await parts.log();
    const record: Casework = {
      kind: "request",
      at: parts.now(),
      request: kind,
      actions: [...actions],
      by,
    };
    await log.append([
      {
        topic: topics.casework.name,
        partition: 0,
        records: [
          {
            key: "default",
            value: Buffer.from(`${JSON.stringify(record)}\n`),
            headers: { schema: "casework/1", request: randomUUID() },
          },
        ],
      },
    ]);
  };
  const recorded = async (kind: "stop" | "resume", by: string) => {
    try {
      await request(kind, [], by);
      return { recorded: true };
    } catch (error) {
      if (error instanceof MetsukeError && error.retryable) return { recorded: false };
      throw error;
    }
  };
  return {
    status: () => Promise.resolve(parts.status()),
    actions: async () => newestActions(await parts.log()),
    undo: (ids, by) => request("undo", ids, by),
    stop: async (by) => {
      await writeFile(stopFile(parts.dataDir), `${new Date(parts.now()).toISOString()} ${by}\n`);
      return recorded("stop", by);
    },
    resume: async (by) => {
      await rm(stopFile(parts.dataDir), { force: true });
      return recorded("resume", by);
    },
    query: parts.query,
  };
}

async function newestActions(log: EventLog): Promise<readonly Action[]> {
  const newest = new Map<string, Action>();
  for await (const records of readToEnd(log, topics.actions.name, 0)) {
    for (const record of records) foldActions(newest, jsonLines(record));
  }
  return [...newest.values()];
}

function foldActions(newest: Map<string, Action>, lines: Iterable<unknown>): void {
  for (const line of lines) {
    const action = line as Action;
    const known = newest.get(action["action.id"]);
    if (known === undefined || known["action.revision"] < action["action.revision"]) {
      newest.set(action["action.id"], action);
    }
  }
}

/** Error text without a stack, for an answer to an operator. */
export const answerText = (error: unknown): string =>
  error instanceof MetsukeError ? `${error.message} [${error.code}]` : errorText(error);
