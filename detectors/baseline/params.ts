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
      description: "Active days of an account before its baseline alerts.",
    }),
    learning_entity_days: Type.Integer({
      default: 500,
      minimum: 1,
      description: "Entity-days of the installation before p-values exist.",
    }),
  },
  { additionalProperties: false },
);
export type BaselineParams = Static<typeof baselineParams>;
