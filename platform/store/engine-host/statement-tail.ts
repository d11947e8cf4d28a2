import type { Token } from "./canonical-tokens.ts";
import { Refusal } from "./exceptions.ts";

/** A canonical statement without its FORMAT and SETTINGS, which are handed over on their own. */
export interface Statement {
  readonly sql: string;
  readonly tokens: readonly Token[];
  readonly format: string | undefined;
  readonly settings: ReadonlyMap<string, string>;
}

/** Splits `FORMAT x` and `SETTINGS a = 1, …` off the end of a canonical statement, in either order. */
export function splitTail(canonical: string, tokens: readonly Token[]): Statement {
  const settings = new Map<string, string>();
  let format: string | undefined;
  let end = tokens.length;
  for (;;) {
    const at = tailStart(tokens, end);
    if (at === undefined) break;
    if (tokens[at]?.text === "FORMAT") format ??= tokens[at + 1]?.text;
    else readSettings(canonical, tokens.slice(at + 1, end), settings);
    end = at;
  }
  const last = tokens[end - 1];
  return {
    sql: last === undefined ? "" : canonical.slice(0, last.end),
    tokens: tokens.slice(0, end),
    format,
    settings,
  };
}

/** Index of the last FORMAT or SETTINGS outside brackets whose clause reaches `end`. */
function tailStart(tokens: readonly Token[], end: number): number | undefined {
  if (isWord(tokens[end - 2], "FORMAT") && tokens[end - 1]?.kind === "word") return end - 2;
  let depth = 0;
  for (let at = end - 1; at > 0; at--) {
    const text = tokens[at]?.text;
    if (text === ")" || text === "]") depth++;
    else if (text === "(" || text === "[") depth--;
    if (depth < 0) return undefined;
    if (depth === 0 && isWord(tokens[at], "SETTINGS") && startsClause(tokens, at)) {
      return coversSettings(tokens.slice(at + 1, end)) ? at : undefined;
    }
  }
  return undefined;
}

/** True when a SETTINGS clause begins here, not a column of that name. */
export const startsClause = (tokens: readonly Token[], at: number): boolean =>
  isWord(tokens[at], "SETTINGS") &&
  isName(tokens[at + 1]) &&
  tokens[at + 2]?.text === "=" &&
  tokens[at + 2]?.kind === "symbol";

function coversSettings(clause: readonly Token[]): boolean {
  for (let at = 0; at < clause.length;) {
    if (!isName(clause[at]) || clause[at + 1]?.text !== "=") return false;
    at += clause[at + 2]?.text === "-" ? 4 : 3;
    if (at > clause.length || clause[at - 1]?.kind === "symbol") return false;
    if (at === clause.length) return true;
    if (clause[at]?.text !== ",") return false;
    at++;
  }
  return false;
}

function readSettings(canonical: string, clause: readonly Token[], into: Map<string, string>) {
  for (let at = 0; at < clause.length;) {
    const width = clause[at + 2]?.text === "-" ? 4 : 3;
    const first = clause[at + 2];
    const last = clause[at + width - 1];
    const name = clause[at]?.text;
    if (first === undefined || last === undefined || name === undefined) break;
    into.set(name, literal(canonical.slice(first.start, last.end)));
    at += width + 1;
  }
}

function literal(text: string): string {
  if (!text.startsWith("'")) return text;
  const body = text.slice(1, -1);
  if (/\\[^'\\]/.test(body)) throw new Refusal(36, "BAD_ARGUMENTS", "Unsupported setting value.");
  return body.replaceAll(/\\(['\\])/g, "$1");
}

export const isWord = (token: Token | undefined, text: string): boolean =>
  token?.kind === "word" && token.text === text;

export const isName = (token: Token | undefined): token is Token =>
  token?.kind === "word" || token?.kind === "quoted";
