import { describe, expect, it } from "vitest";
import { loginBurst } from "../../detectors/login-burst.ts";
import type { Event } from "../../schemas/event.ts";
import { event, identityOf, run, type RunOptions } from "./harness.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2026, 2, 2, 8);

const attempt = (at: number, user: string, outcome: "success" | "failure", ip: string, more = {}) =>
  event(at, {
    "event.category": ["authentication"],
    "event.outcome": outcome,
    "user.entity.id": user,
    "source.ip": ip,
    ...more,
  });
const home = (user: string, days = 3): Event[] =>
  Array.from({ length: days }, (_, day) => attempt(START + day * DAY, user, "success", "80.0.0.1"));
const later = START + 5 * DAY;
const failures = (count: number, user: string, ip: string, every = SECOND): Event[] =>
  Array.from({ length: count }, (_, index) => attempt(later + index * every, user, "failure", ip));

const find = (events: Event[], kind: "user" | "source", options: RunOptions = {}) =>
  run([loginBurst], events, options).findings.filter((found) => found.kind === kind);

describe("login-burst, per account", () => {
  it.each([false, true])(
    "five failures, then a success from a strange address (recode %s)",
    (recode) => {
      const events = [
        ...home("ana"),
        ...failures(5, "ana", "9.9.9.9", 20 * SECOND),
        attempt(later + 3 * MINUTE, "ana", "success", "9.9.9.9"),
      ];
      const found = find(events, "user", { recode });
      expect(found).toMatchObject([
        { discriminator: "success", certain: false, p: null, families: ["failures"] },
      ]);
      expect(found[0]?.evidence.at(-1)).toMatchObject({ success: true });
      expect(found[0]?.sourceIp).toBe("9.9.9.9");
    },
  );

  it.each([
    ["four failures", 4, "9.9.9.9", 2 * MINUTE],
    ["five typing errors at home", 5, "80.0.0.1", 2 * MINUTE],
    ["a success half an hour later", 5, "9.9.9.9", 35 * MINUTE],
  ])("stays silent for %s", (_, count, ip, after) => {
    const events = [
      ...home("ana"),
      ...failures(count, "ana", ip, 10 * SECOND),
      attempt(later + after, "ana", "success", ip),
    ];
    expect(find(events, "user")).toEqual([]);
  });

  it("counts repeat_count as a weight, and failures that arrive after the success", () => {
    const repeated = attempt(later, "ana", "failure", "9.9.9.9", { "event.repeat_count": 6 });
    const success = attempt(later + MINUTE, "ana", "success", "9.9.9.9");
    expect(find([...home("ana"), repeated, success], "user")).toHaveLength(1);
    expect(find([...home("ana"), success, repeated], "user")).toHaveLength(1);
  });

  it("names 10 000 failures once an hour, never with a success that was the owner's own", () => {
    const flood = failures(10_000, "ana", "9.9.9.9", 300);
    const owner = [10, 20, 40].map((minute) =>
      attempt(later + minute * MINUTE + 150, "ana", "success", "80.0.0.1"),
    );
    const events = [...home("ana"), ...flood, ...owner].toSorted((a, b) =>
      a["@timestamp"] < b["@timestamp"] ? -1 : 1,
    );
    const result = run([loginBurst], events, { recode: true });
    const found = result.findings.filter((entry) => entry.kind === "user");
    expect(found.map((entry) => entry.discriminator)).toEqual(["burst"]);
    expect(found.flatMap((entry) => entry.evidence).some((entry) => entry.success)).toBe(false);
    expect(found[0]?.severity).toBeLessThan(40);
    expect(result.bytes["login-burst"]).toBeLessThan(900);
  });

  it("falls silent for a robot that does this every day", () => {
    const events = Array.from({ length: 8 }, (_, day) => [
      attempt(START + day * DAY, "bot", "success", "10.0.0.1"),
      ...Array.from({ length: 30 }, (__, index) =>
        attempt(START + day * DAY + HOUR + index * SECOND, "bot", "failure", "10.0.0.1"),
      ),
    ]).flat();
    expect(find(events, "user").map((found) => found.windowStart)).toEqual([
      START + HOUR,
      START + DAY + HOUR,
    ]);
  });

  it("creates nothing for invented names but one sketch of their source", () => {
    const events = Array.from({ length: 2000 }, (_, index) =>
      attempt(later + index, `name${index}`, "failure", "9.9.9.9", { "user.known": false }),
    );
    const result = run([loginBurst], events, { recode: true });
    expect(result.states).toEqual({ "login-burst source": 1 });
    expect(result.findings).toEqual([]);
    expect(result.bytes["login-burst"]).toBeLessThan(2048);
  });
});

