import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { createServer, type AddressInfo, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createLogger } from "../../../platform/logger.ts";
import { type EngineHost, startEngineHost } from "../../../platform/store/engine-host/start.ts";
import { escapes, type Prey } from "./escapes.ts";

/** mulberry32: small, seeded, good enough to choose mutations. */
export function seededRandom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % below;
  };
}

type Mutation = (text: string, random: (below: number) => number, other: string) => string;

const at = (text: string, random: (below: number) => number) => random(text.length + 1);
const insert = (text: string, where: number, piece: string) =>
  text.slice(0, where) + piece + text.slice(where);
const pick = <T>(random: (below: number) => number, from: readonly T[]): T =>
  from[random(from.length)] as T;

const pieces = [
  "/**/",
  "--\n",
  "-- '\n",
  "/*'*/",
  "#!x\n",
  " ",
  "\n",
  "\t",
  "\0",
  "\u00a0",
  "\ufeff",
  ";",
  ";;",
  "'",
  "`",
  '"',
  "\\",
  "(",
  ")",
  "[",
  "]",
  "{",
  "}",
  ",",
  ".",
  "::",
  "->",
  "|>",
  "$$",
  "$x$",
  " FORMAT JSON ",
  " SETTINGS readonly = 0 ",
  " SETTINGS max_threads = 1 ",
  " INTO OUTFILE '/x' ",
  " UNION ALL SELECT 1 ",
  " APPLY(file) ",
  " AS ",
  " FROM ",
  " SELECT ",
  " PARALLEL WITH ",
  " EXPLAIN ",
  " DESCRIBE ",
  " file(",
  " url(",
  " system.",
  "ﬁ",
  "\u0131",
  "\u202e",
  "%00",
  "0x",
];

const mutations: readonly Mutation[] = [
  (text, random) => insert(text, at(text, random), pick(random, pieces)),
  (text, random) => insert(text, at(text, random), pick(random, pieces)),
  (text, random) => text.replaceAll(" ", pick(random, ["/**/", "\n", "\t", " -- x\n", "  "])),
  (text, random) => {
    const where = at(text, random);
    return text.slice(0, where) + text.slice(where + 1 + random(4));
  },
  (text, random) =>
    text.replaceAll(/[a-z]/g, (char) => (random(3) === 0 ? char.toUpperCase() : char)),
  (text, random) =>
    text.replace(/\b([a-z]\w*)\(/i, pick(random, ["`$1`(", '"$1"(', "$1/**/(", "$1 (", "$1--\n("])),
  (text, random) =>
    text.replace(
      /'([^']*)'/,
      pick(random, [
        "$$$$$1$$$$",
        "$$t$$$1$$t$$",
        "concat('$1', '')",
        '"$1"',
        "`$1`",
        "unhex('00')||'$1'",
      ]),
    ),
  (text, random) =>
    text.replace(
      /(\w+)\(('[^']*')\)/,
      pick(random, ["arrayMap($1, [$2])", "arrayFirst($1, [$2])", "arrayMap(f -> $1(f), [$2])"]),
    ),
  (text) => `SELECT * FROM (${text})`,
  (text) => `SELECT (${text})`,
  (text) => `WITH q AS (${text}) SELECT * FROM q`,
  (text) => `SELECT 1 IN (${text})`,
  (text) => `(${text})`,
  (text) => `((${text})) UNION ALL (${text})`,
  (text, random) =>
    `${pick(random, ["EXPLAIN", "EXPLAIN AST", "EXPLAIN SYNTAX", "EXPLAIN QUERY TREE", "DESCRIBE", "DESC"])} ${text}`,
  (text, random) => `DESCRIBE (${pick(random, [text, `SELECT * FROM (${text})`])})`,
  (text) => `SELECT * FROM view(${text})`,
  (text) => `SELECT * FROM numbers(1) WHERE exists(${text})`,
  (text) => `SELECT arrayMap(x -> (${text}), [1])`,
  (text, _, other) => `${text};${other}`,
  (text, _, other) => `${text} UNION ALL ${other}`,
  (text, random, other) => text.slice(0, at(text, random)) + other.slice(at(other, random)),
  (text, random) =>
    `${text} FORMAT ${pick(random, ["JSON", "CSV", "Native", "Template", "RawBLOB", "SQLInsert"])}`,
  (text, random) =>
    `${text} SETTINGS ${pick(random, ["readonly = 0", "max_execution_time = 1", "allow_ddl = 1", "log_comment = '*/'", "dialect = 'kusto'", "final = 1"])}`,
  (text) => `/* ${text} */ ${text}`,
  (text) => `-- x\n${text}`,
  (text) => text.replaceAll("(", " ( ").replaceAll(")", " ) "),
];

/** What readers may ask; grown together with escapes it gets furthest. */
const harmless = (table: string): string[] => [
  "SELECT 1",
  "SELECT 'file' AS file",
  `SELECT a FROM ${table}`,
  `SELECT a, count() FROM ${table} GROUP BY a ORDER BY a LIMIT 2`,
  "SELECT number FROM numbers(3) WHERE number IN (SELECT 1)",
  "SELECT name FROM system.tables LIMIT 1",
  "SELECT * APPLY(toString) FROM (SELECT 1 AS x)",
  "WITH x AS (SELECT 2 AS y) SELECT y FROM x",
  "SELECT arrayMap(x -> upper(x), ['a'])",
  `DESCRIBE TABLE ${table}`,
  `EXISTS TABLE ${table}`,
  "SHOW TABLES",
  "EXPLAIN SELECT 1",
  "SELECT 1 FORMAT JSON",
  "SELECT 1 SETTINGS max_threads = 1",
];

