import { MetsukeError } from "../../platform/errors.ts";
import type { EntityKind } from "../../schemas/entity.ts";
import { topics } from "../../schemas/topics.ts";
import type { Detector, TableSpec } from "../detector.ts";
import { POPULATION } from "./population.ts";

/** What one topic's tasks run: entity kinds and the detectors that keep state for them. */
export interface TopicPlan {
  readonly topic: string;
  readonly kinds: readonly { readonly kind: EntityKind; readonly detectors: readonly Detector[] }[];
}

/** What reads statistics runs after what offers one, else in the order given. */
const inOrder = (detectors: readonly Detector[]): readonly Detector[] =>
  detectors.toSorted(
    (left, right) => Number(left.statistic === undefined) - Number(right.statistic === undefined),
  );

/**
 * Sorts detectors by the topic that serves their entity kinds; `events` is always first and always there.
 * @throws METSUKE_DETECTOR_UNSERVED naming a detector whose kind no topic serves.
 */
export function planTopics(detectors: readonly Detector[]): readonly TopicPlan[] {
  for (const detector of detectors) {
    const unserved = detector.entities.find((kind) => topicServing(kind) === undefined);
    if (unserved !== undefined) {
      throw new MetsukeError(
        "METSUKE_DETECTOR_UNSERVED",
        `detector ${detector.name} keeps state for "${unserved}", which no topic serves`,
      );
    }
  }
  const ordered = inOrder(detectors);
  const plans: TopicPlan[] = [];
  for (const spec of Object.values(topics)) {
    const kinds = spec.serves
      .map((kind) => ({
        kind,
        detectors: ordered.filter((detector) => detector.entities.includes(kind)),
      }))
      .filter((served) => served.detectors.length > 0);
    if (kinds.length > 0 || spec.name === topics.events.name) {
      plans.push({ topic: spec.name, kinds });
    }
  }
  return plans;
}

function topicServing(kind: EntityKind): string | undefined {
  return Object.values(topics).find((spec) => spec.serves.includes(kind))?.name;
}

/** Shared tables of the detectors and the runtime's own, by name. */
export function planTables(detectors: readonly Detector[]): readonly TableSpec[] {
  const own: TableSpec = { name: POPULATION, keepPerMille: 1000 };
  return [own, ...detectors.flatMap((detector) => detector.tables)];
}
