import { Type } from "typebox";
import { describe, expect, test } from "vitest";
import { columnsOf } from "../../schemas/ddl-columns.ts";
import { rowOf } from "../../schemas/ddl-rows.ts";
import { tableOf, tables } from "../../schemas/ddl-tables.ts";
import { ddl } from "../../schemas/ddl.ts";
import { integer, text, texts } from "../../schemas/fields.ts";
import { storedTopics } from "../../schemas/views.ts";

const existing = () =>
  new Map(
    tables.map((table) => [
      table.table,
      new Map(table.columns.map(({ name, type }) => [name, type])),
    ]),
  );

describe("the DDL", () => {
  test("creates every table and every view of the topic table", () => {
    const statements = ddl("m").join("\n");
    for (const { view } of storedTopics) {
      expect(statements).toContain(`CREATE TABLE IF NOT EXISTS \`m\`.\`${view}_raw\``);
      expect(statements).toContain(`CREATE OR REPLACE VIEW \`m\`.\`${view}\``);
    }
    expect(storedTopics.map(({ view }) => view).toSorted()).toEqual(
      tables.map(({ view }) => view).toSorted(),
    );
  });

  test("is only views when everything is there", () => {
    const changing = ddl("m", existing()).filter(
      (sql) => !sql.startsWith("CREATE OR REPLACE VIEW"),
    );
    expect(changing).toEqual(["CREATE DATABASE IF NOT EXISTS `m`"]);
  });

  test("adds the column that is missing, keeps the one it does not know", () => {
    const before = existing();
    before.get("events_raw")?.delete("user.name");
    before.get("events_raw")?.set("user.nickname", "String");
    expect(ddl("m", before).filter((sql) => sql.startsWith("ALTER"))).toEqual([
      "ALTER TABLE `m`.`events_raw` ADD COLUMN IF NOT EXISTS `user.name` String",
    ]);
  });

  test("refuses another type and names the column", () => {
    const before = existing();
    before.get("events_raw")?.set("user.name", "UInt8");
    expect(() => ddl("m", before)).toThrow("events_raw.user.name is UInt8");
  });

  test("every key begins with the tenant, and no array has a dot", () => {
    for (const table of tables) {
      expect(table.orderBy[0]).toBe("`organization.id`");
      const arrays = table.columns.filter(({ type }) => type.startsWith("Array("));
      expect(arrays.filter(({ name }) => name.includes("."))).toEqual([]);
    }
  });

  test("absent numbers are NULL, absent texts empty, and a property without a type is named", () => {
    const schema = Type.Object({
      a: integer("a"),
      b: Type.Optional(integer("b")),
      c: Type.Optional(text("c")),
      "d.e": Type.Optional(texts("d")),
    });
    expect(columnsOf(schema).map(({ name, type }) => `${name} ${type}`)).toEqual([
      "a Int64",
      "b Nullable(Int64)",
      "c String",
      "d_e Array(String)",
    ]);
    expect(() => columnsOf(Type.Object({ x: Type.String() }))).toThrow("no column type: x");
  });
});

describe("a row", () => {
  const event = { "@timestamp": "2026-11-24T10:00:00.000Z", "event.id": "e" };
  const row = (over: Record<string, unknown>) => {
    const record: Record<string, unknown> = { ...event, ...over };
    const made = rowOf("events", record, 0);
    // The short way, from the text, must give the same row.
    const text = JSON.stringify(record);
    const parsed = JSON.parse(text) as Record<string, unknown>;
    const quick = rowOf("events", parsed, 0, text);
    const slow = rowOf("events", parsed, 0);
    expect("line" in quick ? JSON.parse(quick.line) : quick).toEqual(
      "line" in slow ? JSON.parse(slow.line) : slow,
    );
    return "malformed" in made
      ? made.malformed
      : (JSON.parse(made.line) as Record<string, unknown>);
  };

  test("renames arrays and leaves out what it does not know", () => {
    expect(row({ "event.category": ["x"], "no.such": 1 })).toEqual({
      ...event,
      event_category: ["x"],
    });
  });

  test("a text that quotes a key is no key", () => {
    const text = '"event.category":["y"],\\"event.category":';
    expect(row({ message: text, attributes: `{${text}`, "event.category": ["x"] })).toEqual({
      ...event,
      message: text,
      attributes: `{${text}`,
      event_category: ["x"],
    });
  });

  test.each([
    ["source.port", 1e300, Number.MAX_SAFE_INTEGER],
    ["source.port", -1e300, Number.MIN_SAFE_INTEGER],
    ["source.port", -0, 0],
    ["event.created", "0001-01-01T00:00:00.000Z", "1900-01-01T00:00:00.000Z"],
    ["event.created", "9999-01-01T00:00:00.000Z", "2299-12-31T23:59:59.999Z"],
    ["user.name", "a\udc00b", "a\ufffdb"],
    ["auth.mfa", false, false],
  ])("holds %s %s", (field, value, want) => {
    expect((row({ [field]: value }) as Record<string, unknown>)[field]).toEqual(want);
  });

  test.each([
    ["source.port", "22"],
    ["source.port", Number.NaN],
    ["user.name", 7],
    ["auth.mfa", "yes"],
    ["event.category", ["a", 1]],
    ["event.created", "yesterday"],
  ])("says that %s is wrong when it is %s", (field, value) => {
    expect(row({ [field]: value })).toBe(`${field} has the wrong type`);
  });

  test("says what is missing", () => {
    expect(rowOf("events", { "event.id": "e" }, 0)).toEqual({ malformed: "@timestamp is missing" });
  });

  test("nested values become JSON text", () => {
    const made = rowOf(
      "incidents",
      {
        "organization.id": "t",
        "incident.id": "i",
        "incident.entities": [{ type: "user", id: "a" }],
      },
      0,
    );
    expect("line" in made && JSON.parse(made.line)).toMatchObject({
      "incident.entities": '[{"type":"user","id":"a"}]',
    });
  });

  test("keys that are no fields harm nothing", () => {
    const hostile = JSON.parse('{"__proto__":{"a":1},"constructor":1,"toString":2}') as object;
    expect(row({ ...hostile })).toEqual(event);
    expect(tableOf("events").view).toBe("events");
  });
});
