import type { Context, Day } from "./feature.ts";
import { features, placesAfter } from "./features/index.ts";
import { volumeModel } from "./features/volume.ts";
import type { Knowledge } from "./knowledge.ts";
import { Model } from "./model.ts";
import { dayType } from "./population.ts";
import type { BaselineState, Window } from "./state.ts";

/** Where each feature's own numbers begin. */
export const places = placesAfter(Model.features);

/** A window with all that scoring and learning look at beside it. */
export function dayOf(
  state: BaselineState,
  window: Window,
  of: { readonly context: Context; readonly know: Knowledge; readonly closing: boolean },
): Day {
  const { context, know, closing } = of;
  const peers = know.peers(state.group);
  const type = dayType(context, window.day, closing);
  const expected = volumeModel({ state, peers }, type).mean;
  return {
    state,
    window,
    context,
    know,
    peers,
    type,
    age: state.models[Model.age] as number,
    expected,
    exposure: Math.max(window.count, expected, 1),
    closing,
  };
}

/** Surprise of each feature, in their order. */
export function surprises(day: Day): Float64Array {
  const x = new Float64Array(features.length);
  for (let index = 0; index < features.length; index++) {
    const feature = features[index] as (typeof features)[number];
    const own = places[index] as (typeof places)[number];
    x[index] = feature.surprise(day, own);
  }
  return x;
}
