import type { Detector } from "../detectors/detector.ts";
import { detectors } from "../detectors/index.ts";
import { run as runDetectors } from "../test/detectors/harness.ts";
import { attacks, merge } from "./attacks.ts";
import { calibration, recallAtTen } from "./detection.ts";
import { START } from "./lines.ts";
import type { Bench, Figure } from "./measure.ts";
import { organisation } from "./organisation.ts";

const PEOPLE = 250;
const DAYS = 45;
const BUDGET = 10;

async function* run(): AsyncIterable<Figure> {
  const all = detectors as readonly Detector[];
  const company = organisation({ seed: 1, people: PEOPLE, days: DAYS, start: START });
  const of = `SYNTHETIC company, ${PEOPLE} people, ${DAYS} days`;
  const benign = runDetectors(all, company.events());
  const found = calibration(benign.scores, benign.findings);
  yield {
    name: "detection alerts",
    figure: `${found.alertsPerDay.toFixed(1)} false alerts a day at a budget of ${BUDGET}, worst day ${found.alertsWorst} (${of}, no attack in it)`,
  };
  yield {
    name: "detection p-values",
    figure: `KS distance ${found.ks.toFixed(3)} from uniform over ${found.days} benign account-days; P(p ≤ 0.01) is ${(found.observed["0.01"] ?? Number.NaN).toFixed(2)}× 0.01 (${of})`,
  };
  const attack = attacks(company, { seed: 1, from: 25, perDay: 1 });
  const hostile = runDetectors(all, merge(company.events(), attack.events));
  const recall = Object.entries(recallAtTen(hostile.scores, attack.labels));
  yield {
    name: "detection recall@10",
    figure: `${recall.map(([kind, share]) => `${kind} ${share}`).join(", ")} among the ten highest account-days (${of}, ${attack.labels.length} attacks)`,
  };
}

export const detection: Bench = {
  name: "detection",
  summary: "false alerts, calibration and recall of the baseline on synthetic data",
  run,
};
