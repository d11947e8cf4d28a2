import { randomUUID } from "node:crypto";
import { unlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { always, formatOf, known } from "./call-settings.ts";
import { firstWord, insertShape } from "./call-text.ts";
import { tokensOf } from "./canonical-tokens.ts";
import type { Engine, EngineCall, EngineResult } from "./engine.ts";
import type { HttpCall } from "./http-call.ts";
import { transportSettings } from "./reader-lists.ts";
import { splitTail } from "./statement-tail.ts";

/** Statements that give rows: their FORMAT is ours to find. */
const READS = new Set(["SELECT", "WITH", "SHOW", "EXISTS", "EXPLAIN", "DESCRIBE", "DESC", "FROM"]);

export interface WriterCalls {
  prepare(call: HttpCall): Promise<EngineCall>;
  /** Rows go to the engine through a file of ours: it reads every input format from there. */
  insert(call: HttpCall, signal: AbortSignal): Promise<EngineResult>;
}

/** @param bodies Folder for the rows of running INSERTs. */
export function createWriterCalls(
  engine: Engine,
  bodies: string,
  inDatabase: (named: string | undefined) => Promise<string>,
): WriterCalls {
  const base = async (call: HttpCall) => ({
    database: await inDatabase(call.database),
    settings: [
      ...always,
      ...known(
        engine,
        call.settings.filter(([name]) => !transportSettings.test(name)),
      ),
    ],
    parameters: call.parameters,
    readonly: false,
    format: formatOf(undefined, call),
  });
  return {
    async prepare(call) {
      const plain = { ...(await base(call)), sql: call.statement };
      if (!READS.has(firstWord(call.statement))) return plain;
      const canonical = await engine.canonical(call.statement);
      const { sql, format, settings } = splitTail(canonical, tokensOf(canonical));
      return {
        ...plain,
        sql,
        format: formatOf(format, call),
        settings: [...plain.settings, ...settings],
      };
    },
    async insert(call, signal) {
      const { shape, rows } = insertShape(call.statement, call.body);
      const plain = await base(call);
      if (shape.kind === "whole") return engine.run({ ...plain, sql: call.statement }, signal);
      const file = join(bodies, randomUUID());
      await writeFile(file, rows, { mode: 0o600 });
      try {
        const sql = `${shape.head} FROM INFILE '${file}' COMPRESSION 'none' FORMAT ${shape.format}`;
        return await engine.run({ ...plain, sql }, signal);
      } finally {
        await unlink(file);
      }
    },
  };
}
