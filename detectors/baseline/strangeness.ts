import { noveltyRate } from "./arrivals.ts";
import type { Look } from "./feature.ts";
import { Field } from "./fields.ts";
import { Model } from "./model.ts";
import { daysSeenBefore } from "./slots.ts";
import { rarityOf } from "./votes.ts";

/** Whether a value is there and not known from before today. */
export const isNew = (look: Look, field: number): boolean =>
  look.hashes[field] !== 0 && (look.slots[field] as number) < 0;

const of = (look: Look) => ({
  state: look.state,
  know: look.know,
  peers: look.know.peers(look.state.group),
  age: look.state.models[Model.age] as number,
});

/**
 * How unusual a value is for this entity, in nats: by the share of its days that show it, or by its
 * rate of new values times the value's rarity among peers. 0 without a value.
 */
export function strangeness(look: Look, field: number): number {
  const hash = look.hashes[field] as number;
  if (hash === 0) return 0;
  const { state, window, know } = look;
  const slot = look.slots[field] as number;
  if (slot >= 0) {
    const seen = daysSeenBefore(state, slot, window.day);
    const active = Math.min(31, state.models[Model.age] as number);
    return Math.max(0, -Math.log((seen + 0.5) / (1.5 * active + 1)));
  }
  const rarity = know.rarity(state.group, field, rarityOf(look, field, hash).bucket);
  return Math.max(0, -Math.log(Math.min(1, noveltyRate(of(look), field) * rarity)));
}

/** What a country that is new adds to a network that is. */
export function countryTerm(look: Look): number {
  if (!isNew(look, Field.country)) return 0;
  const entity = of(look);
  const ratio = noveltyRate(entity, Field.country) / noveltyRate(entity, Field.network);
  return Math.max(0, Math.min(1.5, -Math.log(ratio)));
}
