import { describe, expect, it } from "vitest";
import { type JsonDocument, readJson } from "../../ingest/json.ts";

const code = (text: string): string | undefined => {
  const read = readJson(text);
  return "code" in read ? read.code : undefined;
};
const flat = (text: string): JsonDocument["flat"] => {
  const read = readJson(text);
  if ("code" in read) throw new Error(read.code);
  return read[0]!.flat;
};

describe("JSON", () => {
  it("gives nested and dotted keys one name", () => {
    expect(flat('{"a":{"b":{"c":1}},"d.e":[1,{"f":2}],"g":{}}')).toEqual({
      "a.b.c": 1,
      "d.e": [1, { f: 2 }],
    });
  });

  it.each<[string, string]>([
    ["[".repeat(40) + "]".repeat(40), "json_too_deep"],
    [`{"a":${"[".repeat(500_000)}`, "json_too_deep"],
    [
      `{${Array.from({ length: 600 }, (_, index) => `"k${index}":1`).join(",")}}`,
      "json_too_many_keys",
    ],
    [`{"a":{${'"b":1,'.repeat(600)}"c":1}}`, "json_too_many_keys"],
    ["{", "json_invalid"],
    ['{"a":01}', "json_invalid"],
    ['{"a":1} trailing', "json_invalid"],
    ["[]", "json_not_object"],
    ["[1,2]", "json_not_object"],
    [`[${'{"a":1},'.repeat(1001)}{"a":1}]`, "json_too_many_documents"],
    ['{"user":{"name":"a"},"user":{"name":"b"}}', "json_duplicate_key"],
    ['{"user.name":"a","user":{"name":"b"}}', "json_duplicate_key"],
    ['{"us\\u0065r":{"name":"a"},"user":{"name":"b"}}', "json_duplicate_key"],
    ['{"a":[{"b":1,"b":2}]}', "json_duplicate_key"],
  ])("refuses %.60s", (text, expected) => {
    expect(code(text)).toBe(expected);
  });

  it.each([
    '{"a":1,"a":1}',
    '{"time":1,"time":2}',
    '{"a":"x\\"},{\\"a\\":1"}',
    '{"a":{"b":1},"c":{"b":2}}',
  ])("takes %s", (text) => {
    expect(code(text)).toBeUndefined();
  });

  it("lets no key reach a prototype", () => {
    const document = flat(
      '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}},"x":1}',
    );
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect(Object.getPrototypeOf(document)).toBeNull();
    expect(document["toString"]).toBeUndefined();
  });

  it("reads several lines of one message, and pretty ones", () => {
    const read = readJson('{"a":1}\n{"a":2}\n');
    expect("code" in read ? read.code : read.length).toBe(2);
    expect(flat('{\n  "a": 1\n}')).toEqual({ a: 1 });
    expect(code('{"a":1}\nnot')).toBe("json_invalid");
  });
});