describe("login-burst, per source", () => {
  const spray = (count: number, ip = "9.9.9.9"): Event[] =>
    Array.from({ length: count }, (_, index) =>
      attempt(later + index * 10 * SECOND, `user${index}`, "failure", ip),
    );

  it.each([false, true])(
    "names an address that tries many accounts, and its success (recode %s)",
    (recode) => {
      const events = [...spray(20), attempt(later + HOUR, "victim", "success", "9.9.9.9")];
      const found = find(events, "source", { recode });
      expect(found.map((entry) => entry.discriminator)).toEqual(["spray", "success:victim"]);
      expect(found[1]).toMatchObject({ severity: 39, related: [{ type: "user", id: "victim" }] });
      expect(found[1]?.evidence.at(-1)?.success).toBe(true);
    },
  );

  it("stays silent for seven accounts, and for an office gateway on a day of outage", () => {
    expect(find(spray(7), "source")).toEqual([]);
    const office = Array.from({ length: 30 }, (_, index) =>
      attempt(later - DAY + index * MINUTE, `user${index}`, "success", "198.51.100.1"),
    );
    expect(find([...office, ...spray(30, "198.51.100.1")], "source")).toEqual([]);
  });

  it("says the same thing once a day, however long it lasts", () => {
    const days = [0, 1].flatMap((day) =>
      Array.from({ length: 500 }, (_, index) =>
        attempt(later + day * DAY + index * MINUTE, `user${index}`, "failure", "9.9.9.9"),
      ),
    );
    const found = find(days, "source");
    expect(found).toHaveLength(2);
    expect(new Set(found.map(identityOf)).size).toBe(2);
  });
});

describe("login-burst, strength of a day", () => {
  const day = Math.floor(later / DAY) * DAY;
  const strength = (events: Event[], options: RunOptions = {}): number =>
    run([loginBurst], [...home("ana"), ...events], options).statistic("login-burst user ana", day);
  const guessed = (count: number, ip: string, then = 2 * MINUTE): Event[] => [
    ...failures(count, "ana", ip),
    attempt(later + then, "ana", "success", ip),
  ];

  it("is 0 without a failure, and on other days", () => {
    expect(strength([attempt(later, "ana", "success", "9.9.9.9")])).toBe(0);
    const result = run([loginBurst], [...home("ana"), ...guessed(5, "9.9.9.9")]);
    expect(result.statistic("login-burst user ana", day)).toBeGreaterThan(0);
    expect(result.statistic("login-burst user ana", day - DAY)).toBe(0);
  });

  it.each([
    ["more failures", guessed(6, "9.9.9.9"), guessed(5, "9.9.9.9")],
    ["a success sooner after", guessed(5, "9.9.9.9"), guessed(5, "9.9.9.9", 8 * MINUTE)],
    ["a strange address", guessed(5, "9.9.9.9"), guessed(5, "80.0.0.1")],
    ["a success", guessed(5, "9.9.9.9"), failures(5, "ana", "9.9.9.9")],
    [
      "more addresses",
      ["9.9.9.1", "9.9.9.2", "9.9.9.3"].flatMap((ip) => failures(2, "ana", ip)),
      failures(6, "ana", "9.9.9.9"),
    ],
    [
      "five and a success than 1 000 in vain",
      guessed(6, "9.9.9.9"),
      failures(1000, "ana", "9.9.9.9"),
    ],
  ])("is greater with %s", (_, more, less) => {
    expect(strength(more)).toBeGreaterThan(strength(less));
    expect(strength(less)).toBeGreaterThan(0);
    expect(strength(more, { recode: true })).toBe(strength(more));
  });

  it("leaves to a sprayer what it does to everybody, but counts its success", () => {
    const spray = Array.from({ length: 12 }, (_, index) =>
      attempt(later - HOUR + index * SECOND, `user${index}`, "failure", "9.9.9.9"),
    );
    const failure = failures(1, "ana", "9.9.9.9");
    expect(strength([...spray, ...failure])).toBe(0);
    expect(strength(failure)).toBeGreaterThan(0);
    const success = [attempt(later + MINUTE, "ana", "success", "9.9.9.9")];
    expect(strength([...spray, ...success])).toBeGreaterThan(strength(guessed(6, "9.9.9.9")));
  });

  it("keeps yesterday when the next day has begun, and forgets the day before that", () => {
    const days = [0, 1, 2].flatMap((ahead) => [
      attempt(later + ahead * DAY, "ana", "failure", "9.9.9.9"),
    ]);
    const { statistic } = run([loginBurst], [...home("ana"), ...days], { recode: true });
    const of = [0, 1, 2].map((ahead) => statistic("login-burst user ana", day + ahead * DAY));
    expect(of.map((value) => value > 0)).toEqual([false, true, true]);
    // Half a day off is another day, an hour is a change of clocks.
    expect(statistic("login-burst user ana", day + 2 * DAY + HOUR)).toBe(of[2]);
  });

  it("takes over what version 1 knew of an account and of an address", () => {
    const old = (state: unknown) => loginBurst.migrate(Buffer.from(JSON.stringify({ state })), "1");
    const account = old({
      kind: "account",
      account: {
        failures: [[29_000_000, 5, 3, 1]],
        known: [[7, 3, 20_500]],
        bursts: [[1, 2, 20_500]],
        recent: [],
        hour: 5,
        today: 1,
      },
    });
    expect(account?.state).toMatchObject({
      kind: "account",
      account: { known: [[7, 3, 20_500, 0]], minutes: [], days: [], hour: 5 },
    });
    const source = old({
      kind: "source",
      source: { day: 3, failing: [1, 2], succeeding: [3], usual: 4, told: true, names: ["a"] },
    });
    expect(source?.state).toMatchObject({
      source: {
        failing: [
          [1, 0],
          [2, 0],
        ],
        succeeding: [[3, 0]],
        usual: 4,
        told: 0,
      },
    });
    for (const cell of [account, source, loginBurst.init()]) {
      if (cell === undefined) throw new Error("nothing was taken over");
      expect(loginBurst.decode(loginBurst.encode(cell))).toEqual(cell);
    }
    expect(loginBurst.migrate(Buffer.from("{}"), "0")).toBeUndefined();
  });
});
