import { type Static, Type } from "typebox";
import type { Event } from "../../schemas/event.ts";
import type { DetectorContext } from "../detector.ts";

export const burstParams = Type.Object(
  {
    per_minute: Type.Integer({
      default: 20,
      minimum: 2,
      description: "Failures of one account in one minute that make a burst.",
    }),
    before_success: Type.Integer({
      default: 5,
      minimum: 2,
      description: "Failures within ten minutes before a success, from the same or strange places.",
    }),
    spray_accounts: Type.Integer({
      default: 8,
      minimum: 3,
      description: "Accounts that fail from one address in a day and make it a spray.",
    }),
  },
  { additionalProperties: false },
);
export type BurstParams = Static<typeof burstParams>;
export type BurstContext = DetectorContext<BurstParams>;

/** How many occurrences an event stands for, 1 to 1 000 000. */
export const weightOf = (event: Event): number =>
  Math.max(1, Math.min(1_000_000, Math.floor(event["event.repeat_count"] ?? 1)));
