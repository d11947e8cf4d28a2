import { type Static, Type } from "typebox";
import type { DetectorContext } from "../detector.ts";

export const travelParams = Type.Object(
  {
    max_kmh: Type.Number({
      default: 1000,
      minimum: 1,
      description: "Fastest speed a person travels.",
    }),
    min_km: Type.Number({
      default: 500,
      minimum: 0,
      description: "Shorter jumps are geolocation error.",
    }),
    default_radius_km: Type.Number({
      default: 50,
      minimum: 0,
      description: "Radius of a place that comes without one.",
    }),
    shared_accounts: Type.Integer({
      default: 5,
      minimum: 2,
      description: "An address with this many accounts is an exit that many share.",
    }),
    known_days: Type.Integer({
      default: 2,
      minimum: 1,
      description: "Earlier days after which a network or device is the account's own.",
    }),
    history_days: Type.Integer({
      default: 3,
      minimum: 0,
      description: "Earlier active days an account needs before a finding counts as certain.",
    }),
  },
  { additionalProperties: false },
);
export type TravelParams = Static<typeof travelParams>;
export type TravelContext = DetectorContext<TravelParams>;
