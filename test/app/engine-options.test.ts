import { describe, expect, it } from "vitest";
import { loadConfig } from "../../app/config.ts";
import { detectionChoice } from "../../app/engine-options.ts";

const budgetOf = (budget?: number): unknown =>
  detectionChoice(loadConfig(undefined).config, budget).params["baseline"];

describe("the one budget", () => {
  it("is what the calibrated detector aims at", () => {
    expect(budgetOf()).toMatchObject({ budget_per_day: 10 });
    expect(budgetOf(5)).toMatchObject({ budget_per_day: 5 });
    expect(budgetOf(20)).toMatchObject({ budget_per_day: 20 });
  });

  it("of nought pages nobody and does not say that nothing is to be listed", () => {
    expect(budgetOf(0)).toMatchObject({ budget_per_day: 10 });
  });
});
