import { expect, test } from "vitest";
import { tokensOf } from "../../../platform/store/engine-host/canonical-tokens.ts";
import { firstWord, insertShape } from "../../../platform/store/engine-host/call-text.ts";
import { splitTail } from "../../../platform/store/engine-host/statement-tail.ts";

const tail = (sql: string) => {
  const { sql: rest, format, settings } = splitTail(sql, tokensOf(sql));
  return [rest, format, Object.fromEntries(settings)];
};

test.each([
  ["SELECT 1", "SELECT 1", undefined, {}],
  ["SELECT 1 FORMAT JSON", "SELECT 1", "JSON", {}],
  ["SELECT 1 FORMAT JSON SETTINGS a = 1, b = 'x\\'y'", "SELECT 1", "JSON", { a: "1", b: "x'y" }],
  ["SELECT 1 SETTINGS a = -1 FORMAT CSV", "SELECT 1", "CSV", { a: "-1" }],
  ["SELECT (SELECT 1 SETTINGS a = 1)", "SELECT (SELECT 1 SETTINGS a = 1)", undefined, {}],
  ["SELECT SETTINGS = 1", "SELECT SETTINGS = 1", undefined, {}],
  [
    "SELECT 1 SETTINGS a = 1 UNION ALL SELECT 2",
    "SELECT 1 SETTINGS a = 1 UNION ALL SELECT 2",
    undefined,
    {},
  ],
  ["SELECT ' FORMAT JSON'", "SELECT ' FORMAT JSON'", undefined, {}],
  ["SELECT 'SETTINGS a = 1' SETTINGS b = 2", "SELECT 'SETTINGS a = 1'", undefined, { b: "2" }],
])("the tail of %s", (sql, rest, format, settings) => {
  expect(tail(sql)).toEqual([rest, format, settings]);
});

test("literals are blank, quoted names are bare", () => {
  const kinds = tokensOf("f('file(''x'')', `a\\`b`, 0x1F)").map(
    ({ kind, text }) => `${kind}:${text}`,
  );
  expect(kinds).toEqual([
    "word:f",
    "symbol:(",
    "string:",
    "symbol:,",
    "quoted:a`b",
    "symbol:,",
    "number:0x1F",
    "symbol:)",
  ]);
});

test.each([
  ["insert into t values", "INSERT"],
  ["/* select */ -- x\n  (SELECT 1)", "SELECT"],
  ["", ""],
  ["'select'", ""],
])("the first word of %s", (sql, want) => expect(firstWord(sql)).toBe(want));

test.each([
  ["INSERT INTO t (a) FORMAT JSONEachRow", "{}", "INSERT INTO t (a) ", "JSONEachRow", "{}"],
  ["INSERT INTO t FORMAT CSV\n1,2\n", "", "INSERT INTO t ", "CSV", "1,2\n"],
  ["INSERT INTO t VALUES", "(1)", "INSERT INTO t ", "Values", "(1)"],
])("rows of %j", (statement, body, head, format, rows) => {
  const got = insertShape(statement, Buffer.from(body));
  expect(got.shape).toEqual({ kind: "body", head, format });
  expect(got.rows.toString()).toBe(rows);
});

test("an INSERT that has its rows in the text is left whole", () => {
  const got = insertShape("INSERT INTO t VALUES (1)", Buffer.alloc(0));
  expect(got.shape).toEqual({ kind: "whole" });
});

test("a token of a million brackets or quotes takes no time to speak of", () => {
  const startedAt = performance.now();
  for (const piece of ["(", "'", "`", "\\", "SETTINGS a = 1, ", "/*"]) {
    const sql = `SELECT 1 ${piece.repeat(100_000)}`;
    splitTail(sql, tokensOf(sql));
    firstWord(sql);
    firstWord(piece.repeat(100_000));
  }
  expect(performance.now() - startedAt).toBeLessThan(3_000);
});
