import { describe, expect, it } from "vitest";
import { loadConfig, parseConfig } from "../../app/config.ts";
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

describe("a budget for machines", () => {
  const chosen = (machines: string, budget: number) => {
    const text = `detect: { detectors: { machine-baseline: { ${machines} } } }`;
    const { detectors, params } = detectionChoice(parseConfig(text, "test"), budget);
    const budgetOfOne = (name: string) =>
      (params[name] as { budget_per_day: number } | undefined)?.budget_per_day;
    return {
      runs: detectors.some(({ name }) => name === "machine-baseline"),
      accounts: budgetOfOne("baseline"),
      machines: budgetOfOne("machine-baseline"),
    };
  };

  it("is nought and leaves the accounts theirs, unless it is given", () => {
    expect(chosen("", 10)).toEqual({ runs: false, accounts: 10, machines: undefined });
    expect(chosen("enabled: true", 10)).toEqual({ runs: true, accounts: 10, machines: 0 });
  });

  it("is taken off the one budget, half of it at most", () => {
    const given = (budget: number) => chosen("enabled: true, budget_per_day: 3", budget);
    expect(given(10)).toEqual({ runs: true, accounts: 7, machines: 3 });
    expect(given(4)).toEqual({ runs: true, accounts: 2, machines: 2 });
    expect(given(1)).toEqual({ runs: true, accounts: 1, machines: 0 });
    expect(given(0)).toEqual({ runs: true, accounts: 10, machines: 3 });
  });
});
