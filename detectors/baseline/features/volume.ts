import { countSurprise, predictCount, type CountModel, COUNT_MEMORY } from "../counts.ts";
import type { Day, Feature } from "../feature.ts";
import { Model } from "../model.ts";
import { interval } from "../wording.ts";

const ASSUMED = [
  { rate: 30, worth: 10, per: "t0" },
  { rate: 8, worth: 10, per: "t1" },
] as const;

/** Predictive model of a day's number of events, by day type. */
export const volumeModel = (day: Pick<Day, "state" | "peers">, type: 0 | 1): CountModel =>
  predictCount(
    day.state.models,
    Model.volume + COUNT_MEMORY * type,
    day.peers.count(`volume ${type}`, ASSUMED[type]),
    { pseudo: 4, unit: 1, exposure: 1 },
  );

/** More events than such days have. Its numbers are learned by the engine, which needs them first. */
export const volume: Feature = {
  name: "volume",
  stream: "volume",
  memory: 0,
  sums: 0,
  surprise(day) {
    if (!day.closing && day.window.count <= day.expected) return 0;
    return countSurprise(day.window.count, volumeModel(day, day.type));
  },
  describe: (day) => ({
    observed: `${day.window.count} events`,
    expected: interval(volumeModel(day, day.type)),
  }),
};
