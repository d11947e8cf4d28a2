import { type Static, Type } from "typebox";

export const baselineParams = Type.Object(
  {
    budget_per_day: Type.Number({
      default: 10,
      minimum: 1,
      description: "False alerts a day to aim at: always the page budget, unless that is 0.",
    }),
    learning_days: Type.Integer({
      default: 14,
      minimum: 1,
      description: "Active days behind it before a baseline alerts.",
    }),
    learning_entity_days: Type.Integer({
      default: 500,
      minimum: 1,
      description: "Entity-days of the installation before p-values exist.",
    }),
  },
  { additionalProperties: false },
);

/** Of machines: what pages are promised for is about accounts, unless the operator shares it out. */
export const machineParams = Type.Object(
  {
    ...baselineParams.properties,
    budget_per_day: Type.Number({
      default: 0,
      minimum: 0,
      description:
        "False alerts a day about machines, taken off the page budget, half of it at most; 0 scores days without alerts.",
    }),
  },
  { additionalProperties: false },
);

export type BaselineParams = Static<typeof baselineParams>;
