import { type Token, tokensOf } from "./canonical-tokens.ts";
import { Refusal } from "./exceptions.ts";
import type { ReaderLimits } from "./protocol.ts";
import {
  bracketWords,
  deniedFunctions,
  functionCategories,
  functionNames,
  outputFormats,
  readerSettingPrefixes,
  cappedSettings,
  freeSettings,
  showWords,
  systemTables,
  tableFunctionNames,
} from "./reader-lists.ts";
import { isName, isWord, splitTail, type Statement, startsClause } from "./statement-tail.ts";

export interface FunctionRow {
  readonly name: string;
  readonly is_aggregate: number;
  readonly alias_to: string;
  readonly categories: string;
}

export interface ReaderGate {
  /**
   * Checks one statement that the engine's parser has written anew.
   * @throws Refusal with ClickHouse's code for what is wrong with it.
   */
  admit(canonical: string): Statement;
  /** The value that may be used, capped. @throws Refusal 164 when readers may not set it. */
  setting(name: string, value: string): string;
  /** The name of a format that needs no file. @throws Refusal 73. */
  format(name: string): string;
  parameter(name: string): void;
}

/**
 * Decides what a reader's statement may be. `readonly` alone is no sandbox: a scalar `file()`,
 * INTO OUTFILE, DESCRIBE of a table function and KILL QUERY all pass it.
 */
export function createReaderGate(
  functions: readonly FunctionRow[],
  readonlyTableFunctions: ReadonlySet<string>,
  limits: ReaderLimits,
): ReaderGate {
  const allowed = allowedFunctions(functions);
  for (const name of tableFunctionNames) {
    if (readonlyTableFunctions.has(name)) allowed.plain.add(name.toLowerCase());
  }
  return {
    admit(canonical) {
      const statement = splitTail(canonical, tokensOf(canonical));
      checkKind(statement.tokens);
      statement.tokens.forEach((token, at) => checkToken(statement.tokens, token, at, allowed));
      return statement;
    },
    format(name) {
      if (outputFormats.has(name)) return name;
      throw new Refusal(73, "UNKNOWN_FORMAT", `Format ${name} is not open to readers.`);
    },
    setting: (name, value) => readerSetting(name, value, limits),
    parameter(name) {
      if (!/^[A-Za-z_]\w{0,63}$/.test(name)) refuse(`parameter name ${name}`);
    },
  };
}

interface AllowedFunctions {
  /** What the engine has and readers may not call; lower case. */
  readonly denied: ReadonlySet<string>;
  readonly plain: Set<string>;
  /** Aggregate functions: combinators may follow their name. */
  readonly aggregates: readonly string[];
}

function allowedFunctions(functions: readonly FunctionRow[]): AllowedFunctions {
  const byName = new Map(functions.map((row) => [row.name, row]));
  const denied = new Set([...deniedFunctions].map((name) => name.toLowerCase()));
  const plain = new Set<string>();
  const aggregates: string[] = [];
  for (const row of functions) {
    const original = row.alias_to === "" ? row : (byName.get(row.alias_to) ?? row);
    const name = row.name.toLowerCase();
    if (denied.has(name) || denied.has(original.name.toLowerCase())) continue;
    if (original.is_aggregate === 1) aggregates.push(name);
    else if (functionCategories.has(original.categories) || functionNames.has(original.name)) {
      plain.add(name);
    }
  }
  const closed = functions
    .map(({ name }) => name)
    .filter((name) => !isAllowedFunction({ plain, aggregates }, name));
  return { denied: new Set(closed.map((name) => name.toLowerCase())), plain, aggregates };
}

const isAllowedFunction = (
  { plain, aggregates }: Pick<AllowedFunctions, "plain" | "aggregates">,
  name: string,
): boolean => {
  const lower = name.toLowerCase();
  return (
    plain.has(lower) || aggregates.some((known) => lower.startsWith(known) && tailed(lower, known))
  );
};

const COMBINATORS =
  /^(?:if|array|map|simplestate|state|merge|mergestate|foreach|distinct|ordefault|ornull|resample|argmin|argmax|respectnulls|ignorenulls)*$/;

const tailed = (name: string, known: string): boolean => COMBINATORS.test(name.slice(known.length));

function checkKind(tokens: readonly Token[]): void {
  const [first, second] = tokens;
  const begins = first?.text ?? "nothing";
  switch (begins) {
    case "SELECT":
    case "WITH":
    case "EXISTS":
      return;
    case "SHOW":
      if (second?.kind === "word" && showWords.has(second.text)) return;
      break;
    case "DESCRIBE":
      if (isWord(second, "TABLE") && describesPlain(tokens)) return;
      break;
    case "EXPLAIN":
      if (explainsSelect(tokens)) return;
      break;
    default:
  }
  refuse(`a statement that begins with ${begins}`);
}

/** A table function would be opened to look at its columns, `readonly` or not. */
function describesPlain(tokens: readonly Token[]): boolean {
  const what = tokens[2];
  return what?.kind === "symbol" ? what.text === "(" : tokens[3]?.text !== "(";
}

