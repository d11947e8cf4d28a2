/** Minutes before a success in which a failure counts against it. */
export const WITHIN = 10;
/** Minutes that are kept: what comes within the lag looks back as far as what comes in order. */
const KEPT = WITHIN + 8;
const MOST = 1e9;

/**
 * One minute of an account: its failures by where they came from (an address of an earlier day, a
 * strange one, a strange one that fails for everybody) and whether it had successes. Whole numbers
 * and sets: the order of arrival changes nothing.
 */
export type Minute = [
  minute: number,
  known: number,
  strange: number,
  sprayed: number,
  successes: number,
];
export const KNOWN = 1;
export const STRANGE = 2;
export const SPRAYED = 3;
export const SUCCESSES = 4;

/** The entry of a minute, made where there is none; undefined when it is too long ago. By minute. */
export function entryOf(minutes: Minute[], minute: number): Minute | undefined {
  const latest = minutes.at(-1)?.[0] ?? minute;
  if (minute <= latest - KEPT) return undefined;
  let index = minutes.length;
  while (index > 0 && (minutes[index - 1] as Minute)[0] > minute) index--;
  const found = minutes[index - 1];
  if (found !== undefined && found[0] === minute) return found;
  const entry: Minute = [minute, 0, 0, 0, 0];
  minutes.splice(index, 0, entry);
  while ((minutes[0] as Minute)[0] <= (minutes.at(-1) as Minute)[0] - KEPT) minutes.shift();
  return entry;
}

export function addFailures(
  entry: Minute,
  from: typeof KNOWN | typeof STRANGE | typeof SPRAYED,
  weight: number,
): void {
  entry[from] = Math.min(MOST, entry[from] + weight);
}

export const failuresIn = (entry: Minute): number => entry[KNOWN] + entry[STRANGE] + entry[SPRAYED];

/**
 * Failures in the ten minutes up to a success, those of its own kind: strange ones against a strange
 * success, known ones against a known one. A flood from elsewhere while the owner signs in proves
 * nothing.
 */
export function failuresBefore(
  minutes: readonly Minute[],
  until: number,
  strange: boolean,
): number {
  let sum = 0;
  for (const entry of minutes) {
    if (entry[0] > until || entry[0] < until - WITHIN) continue;
    sum += strange ? entry[STRANGE] + entry[SPRAYED] : entry[KNOWN];
  }
  return sum;
}
