import type { Feature, Own } from "../feature.ts";
import { streamIndex } from "../streams.ts";
import { activityMix } from "./activity-mix.ts";
import { bytes, targets, upload } from "./bytes.ts";
import { deniedFactors } from "./denied-factors.ts";
import { dualUse } from "./dual-use.ts";
import { activityEpisode, contextEpisode } from "./episodes.ts";
import { failures } from "./failures.ts";
import { noveltyFeatures, resource } from "./novelty.ts";
import { session } from "./session.ts";
import { signIn } from "./sign-in.ts";
import { silence } from "./silence.ts";
import { strangeFailures } from "./strange-failures.ts";
import { absence, hour } from "./time-of-day.ts";
import { uploadDestination } from "./upload-destination.ts";
import { volume } from "./volume.ts";

/**
 * Everything in which a day can be odd. A new one goes at the end: then learned states of older
 * versions are read as they are, with nothing learned for it yet.
 */
export const features: readonly Feature[] = [
  ...noveltyFeatures,
  resource,
  volume,
  activityMix,
  failures,
  strangeFailures,
  deniedFactors,
  bytes,
  upload,
  targets,
  uploadDestination,
  hour,
  absence,
  signIn,
  session,
  activityEpisode,
  contextEpisode,
  silence,
  dualUse,
];
export const FEATURES = features.length;

function places(first: number): readonly Own[] {
  let memory = first;
  let sums = 0;
  return features.map((feature) => {
    const own = { memory, sums };
    memory += feature.memory;
    sums += feature.sums;
    return own;
  });
}

const total = (of: (feature: Feature) => number): number =>
  features.reduce((sum, feature) => sum + of(feature), 0);

export const MEMORY = total((feature) => feature.memory);
export const SUMS = total((feature) => feature.sums);

/** Where each feature's own numbers begin, its memory after `first` numbers of the engine. */
export const placesAfter = places;

/** Features of each stream. */
export const featuresOf = (stream: number): readonly number[] =>
  features.flatMap((feature, index) => (streamIndex(feature.stream) === stream ? [index] : []));
