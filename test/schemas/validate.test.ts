import { Compile } from "typebox/compile";
import { describe, expect, it } from "vitest";
import { Event } from "../../schemas/event.ts";
import { isEvent } from "../../schemas/validate.ts";

const compiled = Compile(Event);
const whole = { "@timestamp": "2026-01-05T08:00:00.000Z", "event.id": "a", "event.dataset": "d" };

const values: readonly unknown[] = [
  undefined,
  null,
  "",
  "text",
  "2026-01-05T08:00:00.000Z",
  "2026-01-05T08:00:00.000000001Z",
  "2026-01-05T08:00:00.0000000001Z",
  "2026-01-05T08:00:00.00Z",
  "2026-01-05T08:00:00.00xZ",
  "2026-01-05 08:00:00.000Z",
  "2026-01-05T08:00:00.000z",
  "2026-01-05T08:00:00,000Z",
  "2026/01-05T08:00:00.000Z",
  "２026-01-05T08:00:00.000Z",
  "2026-01-05T08:00:00.000Z\n",
  "success",
  "failure",
  "unknown",
  0,
  -1,
  1.5,
  1e300,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  true,
  false,
  [],
  ["a"],
  ["a", 1],
  [[]],
  {},
  { length: 0 },
];

describe("isEvent", () => {
  it("says what the compiled schema says, whatever a field holds", () => {
    for (const name of Object.keys(Event.properties)) {
      for (const value of values) {
        const event = { ...whole, [name]: value };
        expect([name, value, isEvent(event)]).toEqual([name, value, compiled.Check(event)]);
      }
    }
  });

  it("says the same of what is missing, unknown or no object", () => {
    const others: unknown[] = [
      ...values,
      { ...whole, "event.unheard_of": "x" },
      { ...whole, constructor: "x" },
      JSON.parse(
        '{"@timestamp":"2026-01-05T08:00:00.000Z","event.id":"a","event.dataset":"d","__proto__":1}',
      ),
      Object.assign(Object.create(null), whole),
      ...Object.keys(whole).map((name) => ({ ...whole, [name]: undefined })),
      ...Object.keys(whole).map((name) =>
        Object.fromEntries(Object.entries(whole).filter(([key]) => key !== name)),
      ),
    ];
    for (const value of others) expect(isEvent(value)).toBe(compiled.Check(value));
    expect(isEvent(whole)).toBe(true);
  });
});
