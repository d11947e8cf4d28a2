import { Refusal } from "./exceptions.ts";

/** First word of a statement, comments before it skipped; upper case. */
export function firstWord(sql: string): string {
  const start =
    /^(?:\s+|--[^\n]*(?:\n|$)|#[! ][^\n]*(?:\n|$)|\/\*[^]*?\*\/)*\(*\s*([A-Za-z]+)/.exec(sql);
  return (start?.[1] ?? "").toUpperCase();
}

/** How an INSERT brings its rows. */
export type InsertShape =
  /** `FORMAT F` at the end of the text, rows in the body. */
  | { readonly kind: "body"; readonly head: string; readonly format: string }
  /** VALUES or SELECT: the text is the whole statement. */
  | { readonly kind: "whole" };

const INSERT_FORMAT = /\bFORMAT\s+(\w{1,64})\s*;?\s*$/i;
/** Rows that follow the statement in one text, as curl sends them. */
const INLINE = /^([^]{0,65536}?\bFORMAT\s+(\w{1,64}))[ \t]*\r?\n/i;

export function insertShape(
  statement: string,
  body: Buffer,
): { readonly shape: InsertShape; readonly rows: Buffer } {
  const end = INSERT_FORMAT.exec(statement);
  if (end?.[1] !== undefined) {
    const head = statement.slice(0, end.index);
    return { shape: { kind: "body", head, format: end[1] }, rows: body };
  }
  const inline = INLINE.exec(statement);
  if (inline?.[1] !== undefined && inline[2] !== undefined) {
    const head = inline[1].replace(/\bFORMAT\s+\w+$/i, "");
    const rows = Buffer.concat([Buffer.from(statement.slice(inline[0].length), "utf8"), body]);
    return { shape: { kind: "body", head, format: inline[2] }, rows };
  }
  if (body.length > 0 && /\bVALUES\s*$/i.test(statement)) {
    const head = statement.replace(/\bVALUES\s*$/i, "");
    return { shape: { kind: "body", head, format: "Values" }, rows: body };
  }
  if (body.length > 0) {
    throw new Refusal(62, "SYNTAX_ERROR", "Rows in the body need FORMAT at the end of the query.");
  }
  return { shape: { kind: "whole" }, rows: body };
}
