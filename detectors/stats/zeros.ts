const LONGEST = 32;
/** Once it held a fraction, an array of numbers stays one of doubles: writing to a copy converts nothing. */
const blank: readonly number[] = Array.from({ length: LONGEST }, () => 0.5).fill(0);

/**
 * `length` zeros, at most 32. A typed array of this size has its bytes off the heap: making one costs
 * more than what is computed with it.
 */
export const zeros = (length: number): number[] => blank.slice(0, length);
