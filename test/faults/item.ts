/** One long seeded run. */
export interface Item {
  readonly name: string;
  readonly about: string;
  /** The figures to print. @throws what does not hold */
  run(say: (line: string) => void): Promise<string>;
}

/** @throws with the sentence when it does not hold */
export function hold(holds: boolean, sentence: string): void {
  if (!holds) throw new Error(sentence);
}

/** @throws with the first differences when two lists are not equal */
export function same(what: string, wanted: readonly string[], found: readonly string[]): void {
  const [left, right] = [new Set(wanted), new Set(found)];
  const missing = wanted.filter((one) => !right.has(one)).map((one) => `- ${one}`);
  const extra = found.filter((one) => !left.has(one)).map((one) => `+ ${one}`);
  const all = [...missing, ...extra];
  if (all.length > 0) {
    throw new Error(`${what}: ${all.length} differences\n${all.slice(0, 20).join("\n")}`);
  }
}
