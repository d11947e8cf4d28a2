import { Type } from "typebox";
import { describe, expect, it } from "vitest";
import type { Detector } from "../../../detectors/detector.ts";
import { jsonCodec } from "../../../detectors/runtime/codec.ts";
import { createMerged, processEvent } from "../../../detectors/runtime/merged.ts";
import type { Event } from "../../../schemas/event.ts";
import { eventAt, T0 } from "../toys.ts";

const toy = {
  ...jsonCodec<{ count: number }>(),
  version: "1",
  title: "toy",
  attack: ["T1078"],
  blindSpots: "everything",
  family: "volume",
  params: Type.Object({}),
  tables: [],
  accepts: () => true,
  admits: () => true,
  init: () => ({ count: 0 }),
  migrate: () => undefined,
} as const;

type Toy = Detector<unknown, { count: number }>;

const counting = (name: string, more: Partial<Toy> = {}): Detector => {
  const detector: Toy = {
    ...toy,
    name,
    entities: ["user", "device"],
    step(state) {
      state.count += 1;
    },
    statistic: (state, windowStart) => (windowStart === T0 ? state.count : 0),
    ...more,
  };
  return detector as Detector;
};

/** Keeps what it reads; the list is compared to be the same one each time. */
function reader() {
  const seen: string[] = [];
  const lists = new Set<unknown>();
  const detector: Toy = {
    ...toy,
    name: "toy-reader",
    entities: ["user"],
    step(_, __, context) {
      const statistics = context.statistics(T0);
      lists.add(statistics);
      seen.push(JSON.stringify(statistics));
    },
  };
  return { detector: detector as Detector, seen, lists };
}

const feed = (detectors: readonly Detector[], events: readonly Event[]) => {
  const merged = createMerged({ detectors, params: {}, timezone: "UTC" }, "w");
  return events.flatMap((event) => processEvent(merged, event, T0 + 1000).failures);
};

describe("statistics", () => {
  it("include the current event, whatever the order of the list, and only this entity", () => {
    const { detector, seen, lists } = reader();
    const offers = [counting("toy-one"), counting("toy-device", { entities: ["device"] })];
    feed(
      [detector, ...offers],
      ["ana", "bob", "ana"].map((user, index) =>
        eventAt(T0 + index, user, { "device.id": "shared" }),
      ),
    );
    expect(seen).toEqual(['[["toy-one",1]]', '[["toy-one",1]]', '[["toy-one",2]]']);
    expect(lists.size).toBe(1);
  });

  it("are 0 where a detector has no state, and where it answers nonsense", () => {
    const { detector, seen } = reader();
    const failures = feed(
      [
        counting("toy-idle", { accepts: () => false }),
        counting("toy-nan", { statistic: () => Number.NaN }),
        counting("toy-below", { statistic: () => -1 }),
        counting("toy-endless", { statistic: () => Number.POSITIVE_INFINITY }),
        detector,
      ],
      [eventAt(T0, "ana")],
    );
    expect(failures).toEqual([]);
    expect(JSON.parse(seen[0] ?? "[]")).toEqual([
      ["toy-idle", 0],
      ["toy-nan", 0],
      ["toy-below", 0],
      ["toy-endless", 0],
    ]);
  });
});
