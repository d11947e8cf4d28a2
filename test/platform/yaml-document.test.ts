import { Type } from "typebox";
import { describe, expect, it } from "vitest";
import { problemText, readYaml, redactSecrets } from "../../platform/yaml-document.ts";

const schema = Type.Object(
  {
    name: Type.String({ default: "metsuke" }),
    detectors: Type.Object(
      {
        failures: Type.Integer({ minimum: 2, default: 20 }),
        window_ms: Type.Integer({ default: 1000 }),
      },
      { additionalProperties: false, default: {} },
    ),
    list: Type.Array(Type.Object({ url: Type.String() }, { additionalProperties: false }), {
      default: [],
    }),
    token: Type.Optional(Type.String({ secret: true })),
  },
  { additionalProperties: false },
);

const problems = (text: string, variables: Record<string, string> = {}) => {
  const result = readYaml({ text, file: "m.yaml", variables }, schema);
  return result.ok ? [] : result.problems.map(problemText);
};

describe("readYaml", () => {
  it("fills defaults for an empty file", () => {
    expect(readYaml({ text: "", file: "m.yaml" }, schema)).toMatchObject({
      ok: true,
      value: { name: "metsuke", detectors: { failures: 20, window_ms: 1000 }, list: [] },
    });
  });

  it("names line, column and nearest key of an unknown key", () => {
    expect(problems("name: a\ndetectors:\n  failure: 3\n")).toEqual([
      'm.yaml:3:3 detectors.failure: unknown key "failure"; did you mean "failures"?',
    ]);
  });

  it("reports every problem, not the first", () => {
    const found = problems("nam: a\ndetectors:\n  failures: 1\nlist:\n  - uri: x\n");
    expect(found.some((line) => line.startsWith("m.yaml:1:1 ") && line.includes('"name"'))).toBe(
      true,
    );
    expect(found.some((line) => line.startsWith("m.yaml:3:3 ") && line.includes("(got 1)"))).toBe(
      true,
    );
    expect(found.some((line) => line.startsWith("m.yaml:5:5 ") && line.includes('"url"'))).toBe(
      true,
    );
  });

  it("reports broken YAML and repeated keys where they are", () => {
    expect(problems("name: [1\n")[0]).toMatch(/^m\.yaml:\d+:\d+ /);
    expect(problems("name: a\nname: b\n")[0]).toMatch(/^m\.yaml:2:1 .*unique/);
  });

  it("fills variables, their defaults and their types", () => {
    const text = "name: ${WHO}\ndetectors: { failures: '${N:-7}' }\n";
    const result = readYaml({ text, file: "m.yaml", variables: { WHO: "ann" } }, schema);
    expect(result).toMatchObject({ ok: true, value: { name: "ann", detectors: { failures: 7 } } });
    expect(problems("name: ${MISSING}\n")).toEqual([
      "m.yaml:1:7 environment variable MISSING is not set",
    ]);
  });

  it("is not moved by prototype keys", () => {
    expect(problems("__proto__: { polluted: 1 }\n")).toEqual([
      'm.yaml:1:1 unknown key "__proto__"',
    ]);
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  });
});

describe("redactSecrets", () => {
  it("hides what the schema marks, and nothing else", () => {
    expect(redactSecrets(schema, { name: "a", token: "s3cret" })).toEqual({
      name: "a",
      token: "[redacted]",
    });
  });
});
