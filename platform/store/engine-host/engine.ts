import { Session } from "chdb";
import { errorText } from "../../errors.ts";
import { inOwnSession, release } from "./own-session.ts";
import type { FunctionRow } from "./reader-gate.ts";

export interface EngineCall {
  readonly sql: string;
  readonly format: string;
  readonly database: string;
  /** Applied in order; the last of one name wins. */
  readonly settings: readonly (readonly [name: string, value: string])[];
  readonly parameters: readonly (readonly [name: string, value: string])[];
  readonly readonly: boolean;
}

export interface EngineResult {
  readonly bytes: Uint8Array;
  readonly rowsRead: number;
  readonly bytesRead: number;
}

export interface Engine {
  /** Runs one statement in a session of its own; when `signal` aborts the engine is told to stop. */
  run(call: EngineCall, signal: AbortSignal): Promise<EngineResult>;
  /** The statement as the engine's parser writes it. Throws on bad syntax and several statements. */
  canonical(sql: string): Promise<string>;
  readonly settingNames: ReadonlySet<string>;
  readonly functions: readonly FunctionRow[];
  readonly readonlyTableFunctions: ReadonlySet<string>;
  close(): Promise<void>;
}

/** The engine holds the folder as long as this session is open. */
export async function openEngine(dir: string): Promise<Engine> {
  const root = new Session(dir);
  const rows = async <Row>(sql: string): Promise<Row[]> => {
    const text = (await root.queryAsync(sql, { format: "JSONEachRow" })).text();
    return text
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Row);
  };
  const names = async (sql: string) =>
    new Set((await rows<{ name: string }>(sql)).map(({ name }) => name));
  let calls = 0;
  const running = new Set<Promise<unknown>>();
  const tracked = <T>(work: Promise<T>): Promise<T> => {
    running.add(work);
    const forget = () => running.delete(work);
    work.then(forget, forget);
    return work;
  };
  const engine: Engine = {
    run(call, signal) {
      const marker = `/*call:${process.pid}.${++calls}*/`;
      const stop = () => void tracked(kill(dir, marker));
      return tracked(run(dir, { ...call, sql: `${marker} ${call.sql}` }, signal, stop));
    },
    canonical: (sql) => tracked(canonical(dir, sql)),
    settingNames: await names("SELECT name FROM system.settings"),
    functions: await rows<FunctionRow>(
      "SELECT name, is_aggregate, alias_to, categories FROM system.functions",
    ),
    readonlyTableFunctions: await names(
      "SELECT name FROM system.table_functions WHERE allow_readonly",
    ),
    async close() {
      while (running.size > 0) await Promise.allSettled(running);
      release(root);
    },
  };
  return engine;
}

function run(
  dir: string,
  call: EngineCall,
  signal: AbortSignal,
  stop: () => void,
): Promise<EngineResult> {
  const args = [
    ...call.settings.map(([name, value]) => `--${name}=${value}`),
    // The last one wins: whatever came before, a reader ends as a reader.
    ...(call.readonly ? ["--readonly=1"] : []),
  ];
  return inOwnSession(dir, args, async (session) => {
    if (call.database !== "default") await session.queryAsync(`USE \`${call.database}\``);
    for (const [name, value] of call.parameters) {
      await session.queryAsync(`SET param_${name} = ${sqlString(value)}`);
    }
    signal.throwIfAborted();
    signal.addEventListener("abort", stop, { once: true });
    try {
      const result = await session.queryAsync(call.sql, { format: call.format });
      return { bytes: result.bytes(), rowsRead: result.rowsRead, bytesRead: result.bytesRead };
    } finally {
      signal.removeEventListener("abort", stop);
    }
  });
}

/** ASYNC, since SYNC never returns here. A statement that has ended meanwhile is nothing to kill. */
const kill = (dir: string, marker: string) =>
  inOwnSession(dir, [], (session) =>
    session.queryAsync(
      `KILL QUERY WHERE startsWith(query, ${sqlString(marker)}) ASYNC FORMAT Null`,
    ),
  );

async function canonical(dir: string, sql: string): Promise<string> {
  const question = `SELECT formatQuerySingleLine(${sqlString(sql)})`;
  try {
    const args = ["--max_execution_time=5", "--readonly=1"];
    const result = await inOwnSession(dir, args, (session) =>
      session.queryAsync(question, { format: "TSVRaw" }),
    );
    return result.text().replace(/\n$/, "");
  } catch (error) {
    // The reader knows nothing of the function that looked at his statement.
    throw new Error(
      errorText(error).replace(/:? *In scope SELECT formatQuerySingleLine\([^]*\)\. (?=\()/, ""),
      {
        cause: error,
      },
    );
  }
}

export const sqlString = (text: string): string =>
  `'${text.replaceAll(/['\\]/g, "\\$&").replaceAll("\0", "\\0")}'`;
