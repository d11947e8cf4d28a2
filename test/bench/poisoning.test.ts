import { describe, expect, it } from "vitest";
import { drawRamps, withColluders, withRamps } from "../../bench/detection/poisoning.ts";
import { at, DAY, event, label, person, simulationOf, START } from "./simulations.ts";

const people = Array.from({ length: 12 }, (_, index) => person(`p${index}`));

describe("ramps", () => {
  const flows = Array.from({ length: 80 }, (_, day) =>
    people.map(({ name }, index) =>
      // Nobody can let bytes grow that he does not send.
      event(at(day), name, index < 9 ? { "source.bytes": 1000 } : {}),
    ),
  ).flat();
  const simulation = simulationOf({ accounts: people, events: flows, days: 80 });
  const { ramps, controls } = drawRamps(simulation, 2, 10);
  const grown = [...withRamps(simulation, ramps, 10).events()];
  const bytesOn = (account: string, day: number): number =>
    grown
      .filter(
        (one) =>
          one["user.entity.id"] === account &&
          Math.floor((Date.parse(one["@timestamp"]) - START) / DAY) === day,
      )
      .reduce((sum, one) => sum + (one["source.bytes"] ?? 0), 0);

  it("draw four arms of different people", () => {
    expect(ramps.map(({ span, events }) => [span, events])).toEqual([
      [20, false],
      [20, true],
      [60, false],
      [60, true],
    ]);
    const drawn = ramps.flatMap(({ accounts }) => accounts);
    expect(new Set(drawn).size).toBe(8);
    expect(drawn.filter((name) => ["p9", "p10", "p11"].includes(name))).toEqual([]);
  });

  it("grow bytes to twenty times over the span and touch nobody else", () => {
    const [short, , long] = ramps.map(({ accounts }) => accounts[0] as string);
    expect([9, 10, 29, 30].map((day) => bytesOn(short as string, day))).toEqual([
      1000,
      Math.round(1000 * 20 ** (1 / 20)),
      20_000,
      1000,
    ]);
    expect(bytesOn(long as string, 69)).toBe(20_000);
    expect(controls.length).toBe(1);
    expect(bytesOn(controls[0] as string, 29)).toBe(1000);
  });

  it("multiply events as well in the other arm, each with an id of its own", () => {
    const account = ramps[1]?.accounts[0] as string;
    const last = grown.filter(
      (one) =>
        one["user.entity.id"] === account &&
        Math.floor((Date.parse(one["@timestamp"]) - START) / DAY) === 29,
    );
    expect([4, 5]).toContain(last.length);
    expect(last[0]?.["source.bytes"]).toBe(Math.round(1000 * Math.sqrt(20)));
    expect(new Set(grown.map((one) => one["event.id"])).size).toBe(grown.length);
  });
});

describe("colluders", () => {
  const habits = Array.from({ length: 30 }, (_, day) =>
    people.map(({ name }) =>
      event(at(day), name, { "device.id": `own-${name}`, "host.name": `own-${name}` }),
    ),
  ).flat();
  const attack = [0, 1].map((index) =>
    event(at(20, 13) + index * 1000, "p0", {
      "host.name": `vault-${index}`,
      "device.id": "own-p0",
    }),
  );
  const events = [...habits, ...attack].toSorted((a, b) =>
    a["@timestamp"] < b["@timestamp"] ? -1 : 1,
  );
  const labels = [label("p0", 20, { eventIds: attack.map((one) => one["event.id"]) })];

  it("use the attack's values before it, from their own devices, in time order", () => {
    const made = withColluders(simulationOf({ accounts: people, events, labels }));
    const all = [...made.simulation.events()];
    const extra = all.filter(
      (one) => one["host.name"]?.startsWith("vault") === true && one["user.entity.id"] !== "p0",
    );
    expect(made.colluders.length).toBe(3);
    expect(extra.length).toBe(6);
    expect(extra.every((one) => one["device.id"] === `own-${one["user.entity.id"]}`)).toBe(true);
    expect(extra.every((one) => Date.parse(one["@timestamp"]) < at(20))).toBe(true);
    const times = all.map((one) => one["@timestamp"]);
    expect(times).toEqual(times.toSorted());
    expect(new Set(all.map((one) => one["event.id"])).size).toBe(events.length + 6);
  });

  it("leave out an attack whose group has no three colleagues", () => {
    const accounts = people.map((one, index) => ({ ...one, group: `g${index}` }));
    const made = withColluders(simulationOf({ accounts, events, labels }));
    expect([made.labels, made.colluders]).toEqual([[], []]);
    expect([...made.simulation.events()]).toEqual(events);
  });
});
