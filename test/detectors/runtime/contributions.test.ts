import { Type } from "typebox";
import { describe, expect, it } from "vitest";
import type { Detector } from "../../../detectors/detector.ts";
import { jsonCodec } from "../../../detectors/runtime/codec.ts";
import {
  closeInterval,
  contribute,
  contributionCells,
  contributionsCovered,
  createContributions,
} from "../../../detectors/runtime/contributions.ts";
import { createMerged, endOfInput, processEvent } from "../../../detectors/runtime/merged.ts";
import type { Event } from "../../../schemas/event.ts";
import { eventAt, MINUTE, T0 } from "../toys.ts";

/** Votes once a user for the address of his earliest event, at that event's time. */
interface First {
  at: number;
  address: string;
}

const firstAddress: Detector<unknown, First> = {
  ...jsonCodec<First>(),
  version: "1",
  title: "toy",
  attack: ["T1078"],
  blindSpots: "everything",
  family: "place",
  params: Type.Object({}),
  entities: ["user"],
  accepts: () => true,
  admits: () => true,
  name: "toy-first",
  tables: [{ name: "toy.first", keepPerMille: 1000 }],
  init: () => ({ at: 0, address: "" }),
  migrate: () => undefined,
  step(state, event, context) {
    const { at } = context;
    if (state.at !== 0 && at >= state.at) return;
    const address = event["source.ip"] ?? "";
    context.contribute("toy.first", address, 1);
    if (state.at !== 0) context.contribute("toy.first", state.address, -1, state.at);
    Object.assign(state, { at, address });
  },
};

/** What each version of a run added: minutes after the start, key, amount. */
function versions(events: readonly Event[], detector: Detector = firstAddress as Detector) {
  const merged = createMerged({ detectors: [detector], params: {}, timezone: "UTC" }, "w");
  const all = events.map((event) => processEvent(merged, event, T0 + 60 * MINUTE));
  const end = endOfInput(merged);
  const tables = [...all, end].flatMap((outputs) => outputs.tables);
  const failures = all.flatMap((outputs) => outputs.failures.map((failure) => failure.error));
  const increments = tables.flatMap((record) =>
    record.kind === "chunk" && record.table.startsWith("toy.") && !record.whole
      ? record.entries.map(([key, amount]) => `${(record.boundary - T0) / MINUTE} ${key} ${amount}`)
      : [],
  );
  return { increments: increments.toSorted(), failures };
}

describe("contributions", () => {
  // Two minutes apart, on both sides of a boundary: 08:14 and 08:16.
  const early = eventAt(T0 + 14 * MINUTE, "ana", { "source.ip": "1.1.1.1" });
  const later = eventAt(T0 + 16 * MINUTE, "ana", { "source.ip": "2.2.2.2" });

  it("moves a vote to the interval of the event that was overtaken", () => {
    expect(versions([early, later]).increments).toEqual(["15 1.1.1.1 1"]);
    expect(versions([later, early]).increments).toEqual(["15 1.1.1.1 1"]);
  });

  it("lets an amount for a closed interval join the next open one", () => {
    const clock = eventAt(T0 + 40 * MINUTE, "bob", { "source.ip": "3.3.3.3" });
    expect(versions([later, clock, early]).increments).toEqual([
      "30 2.2.2.2 1",
      "45 1.1.1.1 1",
      "45 2.2.2.2 -1",
      "45 3.3.3.3 1",
    ]);
  });

  it("refuses a time that is none", () => {
    const lost: Detector<unknown, First> = {
      ...firstAddress,
      step: (_state, _event, context) => context.contribute("toy.first", "x", 1, Number.NaN),
    };
    const { increments, failures } = versions([early], lost as Detector);
    expect(increments).toEqual([]);
    expect(failures).toEqual(["contribution at NaN"]);
  });
});

describe("an interval that stays open over a checkpoint", () => {
  const one = { at: T0, tenant: "default", table: "toy.first", key: "a", amount: 1 };

  it("is written again once more is added to it", () => {
    const open = createContributions();
    contribute(open, Number.NaN, one);
    contributionsCovered(open);
    contribute(open, Number.NaN, one);
    const [cell] = [...contributionCells(open, open.dirty)];
    const amounts = [["default", "toy.first", [["a", 2]]]];
    expect(JSON.parse(Buffer.from(cell?.[1] ?? []).toString())).toEqual(amounts);
  });

  it("loses nothing that comes after its close", () => {
    const open = createContributions();
    contribute(open, Number.NaN, one);
    const of = { topic: "events", partition: 0 };
    const boundary = T0 + 15 * MINUTE;
    closeInterval(open, { ...of, boundary });
    contribute(open, Number.NaN, one);
    const [delta] = closeInterval(open, { ...of, boundary: boundary + 15 * MINUTE });
    expect(delta?.kind === "delta" ? delta.entries : []).toEqual([["a", 1]]);
  });
});
