import type { Evidence } from "../detector.ts";
import { EVIDENCE } from "./model.ts";
import type { Window } from "./state.ts";

/** Bytes of ids and dataset names kept at most, so that state stays small whatever an event says. */
const BYTES = 400;
const LONGEST = 96;

/** Keeps an event a day's score rests on, unless it has no id; the lightest leaves when there are too many. */
export function addEvidence(window: Window, weight: number, evidence: Evidence): void {
  const size = evidence.id.length + evidence.dataset.length;
  if (
    evidence.id === "" ||
    size > LONGEST ||
    window.evidence.some((entry) => entry[1].id === evidence.id)
  )
    return;
  window.evidence.push([Math.round(weight * 100), evidence]);
  window.evidence.sort((left, right) => left[0] - right[0]);
  let total = 0;
  for (const [, { id, dataset }] of window.evidence) total += id.length + dataset.length;
  while (window.evidence.length > EVIDENCE || total > BYTES) {
    const dropped = window.evidence.shift();
    if (dropped === undefined) break;
    total -= dropped[1].id.length + dropped[1].dataset.length;
  }
}
