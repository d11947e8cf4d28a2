import { describe, expect, it } from "vitest";
import { type Member, sharePartitions } from "../../../platform/event-log/kafka-assign.ts";

const counts = new Map([
  ["events", 4],
  ["deltas", 1],
]);

/** Members join again with what they were given until nothing moves; checks that nobody shares. */
function settle(ids: readonly string[], start: ReadonlyMap<string, readonly string[]>) {
  let owned = new Map(ids.map((id) => [id, [...(start.get(id) ?? [])]]));
  let rounds = 0;
  for (;;) {
    const members: Member[] = ids.map((id) => ({
      id,
      topics: [...counts.keys()],
      owned: owned.get(id) ?? [],
      generation: 1,
    }));
    const shares = sharePartitions(members, counts);
    for (const [id, share] of shares) {
      for (const name of share) {
        const holder = ids.find((other) => other !== id && owned.get(other)?.includes(name));
        expect(holder).toBeUndefined();
      }
    }
    rounds += 1;
    const same = ids.every(
      (id) => String(shares.get(id)?.toSorted()) === String(owned.get(id)?.toSorted()),
    );
    owned = new Map([...shares].map(([id, share]) => [id, share.toSorted()]));
    if (same) return { owned, rounds };
    expect(rounds).toBeLessThan(5);
  }
}

const sizes = (shares: ReadonlyMap<string, readonly string[]>) =>
  [...shares.values()].map(({ length }) => length).toSorted((one, two) => one - two);

describe("sharePartitions", () => {
  const all = ["events/0", "events/1", "events/2", "events/3", "deltas/0"];

  it("gives one member everything", () => {
    const { owned } = settle(["a"], new Map());
    expect(owned.get("a")?.toSorted()).toEqual(all.toSorted());
  });

  it("shares evenly and moves only what must move", () => {
    const before = settle(["a", "b"], new Map()).owned;
    expect(sizes(before)).toEqual([2, 3]);
    const after = settle(["a", "b", "c"], before).owned;
    expect([...after.values()].flat().toSorted()).toEqual(all.toSorted());
    expect(sizes(after)).toEqual([1, 2, 2]);
    const moved = [...after].flatMap(([id, share]) =>
      share.filter((name) => id !== "c" && !before.get(id)?.includes(name)),
    );
    expect(moved).toEqual([]);
  });

  it("gives nobody a partition that another has not drained, and then hands it over", () => {
    const before = settle(["a"], new Map()).owned;
    const { owned, rounds } = settle(["a", "b"], before);
    expect(rounds).toBeGreaterThan(1);
    expect(sizes(owned)).toEqual([2, 3]);
  });

  it("takes over at once what nobody holds", () => {
    const { owned } = settle(["b"], new Map([["b", ["events/1"]]]));
    expect(owned.get("b")?.toSorted()).toEqual(all.toSorted());
  });

  it("leaves spare members without a partition", () => {
    const ids = ["a", "b", "c", "d", "e", "f", "g"];
    const { owned } = settle(ids, new Map());
    expect([...owned.values()].flat().toSorted()).toEqual(all.toSorted());
  });

  it("believes the later of two who claim a partition", () => {
    const members = [
      { id: "old", topics: ["t"], owned: ["t/0"], generation: 3 },
      { id: "new", topics: ["t"], owned: ["t/0"], generation: 4 },
    ];
    const shares = sharePartitions(members, new Map([["t", 1]]));
    expect(shares.get("new")).toEqual(["t/0"]);
    expect(shares.get("old")).toEqual([]);
  });

  it("gives a member only topics that it asked for, and ignores claims to unknown ones", () => {
    const members = [
      { id: "a", topics: ["t"], owned: ["gone/0", "t/9"], generation: 1 },
      { id: "b", topics: ["u"], owned: [], generation: 1 },
    ];
    const shares = sharePartitions(
      members,
      new Map([
        ["t", 2],
        ["u", 1],
      ]),
    );
    expect(shares.get("a")?.toSorted()).toEqual(["t/0", "t/1"]);
    expect(shares.get("b")).toEqual(["u/0"]);
  });
});
