import { describe, expect, it } from "vitest";
import {
  defaultPolicy,
  defaultPolicyText,
  matchPolicy,
  parsePolicy,
} from "../../responders/policy.ts";
import { burst, device, T0, travel, unlikely } from "./runtime/make.ts";

const errorsOf = (text: string): readonly string[] => {
  const result = parsePolicy(text, "p.yaml");
  return result.ok ? [] : result.errors;
};

describe("policy text", () => {
  it("reads the built-in policy", () => {
    expect(parsePolicy(defaultPolicyText, "built-in").ok).toBe(true);
    expect(defaultPolicy().policy.map(({ name }) => name)).toEqual([
      "unapproved-device",
      "certain-user",
      "login-burst",
      "unlikely-day",
      "everything-else",
    ]);
  });

  it("names file, line, column and the nearest key of every error at once", () => {
    const errors = errorsOf(`policy:
  - name: first
    wen: { certain: true }
    actions: [{ type: lock_account, lease_minutes: 60 }]
  - name: second
    when: { certan: yes please }
    actions: [{ type: lock_acount, lease_minutes: 60 }]
`);
    expect(errors).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^p\.yaml:3:5 .*unknown key "wen"; did you mean "when"\?/),
        expect.stringMatching(/^p\.yaml:6:13 .*unknown key "certan"; did you mean "certain"\?/),
        expect.stringMatching(/^p\.yaml:7:17 /),
      ]),
    );
  });

  it("refuses a containment without an end", () => {
    expect(
      errorsOf("policy:\n  - name: forever\n    actions:\n      - type: lock_account\n"),
    ).toEqual(["p.yaml:4:9 lock_account needs lease_minutes of at least 1"]);
  });

  it("says where YAML itself is broken", () => {
    expect(errorsOf("policy:\n  - name: [x\n")[0]).toMatch(/^p\.yaml:\d+:\d+ /);
  });

  it("answers every mutation of a policy without throwing", () => {
    let state = 7;
    const next = (limit: number) => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state % limit;
    };
    const silent: string[] = [];
    for (let round = 0; round < 200; round++) {
      const at = next(defaultPolicyText.length);
      const middle = [":", "- ", "{", "\u0000", "&a ", "*a", "!!js ", "]"][next(8)] ?? "";
      const text = defaultPolicyText.slice(0, at) + middle + defaultPolicyText.slice(at + next(9));
      const result = parsePolicy(text, "p.yaml");
      if (!result.ok && result.errors.length === 0) silent.push(text);
    }
    expect(silent).toEqual([]);
  });
});

describe("the first matching line", () => {
  const none = new Set<string>();
  const line = (given: Parameters<typeof matchPolicy>[1]) =>
    matchPolicy(defaultPolicy(), given, none)?.name;

  it.each([
    ["certain travel", travel(T0), "certain-user"],
    ["certain device", device(T0), "unapproved-device"],
    [
      "a device that is a user's finding",
      device(T0, { "entity.type": "user" }),
      "unapproved-device",
    ],
    ["burst", burst(T0), "login-burst"],
    ["very unlikely day", unlikely(T0, { "anomaly.p": 1e-4 }), "unlikely-day"],
    ["unlikely day", unlikely(T0, { "anomaly.p": 1.1e-4 }), "everything-else"],
    ["no p-value", unlikely(T0, { "anomaly.p": null }), "everything-else"],
    ["certain about an address", travel(T0, { "entity.type": "source" }), "everything-else"],
  ])("%s", (_what, given, expected) => {
    expect(line(given)).toBe(expected);
  });

  it("looks at the families of the whole incident", () => {
    const result = parsePolicy(
      `policy:
  - { name: three, when: { families: { min: 3 } }, actions: [] }
  - { name: place, when: { families: { any: [place, device] } }, actions: [] }
`,
      "p.yaml",
    );
    if (!result.ok) throw new Error(result.errors.join("\n"));
    const by = (...families: string[]) =>
      matchPolicy(result.policy, burst(T0), new Set(families))?.name;
    expect(by("place", "time", "volume")).toBe("three");
    expect(by("device", "time")).toBe("place");
    expect(by("time", "volume")).toBeUndefined();
  });
});
