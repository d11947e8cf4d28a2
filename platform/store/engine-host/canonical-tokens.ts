/** One token of a statement as the engine's own formatter writes it: no comments, one spelling. */
export interface Token {
  readonly kind: "string" | "quoted" | "word" | "number" | "symbol";
  /** The text; of a quoted identifier the name without quotes and escapes, of a string nothing. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

const TOKEN =
  /(?<string>'(?:[^'\\]|\\[^]|'')*')|(?<quoted>`(?:[^`\\]|\\[^]|``)*`|"(?:[^"\\]|\\[^]|"")*")|(?<word>[A-Za-z_][A-Za-z0-9_$]*)|(?<number>\d[\w.]*)|(?<symbol>[^\s])|\s+/gy;

/** Tokens of canonical text. Literals lose their content: nothing in them is code. */
export function tokensOf(canonical: string): Token[] {
  const tokens: Token[] = [];
  for (const match of canonical.matchAll(TOKEN)) {
    const groups = match.groups ?? {};
    const at = { start: match.index, end: match.index + match[0].length };
    if (groups["string"] !== undefined) tokens.push({ kind: "string", text: "", ...at });
    else if (groups["quoted"] !== undefined) {
      tokens.push({ kind: "quoted", text: unquoted(groups["quoted"]), ...at });
    } else if (groups["word"] !== undefined) {
      tokens.push({ kind: "word", text: groups["word"], ...at });
    } else if (groups["number"] !== undefined) {
      tokens.push({ kind: "number", text: groups["number"], ...at });
    } else if (groups["symbol"] !== undefined) {
      tokens.push({ kind: "symbol", text: groups["symbol"], ...at });
    }
  }
  return tokens;
}

const unquoted = (text: string): string =>
  text.slice(1, -1).replaceAll(/\\([^])|([`"])\2/g, (_, escaped, quote) => escaped ?? quote);