function explainsSelect(tokens: readonly Token[]): boolean {
  const start = tokens.findIndex((token) => isWord(token, "SELECT") || isWord(token, "WITH"));
  const head = tokens.slice(1, start);
  if (start < 0 || head.some((token) => token.kind === "string" || token.kind === "quoted")) {
    return false;
  }
  return head.every(
    ({ kind, text }) =>
      kind === "number" ||
      (kind === "word" && (/^[a-z_]+$/.test(text) || explainWords.has(text))) ||
      text === "=" ||
      text === ",",
  );
}

const explainWords = new Set(["AST", "SYNTAX", "QUERY", "TREE", "PLAN", "PIPELINE", "ESTIMATE"]);

function checkToken(
  tokens: readonly Token[],
  token: Token,
  at: number,
  allowed: AllowedFunctions,
): void {
  const next = tokens[at + 1];
  if (startsClause(tokens, at)) {
    throw new Refusal(164, "READONLY", "SETTINGS are taken at the end of a statement only.");
  }
  if (isWord(token, "INTO") || isWord(token, "OUTFILE")) refuse("INTO OUTFILE");
  if (isWord(token, "PARALLEL") && isWord(next, "WITH")) refuse("several statements");
  if (isWord(token, "APPLY") && isName(next) && tokens[at + 2]?.text !== "-") {
    checkFunction(next.text, allowed);
  }
  if (token.kind === "quoted" && /[/\\:]/.test(token.text) && !isWord(tokens[at - 1], "AS")) {
    if (isTablePlace(tokens, at)) refuse("a table name with a path in it");
  }
  if (token.text === "{" && token.kind === "symbol") checkPlaceholder(tokens, at);
  if (next?.text === "." && /^system$/i.test(token.text) && isName(token)) {
    const table = tokens[at + 2]?.text ?? "";
    if (!systemTables.has(table)) {
      throw new Refusal(497, "ACCESS_DENIED", `Not enough privileges for system.${table}.`);
    }
  }
  // A bare name is a function too where one is expected: arrayMap(file, ['/etc/passwd']).
  if (isName(token) && !isPartOfName(tokens, at) && allowed.denied.has(token.text.toLowerCase())) {
    checkFunction(token.text, allowed);
  }
  if (!isName(token) || next?.text !== "(" || insideType(tokens, at)) return;
  if (token.kind === "word" && bracketWords.has(token.text)) return;
  checkFunction(token.text, allowed);
}

/** `AS file`, `t.file`, `file.x`: columns and aliases, which no function is called by. */
const isPartOfName = (tokens: readonly Token[], at: number): boolean =>
  isWord(tokens[at - 1], "AS") || tokens[at - 1]?.text === "." || tokens[at + 1]?.text === ".";

/** Where the engine would look a name up as a table; its `default` database also holds files. */
function isTablePlace(tokens: readonly Token[], at: number): boolean {
  const before = tokens[at - 1];
  if (tokens[0]?.text !== "SELECT" && tokens[0]?.text !== "WITH") return true;
  return before?.kind === "word" || before?.text === "." || before?.text === ",";
}

function checkFunction(name: string, allowed: AllowedFunctions): void {
  if (isAllowedFunction(allowed, name)) return;
  if (allowed.denied.has(name.toLowerCase())) {
    throw new Refusal(497, "ACCESS_DENIED", `Function ${name} is not open to readers.`);
  }
  throw new Refusal(
    46,
    "UNKNOWN_FUNCTION",
    `Function or table function ${name} does not exist, or is not open to readers.`,
  );
}

/** `{name:Type}`: an Identifier could name a table that the checks of the text never see. */
function checkPlaceholder(tokens: readonly Token[], at: number): void {
  for (let index = at + 1; index < tokens.length && tokens[index]?.text !== "}"; index++) {
    if (/^identifier$/i.test(tokens[index]?.text ?? "")) refuse("a parameter of type Identifier");
  }
}

/** True inside `{name:Type(…)}`, where brackets belong to a type. */
function insideType(tokens: readonly Token[], at: number): boolean {
  for (let index = at - 1; index >= 0; index--) {
    const { kind, text } = tokens[index] ?? { kind: "symbol", text: "}" };
    if (kind === "symbol" && text === "{") return true;
    if (kind === "symbol" && text !== ":" && text !== "(" && text !== ",") return false;
    if (at - index > 12) return false;
  }
  return false;
}

function readerSetting(name: string, value: string, limits: ReaderLimits): string {
  if (freeSettings.has(name) || readerSettingPrefixes.some((prefix) => name.startsWith(prefix))) {
    if (value.length <= 200) return value;
  }
  if (cappedSettings.has(name)) {
    const asked = Number(value);
    const most = mostOf(name, limits);
    if (Number.isFinite(asked) && asked >= 0) {
      return String(asked === 0 ? most : Math.min(Math.ceil(asked), most));
    }
  }
  throw new Refusal(164, "READONLY", `Cannot modify '${name}' setting in readonly mode.`);
}

function mostOf(name: string, limits: ReaderLimits): number {
  switch (name) {
    case "max_execution_time":
      return limits.seconds;
    case "max_result_rows":
      return limits.resultRows;
    case "max_result_bytes":
      return limits.resultBytes;
    default:
      return limits.threads;
  }
}

function refuse(what: string): never {
  throw new Refusal(
    164,
    "READONLY",
    `Cannot execute ${what}: one read-only query is allowed here.`,
  );
}
