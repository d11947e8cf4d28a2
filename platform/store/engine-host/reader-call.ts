import { always, formatOf, known, readerCaps, type Setting } from "./call-settings.ts";
import type { Engine, EngineCall } from "./engine.ts";
import { Refusal } from "./exceptions.ts";
import type { HttpCall } from "./http-call.ts";
import type { HostSettings } from "./protocol.ts";
import { createReaderGate } from "./reader-gate.ts";
import { insertOnlySettings, transportSettings } from "./reader-lists.ts";

const MAX_TEXT = 128 << 10;

/** Turns what a reader sent into what may run: the canonical text, capped, read-only. */
export function createReaderCall(
  engine: Engine,
  { limits }: HostSettings,
  inDatabase: (named: string | undefined) => Promise<string>,
): (call: HttpCall) => Promise<EngineCall> {
  const gate = createReaderGate(engine.functions, engine.readonlyTableFunctions, limits);
  return async (call) => {
    if (call.body.length > 0) throw new Refusal(164, "READONLY", "Readers send no rows.");
    if (call.statement.length > MAX_TEXT) {
      throw new Refusal(62, "SYNTAX_ERROR", `A statement holds at most ${MAX_TEXT} characters.`);
    }
    const database = await inDatabase(call.database);
    if (database.toLowerCase() === "system") {
      throw new Refusal(497, "ACCESS_DENIED", "Readers name system tables in full.");
    }
    const statement = gate.admit(await engine.canonical(call.statement));
    for (const [name] of call.parameters) gate.parameter(name);
    const beside = call.settings.filter(
      ([name]) => !transportSettings.test(name) && !insertOnlySettings.test(name),
    );
    const asked = [...beside, ...statement.settings].map(([name, value]): Setting => [
      name,
      gate.setting(name, value),
    ]);
    return {
      sql: statement.sql,
      format: gate.format(formatOf(statement.format, call)),
      database,
      settings: [...always, ...readerCaps(limits), ...known(engine, asked)],
      parameters: call.parameters,
      readonly: true,
    };
  };
}
