import type { Look } from "./feature.ts";
import { tellCommon } from "./population.ts";

/** Minutes that lie in one interval of the shared tables, whatever the zone: 15 is a multiple. */
const CELL = 3;
const UNIT = 512;

/** Times that fit one number. */
export const MOST_FIRSTS = 5;

/** How many times are packed in the number. */
export function firstsIn(packed: number): number {
  let count = 0;
  for (let rest = packed; rest > 0; rest = Math.floor(rest / UNIT)) count++;
  return count;
}

/**
 * Tells everyone of something that happens to the entity: of the first `most` (up to
 * {@link MOST_FIRSTS}) of the day, in time order whatever came first. An earlier one that comes
 * after takes the place of the last.
 * @param packed times told so far, 0 for none
 * @returns the times told now
 */
export function tellFirst(
  look: Look,
  what: string,
  { packed, most }: { readonly packed: number; readonly most: number },
): number {
  const cells: number[] = [];
  for (let rest = packed; rest > 0; rest = Math.floor(rest / UNIT)) cells.push(rest % UNIT);
  const cell = Math.min(UNIT - 2, Math.floor(look.elapsed / CELL)) + 1;
  if (cells.length >= most && cell >= (cells.at(-1) as number)) return packed;
  const tell = (amount: 1 | -1, at: number): void =>
    tellCommon(look, what, amount, (at - 1) * CELL);
  cells.push(cell);
  cells.sort((left, right) => left - right);
  tell(1, cell);
  if (cells.length > most) tell(-1, cells.pop() as number);
  return cells.reduceRight((sum, one) => sum * UNIT + one, 0);
}