/** `n` statements grown from the escapes by one to four random steps; the same seed, the same list. */
export function* mutateEscapes(seed: number, n: number, prey: Prey): Generator<string> {
  const random = seededRandom(seed);
  const list = [...escapes(prey), ...harmless(prey.table), ...harmless(prey.table)];
  for (let made = 0; made < n; made++) {
    let text = pick(random, list);
    const steps = 1 + random(4);
    for (let step = 0; step < steps; step++) {
      text = pick(random, mutations)(text, random, pick(random, list));
    }
    yield text.slice(0, 20_000);
  }
}

export interface MutationReport {
  readonly tried: number;
  readonly answered: number;
  readonly refused: number;
  /** Statements that got out, with what they reached; empty is the goal. */
  readonly escaped: readonly string[];
}

/** Sends mutations as a reader to an engine host of its own and looks what they did. */
export async function runGateMutations(wanted: {
  readonly count: number;
  readonly seed: number;
}): Promise<MutationReport> {
  const root = await mkdtemp(join(tmpdir(), "metsuke-gate-"));
  const canary = `canary${randomBytes(12).toString("hex")}`;
  const prey = { file: join(root, "planted.csv"), out: join(root, "written.csv") };
  await writeFile(prey.file, `${canary}\n`);
  const trap = await listen();
  const host = await startEngineHost({
    dir: join(root, "store"),
    logger: createLogger({ level: "silent" }),
  });
  try {
    const table = "metsuke.prey";
    for (const sql of [
      "CREATE DATABASE metsuke",
      `CREATE TABLE ${table} (a UInt8) ENGINE = MergeTree ORDER BY a`,
      `INSERT INTO ${table} VALUES (1), (2), (3)`,
    ]) {
      await write(host, sql);
    }
    const bystander = watchBystander(host);
    const escaped: string[] = [];
    const statements = mutateEscapes(wanted.seed, wanted.count, {
      ...prey,
      port: trap.port,
      table,
    });
    let answered = 0;
    const worker = async () => {
      for (const sql of statements) {
        const { ok, text } = await read(host, sql);
        if (ok) answered++;
        if (text.includes(canary)) escaped.push(`read the file: ${sql}`);
        if (trap.connections() > 0) escaped.push(`reached the socket near: ${sql}`);
        if (existsSync(prey.out)) escaped.push(`wrote a file near: ${sql}`);
        if (escaped.length > 20) return;
      }
    };
    await Promise.all([worker(), worker(), worker(), worker()]);
    if (
      (await write(host, `SELECT groupArray(a) FROM (SELECT a FROM ${table} ORDER BY a)`)) !==
      "[1,2,3]\n"
    ) {
      escaped.push("changed the table");
    }
    const names = await readdir(root);
    if (names.some((name) => name !== "store" && name !== "planted.csv"))
      escaped.push(`files: ${names.join()}`);
    if (!(await bystander.stillRuns())) escaped.push("ended another's query");
    bystander.leave();
    return { tried: wanted.count, answered, refused: wanted.count - answered, escaped };
  } finally {
    await host.close();
    trap.server.close();
    await rm(root, { recursive: true });
  }
}

async function listen(): Promise<{ server: Server; port: number; connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections++;
    socket.destroy();
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  return { server, port: (server.address() as AddressInfo).port, connections: () => connections };
}

/** A long statement of somebody else, which no reader may end. */
function watchBystander(host: EngineHost) {
  let ended = false;
  const sql = "SELECT sum(s) FROM (SELECT sleepEachRow(1) AS s FROM numbers(36000))";
  const leave = new AbortController();
  void write(host, sql, { parameters: "?max_block_size=1", signal: leave.signal }).then(
    () => (ended = true),
    () => (ended = true),
  );
  return {
    async stillRuns() {
      const running = await write(
        host,
        "SELECT count() FROM system.processes WHERE query LIKE '%sleepEachRow(1)%numbers(36000)%' AND NOT is_cancelled AND query NOT LIKE '%system.processes%'",
      );
      return !ended && running === "1\n";
    },
    leave: () => leave.abort(),
  };
}

async function write(
  host: EngineHost,
  sql: string,
  options: { readonly parameters?: string; readonly signal?: AbortSignal } = {},
): Promise<string> {
  const { user, password } = host.writer;
  const response = await fetch(`${host.url}/${options.parameters ?? ""}`, {
    method: "POST",
    body: sql,
    headers: { "X-ClickHouse-User": user, "X-ClickHouse-Key": password },
    signal: options.signal ?? null,
  });
  const text = await response.text();
  if (!response.ok) throw new Error(text);
  return text;
}

async function read(host: EngineHost, sql: string): Promise<{ ok: boolean; text: string }> {
  const response = await fetch(host.url, { method: "POST", body: sql });
  return { ok: response.ok, text: await response.text() };
}
